"""Files that are there whole or not at all: written under another name beside their place, then renamed."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 20
_SUFFIX = ".partial"
_ABANDONED_AFTER = 3600.0  # seconds; no write of ours takes as long


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Yield a path to write to; it takes the place of `target` when the block ends well, and is removed otherwise."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=_SUFFIX)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        partial.chmod(0o644)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what writers that were killed left in `folder`: unfinished files older than an hour."""
    oldest = time.time() - _ABANDONED_AFTER
    for partial in folder.glob(f".*{_SUFFIX}"):
        with suppress(FileNotFoundError):
            if partial.stat().st_mtime < oldest:
                partial.unlink()


def copy_hashed(source: Path, target: Path) -> str:
    """Copy the bytes of a file over `target`, and nothing else of it; return the SHA-256 of what was copied, in hex."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()
