"""How fast an error budget burns: counts of events in sliding windows, in constant memory."""

from __future__ import annotations

import threading

__all__ = ["FINEST_SECONDS", "Ring", "SlidingCounts"]

FINEST_SECONDS = 10
_SLOTS = 60


class Ring:
    """Bad and all events of the last `seconds`, in slots of a sixtieth of them, or of 10 s where that is shorter.

    The window holds the slot that is under way and the whole ones before it, so it is up to one slot too short. Slots
    begin at multiples of their length on the clock that the times come from.
    """

    __slots__ = ("_bad", "_slot", "_total", "bad", "resolution", "size", "total")

    def __init__(self, seconds: int) -> None:
        self.resolution = max(FINEST_SECONDS, seconds // _SLOTS // FINEST_SECONDS * FINEST_SECONDS)
        self.size = -(-seconds // self.resolution)
        self._bad = [0] * self.size
        self._total = [0] * self.size
        self._slot: int | None = None
        self.bad = 0
        self.total = 0

    def advance(self, at: int) -> None:
        """Let the window end at the time `at`, whole seconds; one that is earlier than before changes nothing."""
        slot = at // self.resolution
        if self._slot is None:
            self._slot = slot
        for passed in range(self._slot + 1, min(slot, self._slot + self.size) + 1):
            place = passed % self.size
            self.bad -= self._bad[place]
            self.total -= self._total[place]
            self._bad[place] = self._total[place] = 0
        self._slot = max(slot, self._slot)

    def add(self, at: int, bad: int, total: int) -> None:
        """Count events at the time `at`, or in the slot under way when that is later."""
        self.advance(at)
        place = (self._slot or 0) % self.size
        self._bad[place] += bad
        self._total[place] += total
        self.bad += bad
        self.total += total


class SlidingCounts:
    """The events of one SLO in several windows. Safe from any thread.

    Events are counted in 10 s steps, and passed on to the windows when a step is over or a window is read.
    """

    def __init__(self, windows: set[int]) -> None:
        self._rings = {seconds: Ring(seconds) for seconds in windows}
        self._lock = threading.Lock()
        self._at = 0
        self._bad = 0
        self._total = 0

    def add(self, now: float, bad: int, total: int) -> None:
        """Count events at `now`, seconds."""
        at = int(now // FINEST_SECONDS) * FINEST_SECONDS
        with self._lock:
            if at > self._at:
                self._pass_on()
                self._at = at
            self._bad += bad
            self._total += total

    def read(self, now: float, window: int) -> tuple[int, int]:
        """Bad and all events of the `window` seconds that end at `now`."""
        at = int(now // FINEST_SECONDS) * FINEST_SECONDS
        with self._lock:
            self._pass_on()
            self._at = max(at, self._at)
            ring = self._rings[window]
            ring.advance(self._at)
            return ring.bad, ring.total

    def _pass_on(self) -> None:
        if self._total:
            for ring in self._rings.values():
                ring.add(self._at, self._bad, self._total)
            self._bad = self._total = 0
