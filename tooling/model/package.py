"""One package as a value: what its `pyproject.toml` says, with names and versions already understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

PREFIX = "maestro-"


def distribution_of(name: str) -> str:
    """`core-logging` -> `maestro-core-logging`: the name the index knows, already normalised (PEP 503)."""
    return PREFIX + name


def import_name_of(name: str) -> str:
    """`core-logging` -> `maestro_core_logging`."""
    return distribution_of(name).replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An in-house requirement: the `package` (folder name) needed, at which versions, and where it is asked for.

    `extra` is the extra it belongs to; `group` the dependency group, as it is written there.
    """

    package: str
    requirement: Requirement
    extra: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One folder under `packages/`.

    `name` is the folder's name; `distribution` the normalised project name; `requirements` the required ones and
    `extras` the optional ones, as PEP 508 values; `groups` what each dependency group says itself (PEP 735), as it is
    written, and `test_group` all that its tests need, includes followed; `pythons` the minor versions its classifiers
    name, ascending.
    """

    name: str
    folder: Path
    distribution: str
    version: Version
    requires_python: SpecifierSet
    requirements: tuple[Requirement, ...]
    extras: Mapping[str, tuple[Requirement, ...]]
    groups: Mapping[str, tuple[str, ...]]
    test_group: tuple[str, ...]
    pythons: tuple[str, ...]
    build_backend: str
    build_requires: tuple[Requirement, ...]

    @property
    def import_name(self) -> str:
        """The one top-level module its wheel holds."""
        return self.distribution.replace("-", "_")

    @property
    def source(self) -> Path:
        """The folder of the import package."""
        return self.folder / "src" / self.import_name

    def all_requirements(self) -> tuple[tuple[Requirement, str | None], ...]:
        """Every requirement with the extra it belongs to (None: always required)."""
        required: tuple[tuple[Requirement, str | None], ...] = tuple((each, None) for each in self.requirements)
        optional = tuple((each, extra) for extra, members in self.extras.items() for each in members)
        return required + optional

    def test_requirements(self) -> tuple[Requirement, ...]:
        """The requirements of its test group, as PEP 508 values."""
        return tuple(map(Requirement, self.test_group))
