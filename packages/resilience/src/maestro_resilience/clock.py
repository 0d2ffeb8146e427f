"""The clock everything here reads: monotonic seconds, replaceable per object and by a virtual-time event loop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SYSTEM", "Clock", "clock_from", "monotonic"]


class Clock:
    """A pair of functions: `read()` gives monotonic seconds, `sleep(seconds)` blocks the calling thread that long."""

    __slots__ = ("read", "sleep")

    def __init__(self, read: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self.read = read
        self.sleep = sleep


SYSTEM = Clock(time.monotonic, time.sleep)
"""The process's clock. While a `testing.VirtualTimeLoop` runs, code on that loop reads the loop's time from it."""


def clock_from(clock: Callable[[], float] | None) -> Clock:
    """The clock an object was given, or the process's.

    An injected clock is any function returning seconds; when it also has a `sleep` attribute (as
    `testing.VirtualClock` has) blocking waits go through that. Raises TypeError when it cannot be called.
    """
    if clock is None:
        return SYSTEM
    if not callable(clock):
        raise TypeError(f"clock must be a function that returns seconds, not {clock!r}; pass time.monotonic or omit it")
    return Clock(clock, getattr(clock, "sleep", time.sleep))


def monotonic() -> float:
    """Monotonic seconds now; a virtual-time loop's own time when called on one."""
    return SYSTEM.read()
