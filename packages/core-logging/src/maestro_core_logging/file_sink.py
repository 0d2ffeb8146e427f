"""A log file that is set aside by age or size and loses its old parts; shared by processes, kind to logrotate."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import time
from typing import TYPE_CHECKING

from .sinks import PartialWriteError, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .quantities import Retention, Rotation

__all__ = ["FileSink"]

_STAMP = "%Y%m%dT%H%M%SZ"
_STAMP_PATTERN = r"\d{8}T\d{6}Z(?:-\d+)?"


class FileSink:
    """Appends to `path`; a part set aside is named `<stem>.<UTC time><suffix>`.

    The file is opened again when it was moved or deleted by somebody else. Several processes may write to one path:
    appends do not mix lines, and a lock on the folder lets one of them rotate.
    """

    def __init__(
        self, path: Path, *, rotation: Rotation, retention: Retention, now: Callable[[], float] = time.time
    ) -> None:
        self.label = str(path)
        self._path = path
        self._rotation = rotation
        self._retention = retention
        self._now = now
        self._descriptor: int | None = None
        self._inode = (0, 0)
        self._size = 0
        self._period = 0

    def write(self, data: bytes) -> None:
        """Append lines; a file outgrows the rotation size only by one line longer than that, or when it cannot rotate.

        A rotation that fails costs no line: all is appended, then the error is raised with everything taken.
        """
        self._follow()
        taken = 0
        try:
            self._rotate_by_age()
            for piece in self._pieces(data):
                self._append(piece)
                taken += len(piece)
        except PartialWriteError as error:
            raise PartialWriteError(taken + error.done, error) from error
        except OSError as error:
            self._append(data[taken:])
            raise PartialWriteError(len(data), error) from error

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        """Cut lines at the rotation size, rotating between the pieces."""
        limit = self._rotation.size
        while limit is not None and self._size + len(data) > limit:
            head = self._fitting(data, limit)
            if head:
                yield data[:head]
                data = data[head:]
            if not data:
                return
            self._rotate()
        yield data

    def open(self) -> None:
        """Open the file now, so that a path that cannot be written is found at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        status = os.fstat(self._descriptor)
        self._inode = (status.st_dev, status.st_ino)
        self._size = status.st_size
        self._period = self._period_of(status.st_mtime if status.st_size else self._now())

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _follow(self) -> None:
        if self._descriptor is None:
            self.open()
            return
        try:
            status = self._path.stat()
        except FileNotFoundError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != self._inode:
            self.close()
            self.open()
        else:
            self._size = status.st_size

    def _append(self, data: bytes) -> None:
        if self._descriptor is None:
            self.open()
        write_all(self._descriptor or 0, data)
        self._size += len(data)

    def _fitting(self, data: bytes, limit: int) -> int:
        """Return how many bytes of whole lines go into this file; one line at least into an empty one."""
        head = data.rfind(b"\n", 0, max(0, limit - self._size)) + 1
        return head or (data.find(b"\n") + 1 if self._size == 0 else 0)

    def _period_of(self, moment: float) -> int:
        return int(moment // self._rotation.seconds) if self._rotation.seconds else 0

    def _rotate_by_age(self) -> None:
        if self._rotation.seconds and self._period_of(self._now()) != self._period:
            if self._size:
                self._rotate()
            self._period = self._period_of(self._now())

    def _rotate(self) -> None:
        with self._folder_lock():
            with contextlib.suppress(FileNotFoundError):
                status = self._path.stat()
                if (status.st_dev, status.st_ino) == self._inode:
                    self._path.rename(self._free_name())
            self.close()
            self.open()
            self._period = self._period_of(self._now())
            self._delete_old()

    @contextlib.contextmanager
    def _folder_lock(self) -> Iterator[None]:
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _free_name(self) -> Path:
        stamp = time.strftime(_STAMP, time.gmtime(self._now()))
        name = self._path.with_name(f"{self._path.stem}.{stamp}{self._path.suffix}")
        number = 1
        while name.exists():
            name = self._path.with_name(f"{self._path.stem}.{stamp}-{number}{self._path.suffix}")
            number += 1
        return name

    def _delete_old(self) -> None:
        if self._retention.files is None and self._retention.seconds is None:
            return
        pattern = re.compile(rf"{re.escape(self._path.stem)}\.{_STAMP_PATTERN}{re.escape(self._path.suffix)}")
        parts = [part for part in self._path.parent.iterdir() if pattern.fullmatch(part.name)]
        parts.sort(key=_age_order, reverse=True)
        if self._retention.files is not None:
            old = parts[self._retention.files :]
        else:
            oldest = self._now() - (self._retention.seconds or 0)
            old = [part for part in parts if part.stat().st_mtime < oldest]
        for part in old:
            part.unlink(missing_ok=True)


def _age_order(part: Path) -> tuple[str, int]:
    stamp = part.name.rsplit(".", 2)[1] if part.suffix else part.name.rsplit(".", 1)[1]
    moment, _, number = stamp.partition("-")
    return moment, int(number or 0)
