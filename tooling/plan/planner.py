"""Workspace, built artifacts and what the index shows in; the ordered steps that would bring the index up to date out.

Pure: the same input gives the same plan, in whatever order packages were found, and planning again after a plan was
carried out yields nothing to do (law 4). All reasons not to start are found here, together (law 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from tooling.plan.publishing import Plan, PlannedFile, PlannedPackage, Refusal, unknown
from tooling.plan.satisfaction import Satisfaction
from tooling.plan.snapshot import State, published_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.version import Version

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.snapshot import Snapshot


def prerequisites(workspace: Workspace, packages: Sequence[Package]) -> frozenset[str]:
    """Name the in-house distributions that `packages` bring and do not contain: the index has to have them."""
    chosen = {package.distribution for package in packages}
    brought = [workspace.packages[name] for name in workspace.closure(package.name for package in packages)]
    required = {
        canonicalize_name(requirement.name) for package in brought for requirement, _ in package.all_requirements()
    }
    return frozenset(name for name in required if name not in chosen and workspace.is_in_house(name))


def make_plan(
    workspace: Workspace, packages: Sequence[Package], artifacts: Sequence[Artifact], snapshot: Snapshot
) -> Plan:
    """Decide what to upload of `packages`.

    Args:
        workspace: all packages, for edges and waves.
        packages: the selection, in any order.
        artifacts: what was built of the selection.
        snapshot: what the index shows, at first of the selection and of its `prerequisites`; then also of what the
            plan calls `unread`.
    """
    chosen = {package.name: package for package in packages}
    ordered = [chosen[name] for wave in workspace.waves() for name in wave if name in chosen]
    made: dict[str, list[Artifact]] = {name: [] for name in chosen}
    for artifact in sorted(artifacts, key=lambda each: (each.kind != "wheel", each.filename)):
        made[artifact.package].append(artifact)
    planned = tuple(_planned(workspace, package, chosen, made[package.name], snapshot) for package in ordered)
    refusals = [refusal for package in planned for refusal in _file_refusals(package, snapshot)]
    satisfaction = Satisfaction(workspace=workspace, chosen=chosen, planned=planned, snapshot=snapshot)
    refusals += satisfaction.one_by_one()
    together = satisfaction.together(frozenset(refusal.package for refusal in refusals))
    warnings = [warning for package in ordered for warning in _older(package, snapshot)]
    warnings += [_opaque(*release) for release in sorted(together.opaque)]
    return Plan(
        packages=planned,
        warnings=tuple(warnings),
        refusals=(*refusals, *together.refusals),
        unread=together.unread,
    )


def _planned(
    workspace: Workspace,
    package: Package,
    chosen: Mapping[str, Package],
    artifacts: Sequence[Artifact],
    snapshot: Snapshot,
) -> PlannedPackage:
    files = tuple(
        PlannedFile(artifact=each, state=snapshot.state(package.distribution, each.filename, each.sha256))
        for each in artifacts
    )
    after = sorted({need.package for need in workspace.needs[package.name] if need.package in chosen} - {package.name})
    return PlannedPackage(package=package, wave=workspace.wave_of(package.name), after=tuple(after), files=files)


def _file_refusals(planned: PlannedPackage, snapshot: Snapshot) -> list[Refusal]:
    refusals = []
    for each in planned.files:
        name, filename = planned.package.distribution, each.artifact.filename
        if each.state is State.DIFFERENT:
            refusals.append(
                Refusal(
                    package=planned.name,
                    code="PB01",
                    message=f"{filename} is already published with other bytes.",
                    hint=f"Raise the version of {planned.name}; a published version never changes.",
                    filename=filename,
                    published=snapshot.projects[name].files[filename],
                )
            )
        if each.state is State.UNKNOWN:
            reason = snapshot.unknown.get(name, "it offers no SHA-256 for the file")
            refusals.append(unknown(planned.package, filename, reason, filename))
    return refusals


def _older(package: Package, snapshot: Snapshot) -> list[str]:
    """Warn of a version that installers would pass over; they take pre-releases only where they must (PEP 440)."""
    published = published_versions(snapshot, package.distribution)
    final = not package.version.is_prerelease
    newest = max((each for each in published if not (final and each.is_prerelease)), default=None)
    if newest is None or package.version >= newest:
        return []
    return [
        f"{package.name} {package.version} is older than {newest}, which is already published; installers prefer that."
    ]


def _opaque(distribution: str, version: Version) -> str:
    return f"What {distribution} {version} requires is not known, since it has no wheel in the index."
