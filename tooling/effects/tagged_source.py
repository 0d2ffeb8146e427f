"""A repository as it was at its tags, in a scratch clone: neither the working tree nor the repository is touched.

The clone borrows the repository's objects, so it costs one checkout. Worktrees would be cheaper by little, and a kill
would leave them registered; archives leave out what `.gitattributes` tells them to, so they are no checkout.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tooling.effects.git import Git
from tooling.errors import FailedError
from tooling.model.document import read_document
from tooling.model.manifest import MANIFEST, read_package

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.model.package import Package
    from tooling.model.tags import Tag

# What a machine's own settings may change about a checkout, or run at one.
_STEADY = ("--config=core.autocrlf=false", "--config=core.hooksPath=/dev/null", "--config=advice.detachedHead=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedSource:
    """A scratch clone; `root` is the workspace's folder in it. One tag at a time is checked out."""

    git: Git
    root: Path

    def package_at(self, tag: Tag) -> Package:
        """Check a tag out and read its package as it was then.

        Raises:
            FailedError: GT02 for what git says, PB26 when the tree is of another version than the tag.
            UsageError: the package's manifest cannot be read (a WS code).
        """
        self.git.read("checkout", "--quiet", "--force", "--detach", f"refs/tags/{tag}")
        package = read_package(self.root / "packages" / tag.package)
        if package.version != tag.version:
            message = f"The tree at {tag} says version {package.version}."
            raise FailedError("PB26", message, "Release the version that the tree says under a tag of its own.")
        return package

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
def tagged_source(root: Path) -> Iterator[TaggedSource]:
    """Lend a scratch clone of the repository that holds the workspace `root`; it is removed in any case.

    Raises:
        FailedError: GT02, when git cannot clone it.
    """
    top = Path(Git(root=root).read("rev-parse", "--show-toplevel").rstrip("\n"))
    with tempfile.TemporaryDirectory(prefix="maestro-tags-") as scratch:
        clone = Path(scratch).resolve() / "clone"
        here = Git(root=Path(scratch))
        here.read("clone", "--quiet", "--shared", "--no-checkout", "--template=", *_STEADY, str(top), str(clone))
        yield TaggedSource(git=Git(root=clone), root=clone / root.resolve().relative_to(top.resolve()))
