"""How far a package's version has to go: the smallest that is legal for what is known of its next release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.model.versions import PHASES, Change, next_version, part_for, phase_of, tells
from tooling.plan.evidence import Evidence, gravest

if TYPE_CHECKING:
    from packaging.version import Version

    from tooling.model.versions import Part
    from tooling.plan.evidence import Standing


def smallest(current: Version, standing: Standing, *, label: Part | None = None) -> Version:
    """The smallest legal version after `current`; with a `label`, the smallest pre-release of that kind.

    Without evidence, and without a release to come from, it is the next patch. A pre-release stays one.
    """
    label = _label(current, label)
    since = standing.since or current
    change = gravest(standing.evidence) or Change.FIX
    near = (
        next_version(current, label) if label and phase_of(current) else next_version(current, *_with("patch", label))
    )
    if tells(near, change, since):
        return near
    return next_version(since, *_with(part_for(change, since), label))


def stands(current: Version, standing: Standing) -> bool:
    """Whether the version in the tree is nowhere yet and far enough for all that is known: nothing has to move."""
    if current in standing.published | standing.tagged or standing.since is None:
        return False
    change = gravest(standing.evidence)
    return change is None or tells(current, change, standing.since)


def too_small(version: Version, standing: Standing) -> tuple[Evidence, ...]:
    """What the wheels show to be broken, where `version` does not tell it."""
    if standing.comparison is None or standing.since is None:
        return ()
    if tells(version, Change.BREAKING, standing.since):
        return ()
    return standing.comparison.broken


def deciding(standing: Standing) -> tuple[Evidence, ...]:
    """The evidence of the gravest change, which decides the part; the API before requirements before the changelog."""
    change = gravest(standing.evidence)
    return tuple(each for each in standing.evidence if each.change is change)


def _label(current: Version, wanted: Part | None) -> Part | None:
    """The label to go on with: a pre-release stays one, and never goes back from rc to alpha."""
    own = phase_of(current)
    if wanted is None or own is None:
        return wanted or own
    return max(wanted, own, key=lambda each: PHASES.index(each) if each in PHASES else -1)


def _with(part: Part, label: Part | None) -> tuple[Part, ...]:
    return (part, label) if label else (part,)
