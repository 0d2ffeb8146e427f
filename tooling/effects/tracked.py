"""What git says of the files in a folder: which it tracks, and which it neither tracks nor ignores."""

from __future__ import annotations

import shutil
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.effects.git import Git
from tooling.errors import FailedError, Place

if TYPE_CHECKING:
    from pathlib import Path

_LIST = ("ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")
_OTHER = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Paths below `base`, sorted, with `/` between their parts: `tracked` ones, and `stray` ones nothing ignores."""

    base: Path
    tracked: tuple[str, ...]
    stray: tuple[str, ...]

    def tracked_in(self, folder: Path) -> frozenset[str]:
        """The tracked paths below `folder`, relative to it."""
        return frozenset(_below(self.tracked, self._prefix(folder)))

    def stray_in(self, folder: Path) -> tuple[str, ...]:
        """The stray paths below `folder`, relative to it."""
        return _below(self.stray, self._prefix(folder))

    def _prefix(self, folder: Path) -> str:
        inner = folder.relative_to(self.base).as_posix()
        return "" if inner == "." else f"{inner}/"


def git_listing(base: Path) -> Listing | None:
    """Ask git about everything below `base`; None where no repository holds it or no git is installed.

    Raises:
        FailedError: BD13 when there is a repository and git will not read it.
    """
    if not any((folder / ".git").exists() for folder in (base, *base.parents)):
        return None
    if shutil.which("git") is None:
        return None
    answer = Git(root=base).answer(*_LIST)
    if answer.code != 0:
        reason = " ".join(answer.err.split())
        message = f"Git could not say which files of {base} it tracks: {reason}"
        raise FailedError("BD13", message, "Make `git status` work there, then try again.", place=Place(file=base))
    entries = answer.out.split("\0")
    tagged = sorted({(entry[2:], entry[0]) for entry in entries if entry})
    return Listing(
        base=base,
        tracked=tuple(path for path, tag in tagged if tag != _OTHER),
        stray=tuple(path for path, tag in tagged if tag == _OTHER),
    )


def _below(paths: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    found = []
    for path in paths[bisect_left(paths, prefix) :]:
        if not path.startswith(prefix):
            break
        found.append(path[len(prefix) :])
    return tuple(found)
