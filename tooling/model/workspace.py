"""All packages of the repository and the graph of which needs which, extras counted.

Found from the files, never listed. The graph is worked out once, in time linear in packages and requirements.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tooling.errors import MaestroError, Place, ProblemsError, UsageError, raise_all
from tooling.model.document import read_document
from tooling.model.manifest import MANIFEST, groups_in, read_package
from tooling.model.package import PREFIX, Need, Package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tooling.model.document import Document

ROOT = ""
"""Stands for the root's own manifest where the others are named by their packages."""

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """The packages by folder name, sorted, and their in-house `needs`; make one with `arrange` or `find_workspace`.

    `levels` is each package's wave, counted from 1; `dependents` the direct users of each package; `folders` the
    folder name of each distribution; `groups` the dependency groups of each package and of the `ROOT`.
    """

    root: Path
    packages: Mapping[str, Package]
    needs: Mapping[str, tuple[Need, ...]]
    dependents: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, int]
    folders: Mapping[str, str]
    groups: Mapping[str, Mapping[str, tuple[str, ...]]]

    def waves(self) -> tuple[tuple[str, ...], ...]:
        """Names in publishing order: what a wave needs in house is all in earlier waves. Sorted within a wave."""
        waves: list[list[str]] = [[] for _ in range(max(self.levels.values(), default=0))]
        for name in self.packages:
            waves[self.levels[name] - 1].append(name)
        return tuple(map(tuple, waves))

    def wave_of(self, name: str) -> int:
        """The one-based number of the package's wave."""
        return self.levels[name]

    def dependents_of(self, name: str) -> tuple[str, ...]:
        """The packages that need this one directly, through an extra or not, sorted."""
        return self.dependents[name]

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """The named packages and everything they need in house, however far down."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [need.package for need in self.needs[name]]
        return frozenset(found)

    def tested_with(self, name: str) -> tuple[Need, ...]:
        """What the package's test group names in house: its tests install it, the package itself does not need it."""
        return _in_house_needs(((each, None) for each in self.packages[name].test_requirements()), self.folders)

    def grouped(self, owner: str) -> tuple[Need, ...]:
        """What the dependency groups of a package, or of the `ROOT`, name in house, each where it is written.

        Groups are for whoever works on the owner: they are no edges. Addresses and what is no requirement are left out.
        """
        return tuple(self._grouped(owner))

    def _grouped(self, owner: str) -> Iterator[Need]:
        for group, members in self.groups[owner].items():
            for text in members:
                name = _NAME.match(text)
                other = self.folders.get(canonicalize_name(name[1])) if name else None
                if other is None:
                    continue
                with suppress(InvalidRequirement):
                    requirement = Requirement(text)
                    if requirement.url is None:
                        yield Need(package=other, requirement=requirement, group=group)

    def affected(self, names: Iterable[str]) -> frozenset[str]:
        """The packages whose tests a change of these may break.

        The named ones, everything that needs them in house, however far up, and whatever is tested with one of those.
        """
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.dependents[name]
        testers = {name for name in self.packages if any(need.package in found for need in self.tested_with(name))}
        return frozenset(found | testers)

    def is_in_house(self, distribution: str) -> bool:
        """Whether a distribution, by its normalised name, is of this house: from here, or by the prefix of its name."""
        return distribution in self.folders or distribution.startswith(PREFIX)

    def strangers(self, name: str) -> tuple[tuple[Requirement, str | None], ...]:
        """The package's requirements on `maestro-*` distributions that are not in the workspace, with their extra."""
        return tuple(
            (requirement, extra)
            for requirement, extra in self.packages[name].all_requirements()
            if (wanted := canonicalize_name(requirement.name)).startswith(PREFIX) and wanted not in self.folders
        )


def find_workspace(start: Path | None = None) -> Workspace:
    """Read the workspace that holds `start` (default: the working folder).

    Its root is the nearest folder, from `start` upwards, with a `packages/` folder and a `pyproject.toml` that has a
    [project] table. Its packages are the folders under `packages/` that hold a `pyproject.toml`.

    Raises:
        UsageError: WS01 when no folder is such a root; otherwise what `read_package` and `arrange` raise, of all
            packages together (`ProblemsError` when there are several).
    """
    manifest_of_root = _root_manifest(start)
    root = manifest_of_root.path.parent
    packages: list[Package] = []
    faults: list[MaestroError] = []
    for manifest in sorted((root / "packages").glob(f"*/{MANIFEST}")):
        try:
            packages.append(read_package(manifest.parent))
        except ProblemsError as several:
            faults += several.errors
        except MaestroError as one:
            faults.append(one)
    raise_all([*faults, *_twins(packages)])
    return arrange(root, packages, groups_in(manifest_of_root))


