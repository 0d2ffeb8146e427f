"""What rules look at: the repository and one package of it, each file read at most once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from tooling.errors import Place
from tooling.model.changelog import Changelog, parse_changelog
from tooling.model.document import Document, read_document
from tooling.model.manifest import MANIFEST
from tooling.rules.source import Source, read_source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from packaging.version import Version

    from tooling.model.broken_api import BrokenApi
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class House:
    """The repository. `published` holds, when an index was asked, the versions it has by distribution name.

    `broken` holds, when the published wheels were looked at, the packages whose version does not tell what broke.
    """

    workspace: Workspace
    published: Mapping[str, Collection[Version]] | None = None
    broken: Mapping[str, BrokenApi] | None = None
    _subjects: dict[str, Subject] = field(default_factory=dict)

    def subject(self, name: str) -> Subject:
        """The package of that folder name, as rules look at it."""
        if name not in self._subjects:
            self._subjects[name] = Subject(house=self, package=self.workspace.packages[name])
        return self._subjects[name]

    @cached_property
    def document(self) -> Document:
        """The root's pyproject.toml."""
        return read_document(self.workspace.root / MANIFEST)

    @cached_property
    def readme(self) -> str | None:
        """The root's README; None when there is none."""
        return read_text(self.workspace.root / "README.md")

    @cached_property
    def license(self) -> str | None:
        """The root's licence; None when there is none."""
        return read_text(self.workspace.root / "LICENSE")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One package, with the repository it stands in."""

    house: House
    package: Package

    @cached_property
    def document(self) -> Document:
        """The package's pyproject.toml."""
        return read_document(self.package.folder / MANIFEST)

    @cached_property
    def changelog(self) -> Changelog | None:
        """The package's changelog; None when there is none."""
        text = self.text("CHANGELOG.md")
        return None if text is None else parse_changelog(text)

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The modules of the import package by dotted name, its own `__init__` first."""
        top = self.package.source
        files = sorted(top.rglob("*.py"), key=lambda path: (path != top / "__init__.py", path.as_posix()))
        read = (read_source(path, top) for path in files)
        return {source.module: source for source in read}

    def text(self, path: str) -> str | None:
        """The text of a file of the package; None when there is none."""
        return read_text(self.package.folder / path)

    def place(self, path: str) -> Place:
        """A file of the package, as the place of a fault."""
        return Place(file=self.package.folder / path)


def read_text(path: Path) -> str | None:
    """A file's text with Unix line ends and bytes that are no UTF-8 replaced; None when there is no such file."""
    if not path.is_file():
        return None
    return path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n")
