"""One server process of the tests, started and killed through the guard that cleans up after them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_GUARD = Path(__file__).with_name("guard.py")
_PATIENCE = 60.0  # seconds for a server to come up on a busy machine
_PORTS = range(20_000, 32_000)  # below those that the system gives to clients


class Guarded:
    """A folder and at most one process in it. `name` is in the folder's name; `ending` asks the server to stop."""

    def __init__(self, name: str, *, ending: str) -> None:
        command = [sys.executable, "-I", "-S", str(_GUARD), name, ending, str(os.getpid())]
        self._guard = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
        )
        self.folder = Path(self._answer()["folder"])

    def _answer(self) -> dict[str, Any]:
        assert self._guard.stdout
        line = self._guard.stdout.readline()
        if not line:
            raise RuntimeError("the guard of a test server has ended; look for its error above")
        found: dict[str, Any] = json.loads(line)
        return found

    def _order(self, *words: object) -> dict[str, Any]:
        assert self._guard.stdin
        self._guard.stdin.write(json.dumps(words) + "\n")
        self._guard.stdin.flush()
        return self._answer()

    def start(self, argv: Sequence[object]) -> int:
        """Run a command; its process id. Raises RuntimeError when it cannot be run."""
        return int(self._order("start", [str(word) for word in argv])["pid"])

    def code(self) -> int | None:
        """The exit code of the command; None while it runs."""
        code: int | None = self._order("poll")["code"]
        return code

    def kill(self) -> None:
        """SIGKILL to the command and all its children; returns when they are gone."""
        self._order("kill")

    def finish(self, argv: Sequence[object]) -> None:
        """Run a command to its end; RuntimeError when it fails."""
        self.start(argv)
        self.wait_for(lambda: self.code() is not None)
        if self.code() != 0:
            raise RuntimeError(f"{argv[0]} failed; its log ends: {self.log()}")

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Ask until it is so; RuntimeError when it takes far too long."""
        patience = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > patience:
                raise RuntimeError(f"a test server did not come up in {_PATIENCE:g} s; its log ends: {self.log()}")
            time.sleep(0.01)

    def log(self) -> str:
        """The last lines that the server wrote."""
        with contextlib.suppress(OSError):
            return (self.folder / "log").read_text(errors="replace")[-2_000:]
        return "(nothing)"

    def close(self) -> None:
        """Stop the server and remove its folder; returns when both are gone."""
        assert self._guard.stdin
        assert self._guard.stdout
        self._guard.stdin.close()
        self._guard.wait()
        self._guard.stdout.close()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at this moment."""
    for port in random.SystemRandom().sample(_PORTS, 200):
        with socket.socket() as candidate, contextlib.suppress(OSError):
            candidate.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("200 random ports are all in use; free some")
