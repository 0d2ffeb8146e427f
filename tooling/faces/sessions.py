"""What a Nox session runs on: which packages on which Pythons, and exactly what is installed for each."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nox

from tooling.effects.interpreters import find_interpreter
from tooling.model.workspace import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nox import Session

    from tooling.model.artifact import Artifact
    from tooling.model.workspace import Workspace

TOOLING = "tooling"
_CORES = "cores"
"""The group of the root project that spreads tests over the cores, where there is one."""
_TOOLING_TESTS = ("tests/tooling", "tests/rules", "tests/faces", "tests/localnexus", "tests/service_plugin")


def the_workspace() -> Workspace:
    """Read the workspace; one that cannot be read ends Nox with our sentence instead of a traceback."""
    from tooling.errors import MaestroError, exit_code_of
    from tooling.model.workspace import find_workspace

    try:
        return find_workspace()
    except MaestroError as error:
        print(error, file=sys.stderr)
        raise SystemExit(exit_code_of(error)) from None


def matrix(workspace: Workspace) -> list[object]:
    """Every package on every Python of its classifiers, and the tooling: parameters `python` and `subject`.

    `python` is Nox's own parameter for the interpreter of a session, as long as the session's function does not take
    it. The id is the package's name, so that `-s "test(NAME)"` means it on all its Pythons; tags are the package's
    name, the version (`-t py3.12`), and both (`-t core-logging-py3.12`), since Nox heeds either names or tags. A Python
    that this machine lacks is there too, by its version: Nox reports and skips it.
    """
    versions = {version for each in workspace.packages.values() for version in each.pythons}
    found = {version: str(find_interpreter(version, os.environ) or version) for version in versions}
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    packages = [
        nox.param(found[version], name, id=name, tags=[name, f"py{version}", f"{name}-py{version}"])
        for wave in workspace.waves()
        for name in wave
        for version in workspace.packages[name].pythons
    ]
    return [*packages, nox.param(sys.executable, TOOLING, id=TOOLING, tags=[TOOLING, f"py{running}"])]


def names(workspace: Workspace) -> list[object]:
    """Every package, as a parameter with its name as id and tag."""
    return [nox.param(name, id=name, tags=[name]) for wave in workspace.waves() for name in wave]


def install_for_tests(session: Session, workspace: Workspace, subject: str, *groups: str) -> None:
    """Install what the tests of a package, or of the tooling, may see."""
    if subject == TOOLING:
        install_group(session, "test", *groups, also=("-e", "."))
        session.env["PYTEST_XDIST_AUTO_NUM_WORKERS"] = str(_cores() + 1)  # these tests wait for much
    else:
        install_alone(session, workspace, subject, *_spreading(workspace))


def _spreading(workspace: Workspace) -> tuple[str, ...]:
    return (_CORES,) if _CORES in workspace.groups[ROOT] else ()


def install_group(session: Session, *groups: str, also: Sequence[str] = ()) -> None:
    """Install dependency groups of the root project."""
    session.install(*also, *_requirements(*groups))
    _keep_bytecode(session)


def _requirements(*groups: str) -> tuple[str, ...]:
    if not groups:
        return ()
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), *groups)


def _keep_bytecode(session: Session) -> None:
    """Let what this session runs find modules compiled by the sessions before it, and compile the rest for the next.

    An environment is made anew each time, and most of its modules are the same. Python uses a compiled module only
    where the time and the size of its source agree, so what has changed is compiled again. A setting to write none, as
    images like to have it, would make every process that a test starts compile all that it imports.
    """
    cache, temporary = (session.cache_dir / "bytecode").resolve(), Path(tempfile.gettempdir()).resolve()
    for kept in (cache / temporary.relative_to(temporary.anchor)).glob("*"):
        if not cache.is_relative_to(temporary / kept.name):  # from folders of earlier tests, which are gone
            shutil.rmtree(kept, ignore_errors=True)
    session.env["PYTHONPYCACHEPREFIX"] = str(cache)
    session.env["PYTHONDONTWRITEBYTECODE"] = None


def install_alone(session: Session, workspace: Workspace, name: str, *groups: str, kind: str = "wheel") -> None:
    """Install one package and what it declares, its test group, and nothing else but these groups of the root project.

    In-house requirements come from this tree as wheels; they are named only where the package or its test group needs
    them, so that an undeclared import fails.
    """
    tested_with = [need.package for need in workspace.tested_with(name)]
    made = artifacts_of(workspace, sorted(workspace.closure([name, *tested_with])))
    own = next(each.path for each in made[name] if each.kind == kind)
    others = [each.path for other, files in made.items() if other != name for each in files if each.kind == "wheel"]
    session.install(*map(str, (own, *others)), *workspace.packages[name].test_group, *_requirements(*groups))
    _keep_bytecode(session)


def artifacts_of(workspace: Workspace, wanted: Sequence[str]) -> dict[str, list[Artifact]]:
    """Build what is not built yet; wheel first."""
    from tooling.faces.program import the_builder, the_settings

    builder = the_builder(workspace, the_settings(workspace))
    made: dict[str, list[Artifact]] = {name: [] for name in wanted}
    for artifact in builder.build([workspace.packages[name] for name in wanted], lambda _package, _how: None):
        made[artifact.package].append(artifact)
    return made


def install_for_types(session: Session, workspace: Workspace) -> None:
    """Install everything that is imported anywhere: the types of all of it are checked."""
    wheels = wheels_of(workspace, list(workspace.packages))
    groups = {requirement for package in workspace.packages.values() for requirement in package.test_group}
    install_group(session, "types", also=("-e", ".", *wheels, *sorted(groups)))


def typed_paths(workspace: Workspace) -> list[list[str]]:
    """What mypy is given in one run each: names of test modules repeat from package to package.

    The peers that benchmarks measure are installed for measuring only, so their types are not known here.
    """
    peers_unknown = ("--ignore-missing-imports", "--allow-untyped-decorators", "--no-warn-return-any")
    shared = [["tooling", "tasks.py", "noxfile.py"], ["tests"], ["benchmarks", *peers_unknown], ["examples"]]
    return shared + [
        [str(package.source), *([str(package.folder / "tests")] if (package.folder / "tests").is_dir() else [])]
        for package in workspace.packages.values()
    ]


def tests_of(workspace: Workspace, subject: str) -> list[str]:
    """What pytest is told to run for a package, or for the tooling; `logical`, unlike a number, gives way to --pdb."""
    if subject == TOOLING:
        return [*_TOOLING_TESTS, "--numprocesses=logical", "--dist=loadfile"]
    spread = ["--numprocesses=logical", "--dist=worksteal"] if _spreading(workspace) else []
    return [str(workspace.packages[subject].folder / "tests"), *spread]


def _cores() -> int:
    """The cores that this process may use, where the system tells; a container often has few of many."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def copy_of_tests(session: Session, workspace: Workspace, name: str) -> Path:
    """Copy a package's tests and README to where its source is not, with the fixtures of real servers; that folder."""
    package, folder = workspace.packages[name], Path(session.create_tmp()) / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(package.folder / "tests", folder / "tests")
    shutil.copy(package.folder / "README.md", folder)
    shutil.copytree(workspace.root / "tests" / "services", folder / "tests" / "services")
    for name_of_file in ("pyproject.toml", "conftest.py"):
        shutil.copy(workspace.root / name_of_file, folder)
    return folder