def find_root(start: Path | None = None) -> Path:
    """The root of the workspace that holds `start`, by the rule of `find_workspace`; an absolute path."""
    return _root_manifest(start).path.parent


def _root_manifest(start: Path | None) -> Document:
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        manifest = folder / MANIFEST
        if (folder / "packages").is_dir() and manifest.is_file():
            document = read_document(manifest)
            if document.get("project") is not None:
                return document
    message = f"No folder from {start} upwards has a packages/ folder and a pyproject.toml with a [project] table."
    raise UsageError("WS01", message, "Run the command inside a clone of the repository.")


def arrange(
    root: Path, packages: Iterable[Package], root_groups: Mapping[str, tuple[str, ...]] | None = None
) -> Workspace:
    """Work out the graph; the result does not depend on the order of `packages`.

    `root_groups` are the dependency groups of the root's manifest.

    Raises:
        UsageError: WS12 when two packages share a distribution name, WS13 when they need each other in a circle.
    """
    ordered = {package.name: package for package in sorted(packages, key=lambda each: each.name)}
    raise_all(_twins(ordered.values()))
    folders = {package.distribution: name for name, package in ordered.items()}
    needs = {name: _needs(package, folders) for name, package in ordered.items()}
    users: dict[str, list[str]] = {name: [] for name in ordered}
    for name, needed in needs.items():
        for other in {need.package for need in needed}:
            users[other].append(name)
    dependents = {name: tuple(found) for name, found in users.items()}
    return Workspace(
        root=root,
        packages=ordered,
        needs=needs,
        dependents=dependents,
        levels=_levels(ordered, needs),
        folders=folders,
        groups={**{name: package.groups for name, package in ordered.items()}, ROOT: root_groups or {}},
    )


def _needs(package: Package, folders: Mapping[str, str]) -> tuple[Need, ...]:
    """The in-house requirements. An extra that names its own package gathers other extras: that is no edge."""
    found = _in_house_needs(package.all_requirements(), folders)
    return tuple(need for need in found if not (need.extra is not None and need.package == package.name))


def _in_house_needs(
    requirements: Iterable[tuple[Requirement, str | None]], folders: Mapping[str, str]
) -> tuple[Need, ...]:
    named = ((folders.get(canonicalize_name(each.name)), each, extra) for each, extra in requirements)
    return tuple(
        Need(package=other, requirement=requirement, extra=extra)
        for other, requirement, extra in named
        if other is not None
    )


def _levels(packages: Mapping[str, Package], needs: Mapping[str, tuple[Need, ...]]) -> dict[str, int]:
    sorter = TopologicalSorter({name: [need.package for need in found] for name, found in needs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise _cycle(packages, list(reversed(error.args[1]))) from None
    levels: dict[str, int] = {}
    wave = 0
    while sorter.is_active():
        wave += 1
        ready = sorter.get_ready()
        levels |= dict.fromkeys(ready, wave)
        sorter.done(*ready)
    return levels


def _cycle(packages: Mapping[str, Package], circle: list[str]) -> UsageError:
    """`circle` begins and ends with the same package, each needing the next; it is shown from its first by name."""
    turn = circle.index(min(circle))
    shown = [*circle[turn:-1], *circle[: turn + 1]]
    message = f"These packages need each other in a circle: {' → '.join(shown)}."
    hint = "Take one of these requirements out, or move what both need into a package of its own."
    manifest = packages[shown[0]].folder / MANIFEST
    return UsageError("WS13", message, hint, place=Place(file=manifest), facts={"cycle": shown})


def _twins(packages: Iterable[Package]) -> list[MaestroError]:
    """One error for each distribution name that several folders claim."""
    claims: dict[str, list[Package]] = {}
    for package in packages:
        claims.setdefault(package.distribution, []).append(package)
    return [_twin(name, claimants) for name, claimants in claims.items() if len(claimants) > 1]


def _twin(distribution: str, claimants: list[Package]) -> MaestroError:
    folders = [package.name for package in claimants]
    message = f"The folders {', '.join(folders)} all call themselves {distribution}."
    place = read_document(claimants[-1].folder / MANIFEST).place("project", "name")
    return UsageError("WS12", message, "Give each folder a name of its own.", place=place, facts={"folders": folders})
