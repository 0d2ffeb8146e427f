"""How a package is built, and why so: in this process where that is sound, in an environment of its own elsewhere.

In process is sound when nothing but hatchling takes part: no other code runs, so nothing can look around or leave
anything behind, and the version that runs is one the package asks for.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.requirements import Requirement

    from tooling.model.package import Package

_BACKEND = "hatchling.build"


def running_hatchling() -> str:
    """The version of the hatchling in this process; its package of builders is not imported for that."""
    from hatchling.__about__ import __version__

    return __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Whether the build is `isolated`, and the sentence that says how and why, for people.

    `hatchling` is the version that an isolated build takes where the package asks for hatchling and accepts it.
    """

    isolated: bool
    how: str
    hatchling: str = field(default_factory=running_hatchling)


def route_of(package: Package, source: Path, *, isolated: bool, hatchling: str | None = None) -> Route:
    """Choose for the files in `source`; `isolated` asks for an environment of its own whatever they say.

    `hatchling` is the version that gives the wanted bytes (None: the running one); another one runs in isolation.
    """
    wanted = hatchling or running_hatchling()
    reason = "--isolated asks for it" if isolated else _against(package, source)
    if not reason and wanted != running_hatchling():
        reason = f"it is to be built by hatchling {wanted}, and {running_hatchling()} is running"
    if reason:
        return Route(isolated=True, how=f"built in isolation: {reason}", hatchling=wanted)
    return Route(isolated=False, how=f"built in process by hatchling {wanted}")


def _against(package: Package, source: Path) -> str:
    """What speaks against a build in process; empty when nothing does."""
    manifest = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    if package.build_backend != _BACKEND:
        return f"its build backend is {package.build_backend}"
    if "backend-path" in manifest["build-system"]:
        return "its build backend lies in the package itself (backend-path)"
    return _unmet(package.build_requires) or _custom(source, manifest)


def _unmet(requires: tuple[Requirement, ...]) -> str:
    running = running_hatchling()
    for requirement in requires:
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        if canonicalize_name(requirement.name) != "hatchling" or requirement.extras or requirement.url:
            return f"its build needs {requirement.name} besides hatchling"
        if not requirement.specifier.contains(running, prereleases=True):
            return f"it asks for {requirement}, and {running} is running"
    return ""


def _custom(source: Path, manifest: dict[str, object]) -> str:
    """Hatchling runs code of the package's choice for hooks, for a computed version and for a build script."""
    if (source / "hatch_build.py").exists():
        return "it has a build script (hatch_build.py)"
    tool = manifest.get("tool")
    tables = [tool.get("hatch") if isinstance(tool, dict) else None]
    if (source / "hatch.toml").exists():
        tables.append(tomllib.loads((source / "hatch.toml").read_text(encoding="utf-8")))
    if any(_mentions(table, "hooks") for table in tables):
        return "it has a hook (a `hooks` table of hatch)"
    if any(isinstance(table, dict) and "version" in table for table in tables):
        return "its version is computed (a `version` table of hatch)"
    return ""


def _mentions(table: object, key: str) -> bool:
    return isinstance(table, dict) and (key in table or any(_mentions(inner, key) for inner in table.values()))
