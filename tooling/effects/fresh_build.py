"""One package built anew: from a copy of its source, by the route that is sound for it, inspected before it is used."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.archives import difference, members, unpack
from tooling.effects.build_route import Route, route_of
from tooling.effects.disk import disk_errors, is_full
from tooling.effects.isolated_build import BackendFailedError, EnvironmentUnavailableError, build_isolated
from tooling.effects.source_tree import changed
from tooling.errors import FailedError, MaestroError, Place, RefusedError, raise_all
from tooling.model.document import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tooling.effects.source_tree import SourceTree
    from tooling.model.artifact import Kind
    from tooling.model.package import Package

_TAIL = 12  # lines of what a backend printed


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The two files of a build, in a folder that will be removed."""

    wheel: Path
    sdist: Path


def forget(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as the system allows."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_build(
    package: Package, source: SourceTree, route: Route, remove: Callable[[Path], None] = forget
) -> Iterator[Build]:
    """Build a package and yield its files, inspected; `remove` is given the folder they are in when the block ends.

    Raises:
        FailedError: BD01 the build failed, BD03 the source changed meanwhile, BD04 the disk is full, BD11 there is no
            environment to build in.
        RefusedError: BD05 to BD09, something is wrong with what was built (`ProblemsError`: several things); BD12, the
            wheel built from the sdist is another one.
    """
    from tooling.effects.inspection import inspect

    with _workshop(package, remove) as bench:
        checkout = bench.tree / "source"
        if not source.copy(checkout):
            raise changed(package, "before it could be built")
        wheel, sdist = _make(package, checkout, bench.out, ("wheel", "sdist"), route)
        raise_all(inspect(package, wheel, sdist))
        if route.isolated or not _holds(sdist, source):
            _prove_equal(package, wheel, _wheel_of(package, sdist, bench, route))
        yield Build(wheel=wheel, sdist=sdist)


def wheel_from_sdist(package: Package, sdist: Path, into: Path, *, isolated: bool = False) -> Path:
    """Unpack an sdist, build a wheel of what is in it and put that into the folder `into`; raises as `fresh_build`."""
    with _workshop(package) as bench:
        route = route_of(package, package.folder, isolated=isolated)
        wheel = _wheel_of(package, sdist, bench, route)
        return Path(shutil.move(wheel, into / wheel.name))


def _wheel_of(package: Package, sdist: Path, bench: _Bench, route: Route) -> Path:
    unpack(sdist, bench.tree)
    out = bench.out / "from-sdist"
    out.mkdir()
    (wheel,) = _make(package, bench.tree / sdist.name.removesuffix(".tar.gz"), out, ("wheel",), route)
    return wheel


def _holds(sdist: Path, source: SourceTree) -> bool:
    """Whether the sdist is the source and PKG-INFO: hatchling, whose input is nothing else, then does the same."""
    held = {name.partition("/")[2]: digest for name, digest in members(sdist).items()}
    held.pop("PKG-INFO", None)
    return held == {file.path: file.sha256 for file in source.files}


def _prove_equal(package: Package, wheel: Path, other: Path) -> None:
    if wheel.read_bytes() != other.read_bytes():
        found = difference(wheel, other, ("in the wheel of the tree", "in the wheel of the sdist"))
        message = f"{package.name} gives another wheel when it is built from its sdist: {found}."
        hint = "Let the sdist hold all that the wheel is made of, and nothing that changes it."
        raise RefusedError("BD12", message, hint, place=_manifest(package), facts=_facts(package))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bench:
    """Two empty folders: `tree` for sources, the end of the world for backends, and `out` for what is made."""

    tree: Path
    out: Path


@contextmanager
def _workshop(package: Package, remove: Callable[[Path], None] = forget) -> Iterator[_Bench]:
    """Yield a bench in a temporary folder; the marks of a repository keep backends from ignore files further up."""
    with disk_errors(package):
        work = Path(tempfile.mkdtemp(prefix="maestro-build-"))
        try:
            bench = _Bench(tree=work / "tree", out=work / "out")
            bench.tree.mkdir()
            bench.out.mkdir()
            for mark in (".git", ".hg"):
                (bench.tree / mark).touch()
            yield bench
        finally:
            remove(work)


def _make(package: Package, source: Path, out: Path, kinds: tuple[Kind, ...], route: Route) -> tuple[Path, ...]:
    from tooling.effects.hatchling_hooks import build_in_process

    try:
        if route.isolated:
            return build_isolated(source, out, kinds, route.hatchling)
        return build_in_process(source, out, kinds)
    except EnvironmentUnavailableError as error:
        message = f"The environment to build {package.name} in could not be made: {_tail(str(error))}\n"
        hint = "See that the index your installer uses is reachable and has what [build-system] requires."
        raise FailedError("BD11", message, hint, place=_manifest(package), facts=_facts(package)) from error
    except BackendFailedError as error:
        raise _failed(package, str(error)) from error
    except Exception as error:
        if is_full(error):
            raise
        raise _failed(package, f"{type(error).__name__}: {error}") from error


def _failed(package: Package, said: str) -> MaestroError:
    message = f"{package.name} could not be built: {_tail(said)}\n"
    hint = "Correct what the build complains of; nothing of this package was used."
    return FailedError("BD01", message, hint, place=_manifest(package), facts=_facts(package))


def _manifest(package: Package) -> Place:
    return Place(file=package.folder / "pyproject.toml")


def _facts(package: Package) -> dict[str, object]:
    return {"package": package.name}


def _tail(text: str) -> str:
    lines = [line.rstrip() for line in masked(text).splitlines() if line.strip()]
    return "\n    ".join(lines[-_TAIL:])
