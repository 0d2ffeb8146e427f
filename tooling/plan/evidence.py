"""What a package's next release does to its users, as far as its wheels and its changelog tell: why a version moves.

Three witnesses: the public API and the metadata of the wheel as published beside the wheel as built, and the names of
the sections under Unreleased (https://keepachangelog.com/en/1.1.0/). Updating what one requires is no break by itself
(semver.org, FAQ); taking away an extra or a Python is told to users.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tooling.model.versions import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.version import Version

Source = Literal["api", "requirements", "changelog"]

_BY_SECTION = {
    "added": Change.FEATURE,
    "changed": Change.FEATURE,
    "deprecated": Change.FEATURE,
    "removed": Change.BREAKING,
    "fixed": Change.FIX,
    "security": Change.FIX,
}
_ANNOUNCED = re.compile(r"^[-*+]?\s*\W*breaking\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that changed: how grave, who says so, and what, as a clause; `name` is the public name it is about."""

    change: Change
    source: Source
    detail: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What a wheel declares beside its API: requirement texts in normal form, extras, and the Pythons it is for."""

    requires: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    requires_python: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A wheel as built beside the wheel as published: `since` is the published one's version, None when there is none.

    `same` when the index has, under the version that stands in the tree, the very bytes that are built here;
    `same_wheel` when it has those of the wheel, whatever became of tests, dependency groups and all else that only the
    sdist holds; `listed` when it has anything under that version.
    """

    since: Version | None
    evidence: tuple[Evidence, ...] = ()
    same: bool = False
    same_wheel: bool = False
    listed: bool = False

    @property
    def broken(self) -> tuple[Evidence, ...]:
        """What users can no longer rely on, as the wheels show it."""
        return tuple(each for each in self.evidence if each.change is Change.BREAKING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a package beside its manifest.

    `published` and `tagged` are versions the index and the tags have; `comparison` is None as long as nobody looked;
    `unreleased` are the entries under Unreleased by section, None without a changelog; `dirty` are files of it with
    edits that are not committed, as paths from the root.
    """

    published: frozenset[Version] = frozenset()
    tagged: frozenset[Version] = frozenset()
    comparison: Comparison | None = None
    unreleased: Mapping[str, str] | None = field(default_factory=dict)
    dirty: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What all three witnesses say."""
        looked = self.comparison.evidence if self.comparison else ()
        return (*looked, *told_by_changelog(self.unreleased or {}))

    @property
    def differs(self) -> bool:
        """Whether what is here cannot be published without another version."""
        return self.comparison is not None and self.comparison.listed and not self.comparison.same

    @property
    def since(self) -> Version | None:
        """The release that users of the next one come from."""
        return self.comparison.since if self.comparison else None


def told_by_changelog(entries: Mapping[str, str]) -> tuple[Evidence, ...]:
    """What the sections under Unreleased announce; an unknown section counts as a fix."""
    found = []
    for heading, text in entries.items():
        change = _BY_SECTION.get(heading.lower(), Change.FIX)
        detail = f"the changelog has entries under {heading}" if heading else "the changelog has entries"
        if _ANNOUNCED.search(text):
            change, detail = Change.BREAKING, "the changelog announces a breaking change"
        found.append(Evidence(change=change, source="changelog", detail=detail))
    return tuple(found)


def told_by_metadata(old: Interface, new: Interface) -> tuple[Evidence, ...]:
    """What the metadata of two wheels tell."""
    found = [
        Evidence(change=Change.BREAKING, source="requirements", detail=f"the extra {name} is gone", name=f"[{name}]")
        for name in sorted(old.extras - new.extras)
    ]
    found += [_noticed(Change.FEATURE, f"the extra {name} is new") for name in sorted(new.extras - old.extras)]
    if old.requires_python != new.requires_python:
        detail = f"it is for Python {new.requires_python or 'any'} instead of {old.requires_python or 'any'}"
        found.append(_noticed(Change.FEATURE, detail))
    gone, come = sorted(old.requires - new.requires), sorted(new.requires - old.requires)
    found += [_noticed(Change.FIX, f"it no longer requires {text}") for text in gone]
    found += [_noticed(Change.FIX, f"it requires {text}") for text in come]
    return tuple(found)


def gravest(evidence: Iterable[Evidence]) -> Change | None:
    """The gravest change; None for no evidence at all."""
    return max((each.change for each in evidence), key=lambda change: change.gravity, default=None)


def _noticed(change: Change, detail: str) -> Evidence:
    return Evidence(change=change, source="requirements", detail=detail)