def benchmarks(workspace: Workspace, wanted: Iterable[str]) -> list[Path]:
    """The benchmark scripts: all of them, or those named (`core_logging`)."""
    chosen = set(wanted)
    scripts = (workspace.root / "benchmarks").glob("*.py")
    return sorted(each for each in scripts if _is_script(each) and (not chosen or each.stem in chosen))


def _is_script(path: Path) -> bool:
    return path.read_text(encoding="utf-8").startswith("# /// script")


def install_for_examples(session: Session, workspace: Workspace) -> None:
    """Install what the examples need (PEP 723), packages of the house as wheels of this tree, and the test group."""
    scripts = (each for each in sorted(workspace.root.glob("examples/*/*.py")) if _is_script(each))
    needed = {requirement for script in scripts for requirement in nox.project.load_toml(script)["dependencies"]}
    install_group(session, "test", also=(*wheels_of(workspace, list(workspace.packages)), *sorted(needed)))


def wheels_of(workspace: Workspace, wanted: Sequence[str]) -> list[str]:
    """The paths of the wheels of packages, built if need be."""
    made = artifacts_of(workspace, wanted)
    return [str(each.path) for files in made.values() for each in files if each.kind == "wheel"]


def install_for_benchmark(session: Session, workspace: Workspace, script: Path) -> None:
    """Install the root project, the script's own requirements (PEP 723), and the package it is named for."""
    peers = nox.project.load_toml(script)["dependencies"]
    name = script.stem.replace("_", "-")
    wheels = wheels_of(workspace, sorted(workspace.closure([name]))) if name in workspace.packages else []
    session.install("-e", ".", *wheels, *peers)
