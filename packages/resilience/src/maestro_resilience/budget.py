"""A budget for extra work: how many retries and hedges a process may add to the calls it was asked to make."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from maestro_resilience.checks import at_least, positive
from maestro_resilience.clock import clock_from

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RetryBudget"]

SLICES = 10
ROUNDING = 1e-9  # ten times 0.1 is a little less than one


class RetryBudget:
    """At most `ratio` extra calls per call, and `min_per_second` per second besides; share one among many retries.

    For any schedule, the extra calls since its making are at most `ratio x calls + min_per_second x seconds`, so an
    outage is never amplified by more than that. It starts empty, and what is not used within `ttl` seconds is lost.
    Thread-safe. After Finagle's RetryBudget.
    """

    def __init__(
        self,
        ratio: float = 0.2,
        min_per_second: float = 10,
        ttl: float = 10,
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.ratio = at_least("ratio", ratio, 0)
        self.min_per_second = at_least("min_per_second", min_per_second, 0)
        self.ttl = positive("ttl", ttl)
        if not (self.ratio or self.min_per_second):
            raise ValueError("ratio and min_per_second are both zero, so nothing is ever allowed; raise one of them")
        self._clock = clock_from(clock)
        self._lock = threading.Lock()
        self._earned: deque[list[float]] = deque()  # [since when, tokens] of the calls, oldest first
        self._accrued = 0.0  # tokens of the time passed
        self._seen = self._clock.read()
        self._totals = {"calls": 0, "granted": 0, "denied": 0}

    def deposit(self) -> None:
        """A call is made, not counting its retries."""
        with self._lock:
            self._totals["calls"] += 1
            now = self._pass_time()
            if not self._earned or now >= self._earned[-1][0] + self.ttl / SLICES:
                self._earned.append([now, 0.0])
            self._earned[-1][1] += self.ratio

    def withdraw(self) -> bool:
        """Ask for one extra call; False when there is nothing left for it."""
        with self._lock:
            self._pass_time()
            granted = self._balance() >= 1 - ROUNDING
            if granted:
                self._spend()
            self._totals["granted" if granted else "denied"] += 1
            return granted

    def _pass_time(self) -> float:
        """Accrue for the time passed, and forget what is older than `ttl`; a clock that went back starts anew."""
        now = self._clock.read()
        if now < self._seen:
            self._earned.clear()
        accrued = self._accrued + max(0.0, now - self._seen) * self.min_per_second
        self._accrued = min(accrued, self.min_per_second * self.ttl)
        self._seen = now
        while self._earned and self._earned[0][0] <= now - self.ttl:
            self._earned.popleft()
        return now

    def _balance(self) -> float:
        return self._accrued + sum(tokens for _, tokens in self._earned)

    def _spend(self) -> None:
        """Take one token: of the calls first, whose tokens are lost sooner, the oldest first."""
        owed = 1.0
        while owed > 0 and self._earned:
            taken = min(owed, self._earned[0][1])
            owed -= taken
            self._earned[0][1] -= taken
            if self._earned[0][1] <= 0:
                self._earned.popleft()
        self._accrued -= owed

    def stats(self) -> dict[str, int | float | str]:
        """Calls seen, extra calls granted and denied, and how many could be granted now."""
        with self._lock:
            self._pass_time()
            return {**self._totals, "balance": self._balance()}
