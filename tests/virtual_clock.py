"""A clock on which waiting takes no time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class VirtualClock:
    """Satisfies the `Clock` port: sleeping moves the time and is remembered; every draw is `dice`.

    `asleep` is called after each sleep with the time it is then.
    """

    def __init__(self, dice: float = 0.5, asleep: Callable[[float], None] = lambda _now: None) -> None:
        self.sleeps: list[float] = []
        self._dice = dice
        self._asleep = asleep
        self._time = 1000.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the virtual time."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        with self._lock:
            self._time += seconds
            self.sleeps.append(seconds)
        self._asleep(self._time)

    def draw(self) -> float:
        """Return the dice."""
        return self._dice
