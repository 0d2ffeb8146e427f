"""What every server of the tests can do: be started, killed and restarted at one address."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod

from services.guarded import Guarded, free_port


class Server(ABC):
    """One process and its folder. The address stays the same over `kill`, `start` and `restart`."""

    def __init__(self, name: str, *, ending: str) -> None:
        self._guarded = Guarded(name, ending=ending)
        self._password = secrets.token_urlsafe(16)
        self.folder = self._guarded.folder
        self.port = free_port()
        self.pid = 0

    @abstractmethod
    def _command(self) -> list[object]:
        """What to run, with `port` as it is now."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it serves."""

    def alive(self) -> bool:
        """Whether its process runs."""
        return self.pid != 0 and self._guarded.code() is None

    def start(self) -> None:
        """Start it unless it runs; returns when it answers. Another port is only taken before the first start."""
        if self.alive():
            return
        for _ in range(20):
            first = self.pid == 0
            self.pid = self._guarded.start(self._command())
            self._guarded.wait_for(lambda: self._answers() or not self.alive())
            if self.alive():
                return
            if first:
                self.pid, self.port = 0, free_port()  # somebody was quicker
        raise RuntimeError(f"{type(self).__name__} does not start; its log ends: {self._guarded.log()}")

    def kill(self) -> None:
        """SIGKILL to it and all its children: connections break, and what was not written is lost."""
        self._guarded.kill()

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def close(self) -> None:
        """Stop it for good and remove its folder."""
        self._guarded.close()
