"""The files a package is made of: read, hashed, and copied out so that a build sees them and nothing else.

Backends decide by ignore files found somewhere above the package, by what else lies around, and by where the checkout
stands. Law 1 wants equal bytes from equal sources, so what counts as source is decided here:

- where git tracks something in the package's folder: the tracked files, as they are in the working tree;
- where it does not (no repository, an unpacked archive, a folder just begun): every file;
- never litter: bytecode, environments, caches and reports of tools, editor backups, earlier build output;
- a file that git neither tracks nor ignores is refused (BD02): a clone would lack it and build other bytes;
- links and special files are refused (BD10): archives and checkouts keep them differently from system to system.

An ignore file outside the package is no part of it: it neither hides a source file nor gets into the sdist.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tooling.effects.disk import disk_errors
from tooling.effects.whole_files import copy_hashed
from tooling.errors import FailedError, MaestroError, Place, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tooling.effects.tracked import Listing
    from tooling.model.package import Package

EPOCH = 1580601600
"""The one timestamp of every member, 2020-02-02 in UTC: what hatchling takes where SOURCE_DATE_EPOCH is not set."""

_LITTER = ("*.py[cdo]", "*~", "#*#", ".#*", ".*.sw[a-p]", ".coverage", ".coverage.*", ".DS_Store", "Thumbs.db", ".git")
_LITTER_FOLDERS = frozenset(
    (
        *("__pycache__", ".eggs", ".git", ".hatch", ".hg", ".hypothesis", ".idea", ".mypy_cache", ".nox", ".pixi"),
        *(".pytest_cache", ".ruff_cache", ".tox", ".venv", ".vscode"),
    )
)
_LITTER_AT_TOP = ("build", "dist", "htmlcov", "venv", "*.egg-info")
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file: its `path` inside the package with `/` between the parts, whether it is `executable`, its SHA-256."""

    path: str
    executable: bool
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """All files of a package, sorted by path, and one SHA-256 over their paths, modes and contents."""

    folder: Path
    files: tuple[SourceFile, ...]
    sha256: str

    def copy(self, into: Path) -> bool:
        """Copy the files into the folder `into` (made here), with plain modes and times; False: one has changed."""
        for file in self.files:
            target = into / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if copy_hashed(self.folder / file.path, target) != file.sha256:
                return False
            target.chmod(0o755 if file.executable else 0o644)
            os.utime(target, (EPOCH, EPOCH))
        return True


def read_source(package: Package, listing: Listing | None) -> SourceTree:
    """Read and hash the package's files, as the module's rule says; `listing` is None where there is no git.

    Raises:
        RefusedError: BD02 for files unknown to git, BD10 for links and special files.
        FailedError: BD14 for what cannot be read.
    """
    tracked = listing.tracked_in(package.folder) if listing else frozenset()
    if listing and tracked:
        _refuse_strays(package, listing)
    with disk_errors(package):
        files = tuple(
            SourceFile(path=path, executable=executable, sha256=_digest(package.folder / path))
            for path, executable in sorted(_walk(package, package.folder, ""))
            if not tracked or path in tracked
        )
    total = hashlib.sha256()
    for file in files:
        total.update(os.fsencode(f"{file.path}\0{file.executable}\0{file.sha256}\n"))
    return SourceTree(folder=package.folder, files=files, sha256=total.hexdigest())


def changed(package: Package, what: str) -> MaestroError:
    """The error for a source that did not stay the same while it was built."""
    message = f"The files of {package.name} changed {what}, so nothing of it was used."
    return FailedError(
        "BD03", message, "Let edits finish, then run the command again.", facts={"package": package.name}
    )


def _refuse_strays(package: Package, listing: Listing) -> None:
    strays = [path for path in listing.stray_in(package.folder) if not _is_litter(path)]
    if strays:
        shown = ", ".join(strays[:_SHOWN]) + (f" and {len(strays) - _SHOWN} more" if len(strays) > _SHOWN else "")
        message = f"In {package.name}, git does not track {shown}: a clone would build other bytes."
        hint = "Run `git add` on what belongs to the package; delete or ignore the rest."
        facts = {"package": package.name, "files": strays}
        raise RefusedError("BD02", message, hint, place=Place(file=package.folder), facts=facts)


def _is_litter(path: str) -> bool:
    *folders, name = path.split("/")
    return any(_is_litter_folder(folder, top=index == 0) for index, folder in enumerate(folders)) or any(
        fnmatchcase(name, pattern) for pattern in _LITTER
    )


def _is_litter_folder(name: str, *, top: bool) -> bool:
    return name in _LITTER_FOLDERS or (top and any(fnmatchcase(name, pattern) for pattern in _LITTER_AT_TOP))


def _walk(package: Package, folder: Path, prefix: str) -> Iterator[tuple[str, bool]]:
    """Each regular file's path and whether its owner may execute it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not _is_litter_folder(entry.name, top=not prefix):
                    yield from _walk(package, folder / entry.name, f"{path}/")
            elif not any(fnmatchcase(entry.name, pattern) for pattern in _LITTER):
                mode = entry.stat(follow_symlinks=False).st_mode
                if not stat.S_ISREG(mode):
                    raise _not_regular(package, path)
                yield path, bool(mode & stat.S_IXUSR)


def _not_regular(package: Package, path: str) -> MaestroError:
    message = f"{path} in {package.name} is a link or a special file, which archives do not keep alike everywhere."
    place = Place(file=package.folder / path)
    return RefusedError(
        "BD10", message, "Put a regular file in its place.", place=place, facts={"package": package.name}
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
