"""Packages, workspaces, artifacts and snapshots as values, for tests of what is decided from them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tooling.model.artifact import Artifact
from tooling.model.package import Package, distribution_of
from tooling.model.workspace import Workspace, arrange
from tooling.plan.snapshot import IndexFile, Project, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tooling.model.artifact import Kind

NOWHERE = Path("/nowhere")


@cache
def _requirement(text: str) -> Requirement:
    return Requirement(text)


def make_package(
    name: str,
    version: str = "1.0.0",
    needs: Sequence[str] = (),
    extras: Mapping[str, Sequence[str]] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Package:
    """Return the package of the folder `name`; `needs`, members of `extras` and `groups` are written as in PEP 508."""
    return Package(
        name=name,
        folder=NOWHERE / "packages" / name,
        distribution=distribution_of(name),
        version=Version(version),
        requires_python=SpecifierSet(">=3.11"),
        requirements=tuple(map(_requirement, needs)),
        extras={extra: tuple(map(_requirement, members)) for extra, members in (extras or {}).items()},
        groups={group: tuple(members) for group, members in (groups or {}).items()},
        test_group=(),
        pythons=("3.11",),
        build_backend="hatchling.build",
        build_requires=(_requirement("hatchling>=1.27"),),
    )


def make_workspace_of(*packages: Package, groups: Mapping[str, Sequence[str]] | None = None) -> Workspace:
    """Return the workspace of these packages; `groups` are the dependency groups of its root."""
    return arrange(NOWHERE, packages, {group: tuple(members) for group, members in (groups or {}).items()})


def make_artifact(package: Package, kind: Kind = "wheel", content: bytes = b"", folder: Path | None = None) -> Artifact:
    """Return an artifact of `package` that holds `content`; it is written only where a `folder` is given."""
    ending = "-py3-none-any.whl" if kind == "wheel" else ".tar.gz"
    path = (folder or NOWHERE / "dist") / f"{package.import_name}-{package.version}{ending}"
    if folder is not None:
        path.write_bytes(content)
    return Artifact(
        package=package.name,
        distribution=package.distribution,
        version=str(package.version),
        kind=kind,
        path=path,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        sha1=hashlib.sha1(content, usedforsecurity=False).hexdigest(),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )


def make_artifacts(packages: Iterable[Package], folder: Path | None = None) -> list[Artifact]:
    """Return wheel and sdist of each package, each with bytes of its own."""
    return [
        make_artifact(package, kind, f"{kind} of {package.name} {package.version}".encode(), folder)
        for package in packages
        for kind in ("wheel", "sdist")
    ]


def listed(filename: str, sha256: str | None = None) -> IndexFile:
    """Return a file as a page lists it."""
    return IndexFile(filename=filename, url=f"http://index/{filename}", sha256=sha256)


def snapshot_of(
    distributions: Iterable[str], files: Iterable[tuple[str, IndexFile]] = (), unknown: Mapping[str, str] | None = None
) -> Snapshot:
    """Return what an index shows that was asked for `distributions` and holds `files`, by distribution."""
    held: dict[str, dict[str, IndexFile]] = {name: {} for name in distributions}
    for name, file in files:
        held.setdefault(name, {})[file.filename] = file
    away = dict(unknown or {})
    return Snapshot(
        projects={name: Project(distribution=name, files=found) for name, found in held.items() if name not in away},
        unknown=away,
    )
