"""Who serves a data folder: one process at a time, told by a lock that dies with it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tooling.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK: Final = "lock"
_TRIES: Final = 10
_PAUSE: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that serves a folder now, and its address."""

    pid: int
    url: str


def holder(data: Path) -> Holder | None:
    """Return who serves the folder now, or None; a server that was killed holds nothing.

    The kernel drops the lock with its process, so what stands in the file counts only while the lock is held.
    """
    try:
        descriptor = os.open(data / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        for _ in range(_TRIES):
            if _take(descriptor, fcntl.LOCK_SH):
                return None
            if found := _read(descriptor):
                return found
            time.sleep(_PAUSE)  # it has the lock and is about to write its name
    finally:
        os.close(descriptor)
    return None


@contextmanager
def held(data: Path, url: str) -> Iterator[None]:
    """Hold the folder for as long as the block runs.

    Raises:
        RefusedError: SV01, another server holds it; it is named.
    """
    descriptor = os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take_or_refuse(descriptor, data)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take_or_refuse(descriptor: int, data: Path) -> None:
    for _ in range(_TRIES):
        if _take(descriptor, fcntl.LOCK_EX):
            return
        time.sleep(_PAUSE)  # somebody who only looks holds it for a moment
    found = _read(descriptor)
    who = f"process {found.pid} at {found.url}" if found else "another process"
    raise RefusedError(
        "SV01",
        f"The index data in {str(data)!r} is served already, by {who}.",
        "Use that server, stop it, or name another data folder.",
        facts={"pid": found.pid, "url": found.url} if found else None,
    )


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> Holder | None:
    try:
        told = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(pid=int(told["pid"]), url=str(told["url"]))
    except (ValueError, KeyError, TypeError):
        return None
