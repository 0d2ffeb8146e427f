"""Workspace, built artifacts and what the index shows in; the ordered steps that would bring the index up to date out.

Pure: the same input gives the same plan, in whatever order packages were found, and planning again after a plan was
carried out yields nothing to do (law 4). All reasons not to start are found here, together (law 2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from tooling.model.package import PREFIX
from tooling.plan.snapshot import Snapshot, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.snapshot import IndexFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One artifact and its state in the index; what is absent is to be uploaded."""

    artifact: Artifact
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPackage:
    """One package's files, wheel first, and which other packages of the plan have to be verified before it starts."""

    package: Package
    wave: int
    after: tuple[str, ...]
    files: tuple[PlannedFile, ...]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.package.name

    @property
    def to_upload(self) -> tuple[Artifact, ...]:
        """The artifacts the index lacks."""
        return tuple(each.artifact for each in self.files if each.state is State.ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reason not to start: `code` and words for an error; `filename` and `published` when one file is the reason."""

    package: str
    code: str
    message: str
    hint: str
    filename: str | None = None
    published: IndexFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Packages in publishing order, warnings as sentences, and refusals; any refusal means nothing is sent."""

    packages: tuple[PlannedPackage, ...]
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def to_upload(self) -> tuple[Artifact, ...]:
        """Every artifact the index lacks, in order."""
        return tuple(artifact for package in self.packages for artifact in package.to_upload)

    def only_changed(self) -> Plan:
        """Leave out the packages that the index has as they are; nothing waits for those or is refused for them."""
        left = {each.name for each in self.packages if any(file.state is not State.PRESENT for file in each.files)}
        packages = tuple(
            replace(package, after=tuple(name for name in package.after if name in left))
            for package in self.packages
            if package.name in left
        )
        refusals = tuple(refusal for refusal in self.refusals if refusal.package in left)
        return replace(self, packages=packages, refusals=refusals)


def prerequisites(workspace: Workspace, packages: Sequence[Package]) -> frozenset[str]:
    """Name the in-house distributions that `packages` require and do not contain: the index has to have them."""
    chosen = {package.distribution for package in packages}
    required = {
        canonicalize_name(requirement.name) for package in packages for requirement, _ in package.all_requirements()
    }
    known = {package.distribution for package in workspace.packages.values()}
    return frozenset(name for name in required if name not in chosen and (name in known or name.startswith(PREFIX)))


def make_plan(
    workspace: Workspace, packages: Sequence[Package], artifacts: Sequence[Artifact], snapshot: Snapshot
) -> Plan:
    """Decide what to upload of `packages`.

    Args:
        workspace: all packages, for edges and waves.
        packages: the selection, in any order.
        artifacts: what was built of the selection.
        snapshot: what the index shows of the selection and of its `prerequisites`.
    """
    chosen = {package.name: package for package in packages}
    ordered = [chosen[name] for wave in workspace.waves() for name in wave if name in chosen]
    made: dict[str, list[Artifact]] = {name: [] for name in chosen}
    for artifact in sorted(artifacts, key=lambda each: (each.kind != "wheel", each.filename)):
        made[artifact.package].append(artifact)
    planned = tuple(_planned(workspace, package, chosen, made[package.name], snapshot) for package in ordered)
    local = {package.distribution: package for package in workspace.packages.values()}
    refusals = [refusal for package in planned for refusal in _file_refusals(package, snapshot)]
    refusals += [refusal for package in ordered for refusal in _unsatisfied(package, local, chosen, snapshot)]
    warnings = tuple(warning for package in ordered for warning in _older(package, snapshot))
    return Plan(packages=planned, warnings=warnings, refusals=tuple(refusals))


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
            refusals.append(_unknown(planned.package, filename, reason, filename))
    return refusals


def _unknown(package: Package, what: str, reason: str, filename: str | None = None) -> Refusal:
    return Refusal(
        package=package.name,
        code="PB02",
        message=f"The index did not say whether it has {what}: {reason.removesuffix('.')}.",
        hint="Nothing was sent; run again once the index answers.",
        filename=filename,
    )


def _unsatisfied(
    package: Package, workspace: Mapping[str, Package], chosen: Mapping[str, Package], snapshot: Snapshot
) -> list[Refusal]:
    """Find in-house requirements that neither this run nor the index would satisfy (law 3)."""
    refusals = []
    for requirement, extra in package.all_requirements():
        name = canonicalize_name(requirement.name)
        local = workspace.get(name)
        if name == package.distribution or not (local or name.startswith(PREFIX)):
            continue
        offered = published_versions(snapshot, name)
        if local is not None and local.name in chosen:
            offered = offered | {local.version}
        if any(_admits(requirement, version) for version in offered):
            continue
        if name in snapshot.unknown:
            refusals.append(_unknown(package, f"a {name} that satisfies {requirement}", snapshot.unknown[name]))
        else:
            refusals.append(_missing(package, requirement, extra, local))
    return refusals


def _admits(requirement: Requirement, version: Version) -> bool:
    return requirement.specifier.contains(version, prereleases=True)


def _missing(package: Package, requirement: Requirement, extra: str | None, local: Package | None) -> Refusal:
    where = f" (extra {extra})" if extra else ""
    if local is None:
        hint = f"No package here is {requirement.name}: correct the requirement, or publish it from where it lives."
    elif _admits(requirement, local.version):
        hint = f"Publish it too: add --package {local.name}, or use --all."
    else:
        hint = f"{local.name} is at {local.version} here, which that excludes: change the requirement or the version."
    return Refusal(
        package=package.name,
        code="PB03",
        message=f"{package.name} needs {requirement}{where}, which the index does not have.",
        hint=hint,
    )


def published_versions(snapshot: Snapshot, distribution: str) -> frozenset[Version]:
    """Read the versions of a distribution off the names of its files; other names count for nothing."""
    project = snapshot.projects.get(distribution)
    found = (version_in(filename) for filename in (project.files if project else ()))
    return frozenset(version for version in found if version is not None)


def version_in(filename: str) -> Version | None:
    """Read the version off a wheel's or sdist's name (PEP 427, PEP 625); None for anything else."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


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
