"""Which in-house requirements are rewritten for new versions, and why.

Those of a package and of its extras reach its users: a package that has one rewritten gets a version too (`bumps`).
Those of dependency groups (PEP 735) are for whoever works on the package: they move so that its tests can be installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.model.requirement_text import admits, in_order, lowest_of, needs_edit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.version import Version

    from tooling.model.package import Need
    from tooling.model.versioning import Floor, Versioning
    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import Bump


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeEdit:
    """One in-house requirement that is rewritten for `version` of what it names, after the policy `floor`."""

    need: Need
    version: Version
    floor: Floor
    why: str


def following(owner: str, need: Need, bumps: Mapping[str, Bump], policy: Versioning) -> RangeEdit | None:
    """How a requirement of `owner` follows the new version of what it names; None where it need not."""
    bump = bumps.get(need.package)
    floor = policy.floor_of(owner, need.package) if owner != need.package else "minimum"  # that is no edge
    if bump is None or not needs_edit(need.requirement, bump.after, floor):
        return None
    excluded = not admits(need.requirement.specifier, bump.after)
    because = f"which excludes {bump.after}" if excluded else f'and its floor is "{floor}"'
    extra = f" for its extra {need.extra}" if need.extra else ""
    subject = f"its group {need.group}" if need.group else "it"
    why = f"{subject} requires {in_order(need.requirement)}{extra}, {because}"
    return RangeEdit(need=need, version=bump.after, floor=floor, why=why)


def released_floors(
    workspace: Workspace, name: str, bumps: Mapping[str, Bump], policy: Versioning, edited: Collection[RangeEdit]
) -> list[RangeEdit]:
    """Raise the floors of a release that still name a pre-release of what is released by now."""
    found = []
    for need in workspace.needs[name]:
        if any(edit.need is need for edit in edited) or not pre_release_below(lowest_of(need.requirement)):
            continue
        bump = bumps.get(need.package)
        version = bump.after if bump else workspace.packages[need.package].version
        if not version.is_prerelease:
            floor = policy.floor_of(name, need.package)
            why = f"a release does not rest on a pre-release of {need.package}"
            found.append(RangeEdit(need=need, version=version, floor=floor, why=why))
    return found


def pre_release_below(floors: Collection[Version]) -> bool:
    """Whether one of the floors is a pre-release."""
    return any(floor.is_prerelease for floor in floors)


def group_edits(
    workspace: Workspace, bumps: Mapping[str, Bump], policy: Versioning
) -> dict[str, tuple[RangeEdit, ...]]:
    """What is rewritten in dependency groups, by package, and for the `ROOT` of the workspace."""
    found = {}
    for owner in workspace.groups:
        edits = [following(owner, need, bumps, policy) for need in workspace.grouped(owner)]
        if any(edits):
            found[owner] = tuple(edit for edit in edits if edit is not None)
    return found
