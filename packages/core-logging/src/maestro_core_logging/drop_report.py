"""Counts lines that a full queue pushed out, and says when it is time to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DropReport"]

_SECONDS_BETWEEN = 5.0


class DropReport:
    """`dropped` lines so far; a line about those not yet told of, at most every 5 s of `clock`.

    `render` makes that line from their number.
    """

    def __init__(self, render: Callable[[int], bytes], clock: Callable[[], float]) -> None:
        self.dropped = 0
        self._told = 0
        self._render = render
        self._clock = clock
        self._next = clock() + _SECONDS_BETWEEN

    def anew(self) -> DropReport:
        """Return a report with nothing in it, for a forked child."""
        return DropReport(self._render, self._clock)

    def seconds_left(self) -> float | None:
        """Return how long it is until there is something to tell; None while there is nothing."""
        return None if self.dropped == self._told else max(0.0, self._next - self._clock())

    def line(self, *, at_once: bool = False) -> bytes | None:
        """Return the line if it is time, or if there is anything to tell `at_once`."""
        untold = self.dropped - self._told
        if not untold or not (at_once or self._clock() >= self._next):
            return None
        self._told += untold
        self._next = self._clock() + _SECONDS_BETWEEN
        return self._render(untold)
