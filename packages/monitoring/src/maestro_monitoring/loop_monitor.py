"""How late an event loop runs what is due: the first sign of code that blocks it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from maestro_core_logging import get_logger
from maestro_core_logging.events import Subscribers

from .background import Background
from .checks import positive
from .metric_set import MetricSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from maestro_core_logging import Event
    from prometheus_client import CollectorRegistry

__all__ = ["LoopMonitor"]

_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class LoopMonitor(Background):
    """Sets a timer again and again, and observes how late it comes in the histogram `event_loop_lag_seconds`.

    A lag of `stall_seconds` or more is a stall: counted, told to subscribers, and logged.

    Args:
        interval: seconds between timers.
        stall_seconds: from which lag on it is a stall.
        clock: monotonic seconds.
        registry: prometheus-client's default one when None.
    """

    name = "event_loop"

    def __init__(
        self,
        interval: float = 0.25,
        *,
        stall_seconds: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._interval = positive("interval", interval)
        self._stall = positive("stall_seconds", stall_seconds)
        self._clock = clock
        self._lag = MetricSet.of(registry).histogram(
            "event_loop_lag_seconds",
            "How late the event loop ran what was due.",
            buckets=_BUCKETS,
            exemplars=False,
        )
        self._subscribers = Subscribers()
        self._counts = {"timers": 0, "stalls": 0}
        self._last = self._longest = 0.0

    def stats(self) -> dict[str, int | float | str]:
        """Timers and stalls so far, the last lag and the longest, in seconds."""
        lags = {"lag_seconds": self._last, "longest_lag_seconds": self._longest}
        return {**self._counts, **lags, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `event_loop.stalled`, with `seconds`; gives the undo."""
        return self._subscribers.subscribe(callback)

    async def _run(self) -> None:
        while True:
            due = self._clock() + self._interval
            await asyncio.sleep(self._interval)
            self._seen(max(0.0, self._clock() - due))

    def _seen(self, lag: float) -> None:
        self._lag.observe(lag)
        self._counts["timers"] += 1
        self._last, self._longest = lag, max(self._longest, lag)
        if lag >= self._stall:
            self._counts["stalls"] += 1
            get_logger("maestro_monitoring").warning("the event loop was blocked", seconds=round(lag, 3))
            self._subscribers.publish("event_loop.stalled", self.name, seconds=lag)
