"""Groups of packages that share one version: which of them a plan leaves behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.model.versions import phase_of
from tooling.plan.sizes import smallest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packaging.version import Version

    from tooling.model.versioning import Versioning
    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import Bump
    from tooling.plan.evidence import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Where a package has to go with its group, and why as a clause."""

    version: Version
    why: str


def behind(
    workspace: Workspace, policy: Versioning, bumps: Mapping[str, Bump], standing: Callable[[str], Standing]
) -> dict[str, Together]:
    """The members of groups that move whose version is not yet the greatest that any member has or needs."""
    found: dict[str, Together] = {}
    for group, members in policy.lockstep.items():
        moving = [bumps[each] for each in members if each in bumps]
        if not moving:
            continue
        first = max(moving, key=lambda bump: bump.after)
        label = phase_of(first.after)
        needed = ((smallest(workspace.packages[each].version, standing(each), label=label), each) for each in members)
        version, lead = max((first.after, first.package), *needed)
        why = f"it moves with {lead} in the lockstep group {group}"
        for member in members:
            if member not in bumps or bumps[member].after != version:
                found[member] = Together(version=version, why=why)
    return found
