"""Time and chance as a port, so that tests can give hours in no time and the same dice twice; and the date of today."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, date, datetime
from typing import Protocol


def today() -> date:
    """The date in UTC: the same for all who write one into a changelog, wherever they are."""
    return datetime.now(UTC).date()


class Clock(Protocol):
    """Monotonic seconds, an interruptible sleep, and uniform draws in [0, 1)."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait, or return at once when the work is being stopped."""

    def draw(self) -> float:
        """Return a random number in [0, 1)."""


class SystemClock:
    """The machine's clock; `stop`, once set, ends every sleep."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        self._stop = stop or threading.Event()
        self._random = random.Random()  # noqa: S311 - jitter is no secret

    def now(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait on the stop event."""
        self._stop.wait(seconds)

    def draw(self) -> float:
        """Return the next draw."""
        return self._random.random()
