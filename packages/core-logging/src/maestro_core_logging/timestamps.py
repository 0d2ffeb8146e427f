"""The time on a line: RFC 3339 in UTC with microseconds, or epoch seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timestamps"]


class Timestamps:
    """Reads a wall clock (UTC epoch seconds) and writes `2026-11-22T13:31:18.123456Z`; the second is made once."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self._wall_clock = wall_clock
        # One tuple, swapped whole, so that threads never see the number of one second with the text of another.
        self._second: tuple[int, str] = (-1, "")

    def iso(self) -> str:
        """Return the present moment as text."""
        # time_ns keeps the microseconds that a float of this size rounds.
        nanoseconds = time.time_ns() if self._wall_clock is time.time else round(self._wall_clock() * 1e6) * 1000
        second, rest = divmod(nanoseconds, 1_000_000_000)
        known, text = self._second
        if known != second:
            text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
            self._second = (second, text)
        return f"{text}{rest // 1000:06d}Z"

    def epoch(self) -> float:
        """Return the present moment as seconds, to the microsecond."""
        return round(self._wall_clock(), 6)
