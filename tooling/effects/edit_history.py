"""What git says before versions are edited: which are tagged, and which files hold edits that are not committed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.effects.git import Git
from tooling.errors import UsageError
from tooling.model.tags import parse_tag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from packaging.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class EditHistory:
    """The workspace at `root` as git knows it; without a repository nothing is tagged, and nothing at risk."""

    root: Path

    def tagged(self, names: Collection[str]) -> dict[str, set[Version]]:
        """The versions that tags name, by package."""
        found: dict[str, set[Version]] = {name: set() for name in names}
        if self._is_known:
            tags = Git(root=self.root).read("tag", "--list").split()
            for text in (each for each in tags if each.rpartition("-v")[0] in found):
                with suppress(UsageError):  # a version written in another way is no release of ours
                    tag = parse_tag(text, names)
                    found[tag.package].add(tag.version)
        return found

    def uncommitted(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the files, given from the root, that git would lose: changed, staged or never added."""
        if not self._is_known:
            return frozenset()
        git = Git(root=self.root)
        prefix = git.read("rev-parse", "--show-prefix").strip()
        told = git.read("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", *paths)
        return frozenset(entry[3:].removeprefix(prefix) for entry in told.split("\0") if entry)

    @property
    def _is_known(self) -> bool:
        return any((folder / ".git").exists() for folder in (self.root, *self.root.parents))
