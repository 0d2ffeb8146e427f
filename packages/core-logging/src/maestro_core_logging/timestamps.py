"""The time on a line: RFC 3339 in UTC with microseconds, or epoch seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timestamps"]

_MICROS = 1_000_000


class Timestamps:
    """Reads a wall clock (UTC epoch seconds) and writes `2026-11-22T13:31:18.123456Z`; the second is made once."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        self._wall_clock = wall_clock
        # time_ns keeps the microseconds that a float of this size rounds.
        self._nanoseconds = time.time_ns if wall_clock is time.time else lambda: round(wall_clock() * 1e6) * 1000
        # One tuple, swapped whole, so that threads never see the start of one second with the text of another.
        self._second: tuple[int, str] = (0, "")

    def iso(self) -> str:
        """Return the present moment as text."""
        moment = self._nanoseconds()
        start, text = self._second
        micros = (moment - start) // 1000
        if not 0 <= micros < _MICROS or not text:
            start = moment - moment % 1_000_000_000
            text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(start // 1_000_000_000))
            self._second = (start, text)
            micros = (moment - start) // 1000
        return f"{text}{micros:06d}Z"

    def epoch(self) -> float:
        """Return the present moment as seconds, to the microsecond."""
        return round(self._wall_clock(), 6)
