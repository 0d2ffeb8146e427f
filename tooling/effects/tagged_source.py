"""A package as it was at its tag: read from the tree of that time, with what that tree said of itself."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tooling.effects.checkout import checkout
from tooling.errors import FailedError
from tooling.model.document import read_document
from tooling.model.manifest import MANIFEST, read_package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tooling.effects.git import Git
    from tooling.model.package import Package
    from tooling.model.tags import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedSource:
    """The workspace's folder `root` at the tag, and the `package` that the tag names."""

    root: Path
    package: Package

    def pinned(self, name: str) -> str | None:
        """The version of a distribution that the root project of the tag requires by `==`; None where it does not."""
        written = read_document(self.root / MANIFEST).get("project", "dependencies")
        for text in written if isinstance(written, list) else ():
            with suppress(InvalidRequirement):
                requirement = Requirement(text)
                exact = [each.version for each in requirement.specifier if each.operator == "=="]
                if exact and canonicalize_name(requirement.name) == name:
                    return exact[0]
        return None


@contextmanager
def tagged_source(git: Git, tag: Tag) -> Iterator[TaggedSource]:
    """Lend the tree of a tag, of the repository that holds git's `root`; it is removed in any case.

    Raises:
        FailedError: GT02 for what git says, PB26 when the tree is of another version than the tag.
        UsageError: the package's manifest cannot be read (a WS code).
    """
    with checkout(git, f"refs/tags/{tag}") as root:
        package = read_package(root / "packages" / tag.package)
        if package.version != tag.version:
            message = f"The tree at {tag} says version {package.version}."
            raise FailedError("PB26", message, "Release the version that the tree says under a tag of its own.")
        yield TaggedSource(root=root, package=package)
