"""SLOs judged in the process itself: budgets, burn rates and alerts without a Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .alerts import Alert, AlertManager, AlertRule
from .burn import SlidingCounts
from .slo import BURN_WINDOWS, KEEP_FIRING_SECONDS, MINIMUM_EVENTS, SLO, short_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from maestro_core_logging import Event

    from .slo import BurnWindow

__all__ = ["SLOEngine"]


class SLOEngine:
    """Counts good and bad events, and alerts when a budget burns too fast. Safe from any thread.

    An alert fires when the budget burns at the factor of a window pair over both windows, and there were at least 10
    events in the long one. It ends when that has not been so for 5 minutes. Windows are as exact as `Ring` says.

    Args:
        slos: what is promised, each under a name of its own.
        windows: pairs of windows to alert on.
        clock: monotonic seconds.
        wall_clock: UTC seconds since the epoch, for `Alert.since`.
    """

    def __init__(
        self,
        slos: Iterable[SLO],
        *,
        windows: Sequence[BurnWindow] = BURN_WINDOWS,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._windows = tuple(windows)
        self._slos: dict[str, SLO] = {}
        self._counts: dict[str, SlidingCounts] = {}
        self._alerts = AlertManager(clock=clock, wall_clock=wall_clock)
        spans = {span for window in self._windows for span in (window.long, window.short)}
        for slo in slos:
            if slo.name in self._slos:
                raise ValueError(f"two SLOs are called {slo.name!r}; rename one.")
            self._slos[slo.name] = slo
            self._counts[slo.name] = SlidingCounts({*spans, slo.window_seconds})
            for window in self._windows:
                self._alerts.add_rule(self._rule(slo, window))

    @property
    def slos(self) -> tuple[SLO, ...]:
        """All SLOs, in the order they were given."""
        return tuple(self._slos.values())

    def record(self, name: str, *, good: bool, count: int = 1) -> None:
        """Count events of an SLO; KeyError for a name that was not given."""
        if count < 0:
            raise ValueError(f"count must be at least 0, not {count}; events do not unhappen.")
        self._of(name).add(self._clock(), 0 if good else count, count)

    def observe(self, name: str, seconds: float) -> None:
        """Count one event of an SLO over a `latency`, good when it took no longer than the threshold."""
        sli = self._slo(name).sli
        if sli is None or sli.threshold is None:
            raise ValueError(f"SLO {name!r} has no latency; give it sli=latency(...), or record(good=...).")
        self.record(name, good=seconds <= sli.threshold)

    def burn(self, name: str, window_seconds: int) -> float:
        """How many times faster than allowed the budget burns; 0 without events.

        bad / all / (1 - objective) over one of the windows of the engine, or the SLO's own.
        """
        try:
            bad, total = self._of(name).read(self._clock(), window_seconds)
        except KeyError:
            self._slo(name)
            raise ValueError(f"{window_seconds} s is no window of this engine; give it a BurnWindow with it.") from None
        return bad / total / self._slo(name).budget if total else 0.0

    def budget_remaining(self, name: str) -> float:
        """The share of the budget that is left over the SLO's window: 1 untouched, 0 used up, below 0 overdrawn."""
        return 1.0 - self.burn(name, self._slo(name).window_seconds)

    def evaluate(self) -> list[Alert]:
        """Judge all SLOs now; return, and tell, the alerts that have begun and ended."""
        return self._alerts.evaluate()

    def active(self) -> list[Alert]:
        """The alerts that fire."""
        return self._alerts.active()

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """As `AlertManager.subscribe`; labels are `slo`, `long` and `short`."""
        return self._alerts.subscribe(callback)

    def stats(self) -> dict[str, int | float | str]:
        """Of every SLO what is left of its budget, and its burn rate over each long window; and of the alerts."""
        found: dict[str, int | float | str] = {}
        for name in self._slos:
            found[f"{name}_budget_remaining_ratio"] = self.budget_remaining(name)
            for window in self._windows:
                found[f"{name}_burn_{short_duration(window.long)}"] = self.burn(name, window.long)
        return {**found, **self._alerts.stats()}

    def _rule(self, slo: SLO, window: BurnWindow) -> AlertRule:
        return AlertRule(
            name=slo.alert_name(window),
            condition=lambda: self._burns(slo, window),
            severity=window.severity,
            keep_firing_seconds=KEEP_FIRING_SECONDS,
            summary=slo.alert_summary(window),
            labels={"slo": slo.name, "long": short_duration(window.long), "short": short_duration(window.short)},
        )

    def _burns(self, slo: SLO, window: BurnWindow) -> bool:
        now, counts = self._clock(), self._counts[slo.name]
        for span in (window.long, window.short):
            bad, total = counts.read(now, span)
            if not total or bad / total / slo.budget <= window.factor:
                return False
            if span == window.long and total < MINIMUM_EVENTS:
                return False
        return True

    def _of(self, name: str) -> SlidingCounts:
        self._slo(name)
        return self._counts[name]

    def _slo(self, name: str) -> SLO:
        try:
            return self._slos[name]
        except KeyError:
            raise KeyError(f"there is no SLO {name!r}; there are: {', '.join(self._slos) or 'none'}.") from None
