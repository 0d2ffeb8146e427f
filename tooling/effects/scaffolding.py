"""Makes a package's folder, which is there whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.errors import FailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STAGING = ".maestro"  # ignored by git, and on the file system of packages/, so that a folder is moved by renaming it


@contextmanager
def staged(root: Path, name: str, files: Mapping[str, str]) -> Iterator[Path]:
    """Lend a folder called `name`, outside of packages/, with `files` in it; it is gone afterwards unless it was moved.

    Raises:
        FailedError: NP06, when it cannot be written.
    """
    try:
        (root / _STAGING).mkdir(exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=root / _STAGING, prefix="new-"))
    except OSError as error:
        raise _unwritable(root / _STAGING, error) from error
    try:
        folder = staging / name
        _write(folder, files)
        yield folder
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            raise _unwritable(target, error) from error


def settle(folder: Path, place: Path, readme: Path, text: str) -> None:
    """Give the README its new `text`, then move `folder` to its `place`; what fails leaves both as they were.

    The README goes first: whoever is killed in between types the command again, and it ends well.

    Raises:
        UsageError: NP02, when something is at that place.
        FailedError: NP06, when one of them cannot be written.
    """
    if place.exists():
        hint = "Choose another name, or move away what is there."
        raise UsageError("NP02", f"There is something at {place} already.", hint)
    before = readme.read_bytes()
    _replace(readme, text.encode(), folder.parent)
    try:
        folder.rename(place)
    except BaseException as error:
        _replace(readme, before, folder.parent)
        if isinstance(error, OSError):
            raise _unwritable(place, error) from error
        raise


def _replace(file: Path, content: bytes, staging: Path) -> None:
    """Replace a file by one that was written in `staging`: nobody sees the half of it, also not when we are killed."""
    written = staging / file.name
    try:
        written.write_bytes(content)
        written.chmod(file.stat().st_mode)
        written.replace(file)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(path: Path, error: OSError) -> FailedError:
    message = f"{path} cannot be written: {error.strerror or error}."
    return FailedError("NP06", message, "Make room, or correct the permissions, then try again.")
