"""Every reason not to write a plan of bumps, found together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.model.manifest import MANIFEST
from tooling.model.requirement_text import lowest_of
from tooling.model.tags import tag_of
from tooling.plan.bump_edits import path_in
from tooling.plan.publishing import Refusal
from tooling.plan.ranges import pre_release_below
from tooling.plan.sizes import smallest, too_small

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tooling.errors import MaestroError
    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import Bump, BumpPlan
    from tooling.plan.evidence import Standing


def refusals_of(
    workspace: Workspace,
    override: str | None,
    plan: BumpPlan,
    standing: Callable[[str], Standing],
) -> tuple[Refusal, ...]:
    """What is wrong with the bumps, package by package; then with the dependency groups that follow them."""
    found: list[Refusal] = []
    bumps = {bump.package: bump for bump in plan.bumps}
    for name, bump in bumps.items():
        known = standing(name)
        found += _taken(bump, known)
        found += _untold(bump, known)
        found += _unwritten(bump, known)
        found += _resting(workspace, bump, bumps)
        if override is None:
            found += _broken(bump, known)
    found += _groups_unwritten(plan, standing)
    breaks = any(too_small(bump.after, standing(name)) for name, bump in bumps.items())
    if override is not None and bumps and not breaks:
        message = "There is nothing to override: no version is smaller than a break needs."
        found.append(Refusal(package=next(iter(bumps)), code="VS08", message=message, hint="Leave --override out."))
    return tuple(found)


def senseless(name: str, error: MaestroError) -> Refusal:
    """The refusal of a part that does not follow the package's version."""
    return Refusal(package=name, code=error.code, message=f"{name}: {error.message}", hint=error.hint)


def _taken(bump: Bump, known: Standing) -> Iterator[Refusal]:
    name, version = bump.package, bump.after
    if version <= bump.before:
        message = f"{name} is at {bump.before}; {version} would not be after it."
        hint = "A version only goes up: name a greater one."
        yield Refusal(package=name, code="VS05", message=message, hint=hint)
    elif version in known.published:
        message = f"The index has {name} {version} already."
        yield Refusal(package=name, code="VS03", message=message, hint="Choose a greater version with --to.")
    if version in known.tagged:
        message = f"There is a tag {tag_of(name, version)} already."
        hint = "Choose a greater version with --to, or look at what that tag names."
        yield Refusal(package=name, code="VS04", message=message, hint=hint)


def _untold(bump: Bump, known: Standing) -> Iterator[Refusal]:
    name = bump.package
    if known.unreleased is None:
        hint = "Write it, with an Unreleased section: `invoke explain PK11` shows how."
        yield Refusal(package=name, code="VS11", message=f"{name} has no CHANGELOG.md.", hint=hint)
        return
    follows = any(reason.kind in {"dependent", "lockstep"} for reason in bump.reasons)
    finishes = bump.before.is_prerelease and not bump.after.is_prerelease
    if not known.unreleased and not follows and not finishes:
        message = f"Nothing stands under Unreleased in the changelog of {name}."
        hint = f"Say in packages/{name}/CHANGELOG.md what the new version brings."
        yield Refusal(package=name, code="VS01", message=message, hint=hint)


def _unwritten(bump: Bump, known: Standing) -> Iterator[Refusal]:
    if known.dirty:
        yield _uncommitted(bump.package, ", ".join(known.dirty))


def _groups_unwritten(plan: BumpPlan, standing: Callable[[str], Standing]) -> Iterator[Refusal]:
    for owner, edits in plan.groups.items():
        manifest = path_in(owner, MANIFEST)
        if plan.of(owner) is None and manifest in standing(owner).dirty:
            yield _uncommitted(owner or edits[0].need.package, manifest)


def _uncommitted(package: str, files: str) -> Refusal:
    message = f"{files} has edits that are not committed."
    hint = "Commit them or take them back: then the bump can be looked at, and taken back, by itself."
    return Refusal(package=package, code="VS02", message=message, hint=hint)


def _resting(workspace: Workspace, bump: Bump, bumps: Mapping[str, Bump]) -> Iterator[Refusal]:
    """A release that would make its users install a pre-release."""
    if bump.after.is_prerelease:
        return
    edited = {id(edit.need): edit.version for edit in bump.ranges}
    for need in workspace.needs[bump.package]:
        floors = [edited[id(need)]] if id(need) in edited else lowest_of(need.requirement)
        if pre_release_below(floors):
            other = bumps[need.package].after if need.package in bumps else workspace.packages[need.package].version
            message = (
                f"{bump.package} {bump.after} is a release, and would require {need.package} {other}, which is none."
            )
            hint = f"Release {need.package} with it, or say --part with a label such as rc."
            yield Refusal(package=bump.package, code="VS12", message=message, hint=hint)


def _broken(bump: Bump, known: Standing) -> Iterator[Refusal]:
    broken = too_small(bump.after, known)
    if broken:
        names = "; ".join(dict.fromkeys(each.detail for each in broken))
        message = f"{bump.package} {bump.after} would break users of {known.since}: {names}."
        hint = (
            f"Say --to {smallest(bump.before, known)} or more, or --auto; keep the names; "
            "or say why it is right with --override."
        )
        yield Refusal(package=bump.package, code="VS06", message=message, hint=hint)
