"""What a Nox session runs on: which packages on which Pythons, and exactly what is installed for one of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import nox

from tooling.effects.interpreters import find_interpreter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from nox import Session

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace


def matrix(workspace: Workspace) -> list[object]:
    """Every package on every Python of its classifiers, as parameters `python`, `package`, `version`.

    The id is the package's name, so that `-s "test(NAME)"` means it on all its Pythons; tags are the package's name and
    the version (`-t py3.12`). A Python that this machine lacks is there too, without interpreter, to be reported.
    """
    found = {version: _interpreter(version) for version in _versions(workspace.packages.values())}
    return [
        nox.param(found[version], name, version, id=name, tags=[name, f"py{version}"])
        for wave in workspace.waves()
        for name in wave
        for version in workspace.packages[name].pythons
    ]


def _versions(packages: Sequence[Package]) -> set[str]:
    return {version for package in packages for version in package.pythons}


def _interpreter(version: str) -> str | None:
    found = find_interpreter(version, os.environ)
    return str(found) if found else None


def skip_without(session: Session, version: str, python: str | None) -> None:
    """Report a Python that this machine lacks; nothing fails for it."""
    if python is None:
        session.skip(f"Python {version} is not on this machine")
    session.log(f"Python {version}: {python}")


def artifacts_of(workspace: Workspace, names: Sequence[str]) -> dict[str, list[Artifact]]:
    """Build what is not built yet; wheel first."""
    from tooling.faces.program import the_builder, the_settings

    builder = the_builder(workspace, the_settings(workspace))
    made: dict[str, list[Artifact]] = {name: [] for name in names}
    for artifact in builder.build([workspace.packages[name] for name in names], lambda _package, _how: None):
        made[artifact.package].append(artifact)
    return made


def install_alone(session: Session, workspace: Workspace, name: str, kind: str = "wheel") -> None:
    """Install one package and what it declares, its test group, and nothing else.

    In-house requirements come from this tree as wheels; they are named only where the package needs them, so that an
    undeclared import fails.
    """
    made = artifacts_of(workspace, sorted(workspace.closure([name])))
    own = next(each.path for each in made[name] if each.kind == kind)
    others = [each.path for other, files in made.items() if other != name for each in files if each.kind == "wheel"]
    session.install(*map(str, (own, *others)), *workspace.packages[name].test_group)


def tests_of(workspace: Workspace, name: str) -> Path:
    """The folder of a package's tests."""
    return workspace.packages[name].folder / "tests"
