"""The few calls by which data becomes durable, and a file on its way in."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

T = TypeVar("T")

BUFFERED: Final = 1 << 20
"""Bytes of an upload held in memory before a thread writes them."""


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work on a file in a thread; even a cancelled caller waits for it, and only then closes the file."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    finally:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])


class Disk:
    """The operating system's calls. A test replaces it to see their order or to make the disk full."""

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Write all of `data`."""
        file.write(data)

    def sync(self, file: BinaryIO) -> None:
        """Return when the file's bytes would survive a power failure."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its lasting name, in one step."""
        source.rename(target)

    def sync_folder(self, folder: Path) -> None:
        """Return when the folder's names would survive a power failure."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, file: Path) -> None:
        """Remove a file; one that is not there is fine."""
        file.unlink(missing_ok=True)


class StagedFile:
    """A file on its way in: hashed while it is written, under a name that nothing refers to.

    Args:
        folder: where it is written.
        disk: by which calls.
        algorithms: names of the digests to take, as `hashlib` knows them.
    """

    def __init__(self, folder: Path, disk: Disk, algorithms: Iterable[str]) -> None:
        self.path = folder / uuid.uuid4().hex
        self.size = 0
        self.written = 0
        self._disk = disk
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}
        self._file: BinaryIO | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; they are written by `relieve` and `seal`."""
        self._held.append(data)
        self._held_bytes += len(data)
        self.size += len(data)

    def create(self) -> None:
        """Make the file at once, for those who read it while it grows."""
        self._file = self.path.open("xb", buffering=0)

    async def relieve(self, held: int = BUFFERED) -> None:
        """Write what is held once there are `held` bytes of it, which is worth a thread."""
        if self._held_bytes >= held:
            await in_thread(self._flush)

    async def seal(self) -> None:
        """Write the rest and make it durable."""
        await in_thread(self._seal)

    def digests(self) -> dict[str, str]:
        """The hexadecimal digests of all that was fed, by algorithm."""
        return {name: made.hexdigest() for name, made in self._hashes.items()}

    def abandon(self) -> None:
        """Leave nothing behind; harmless after the file has got its lasting name."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._held.clear()
        self._disk.remove(self.path)

    def _flush(self) -> None:
        if self._file is None:
            self.create()
        assert self._file is not None
        data = b"".join(self._held)
        self._held.clear()
        self._held_bytes = 0
        self._disk.write(self._file, data)
        self.written += len(data)
        for made in self._hashes.values():
            made.update(data)

    def _seal(self) -> None:
        self._flush()
        assert self._file is not None
        self._disk.sync(self._file)
        self._file.close()
