"""Keeps one server and its folder, and outlives whoever started it just long enough to remove both.

Run as a program of its own, in a session of its own, so that neither Ctrl-C nor a kill of the tests reaches it. It
makes the folder, prints its path, and obeys lines of JSON on standard input; their end, which the death of the tests
brings about however they die, is the order to stop everything. Only the standard library: it may run anywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 5.0  # seconds a server gets to end by itself


class Guard:
    """The folder, and the process in it."""

    def __init__(self, name: str, ending: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"maestro-{name}-"))
        self._ending = ending
        self._pid = 0
        self._code: int | None = None

    def start(self, argv: list[str]) -> dict[str, object]:
        """Run a command; its output goes to the file `log`."""
        self._code = None
        log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        actions = [(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
        actions.append((os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))  # type: ignore[arg-type]
        self._pid = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
        os.close(log)
        return {"pid": self._pid}

    def poll(self) -> dict[str, object]:
        """The exit code of the command; None while it runs."""
        if self._pid and self._code is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self._pid, os.WNOHANG)
                if pid:
                    self._code = os.waitstatus_to_exitcode(status)
        return {"code": self._code}

    def kill(self) -> dict[str, object]:
        """SIGKILL to the command and to everything it started."""
        while True:
            for pid in _children():
                os.kill(pid, signal.SIGKILL)
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if pid == self._pid:
                self._code = os.waitstatus_to_exitcode(status)
        return {"code": self._code}

    def end(self) -> None:
        """Stop everything, remove everything."""
        if self._pid and self.poll()["code"] is None:
            os.kill(self._pid, self._ending)
            patience = time.monotonic() + _PATIENCE
            while self.poll()["code"] is None and time.monotonic() < patience:
                time.sleep(0.01)
        self.kill()
        _remove_shared_memory(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)


def _children() -> list[int]:
    """Processes whose parent this one is; orphans of the server too, where the system lets us adopt them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = entry.read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(int(entry.parent.name))
    return found


def _adopt_orphans() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _remove_shared_memory(folder: Path) -> None:
    """A killed PostgreSQL leaves one System V segment, which only the 7th line of its pid file still names."""
    for file in folder.glob("*/postmaster.pid"):
        with contextlib.suppress(OSError, IndexError, ValueError, AttributeError):
            segment = file.read_text().splitlines()[6].split()[1]
            ctypes.CDLL(None).shmctl(int(segment), 0, None)


def _lines(parent: int) -> Iterator[bytes]:
    """Standard input line by line, until it ends or the parent does: a fork of the tests may hold the pipe open."""
    waiting = b""
    while os.getppid() == parent:
        if not select.select([0], [], [], 0.5)[0]:
            continue
        received = os.read(0, 65_536)
        if not received:
            return
        *lines, waiting = (waiting + received).split(b"\n")
        yield from lines


def main(name: str, ending: str, parent: str) -> None:
    """Obey until the tests end."""
    _adopt_orphans()
    guard = Guard(name, getattr(signal, ending))
    orders: dict[str, Callable[..., dict[str, object]]]
    orders = {"start": guard.start, "poll": guard.poll, "kill": guard.kill}
    try:
        _answer({"folder": str(guard.folder)})
        for line in _lines(int(parent)):
            order, *arguments = json.loads(line)
            _answer(orders[order](*arguments))
    finally:
        guard.end()


def _answer(reply: dict[str, object]) -> None:
    os.write(1, json.dumps(reply).encode() + b"\n")


if __name__ == "__main__":
    for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    main(*sys.argv[1:])
