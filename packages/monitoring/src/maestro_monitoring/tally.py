"""What monitoring itself lost or folded, as metrics of the same registry, and said once in the log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import prometheus_client
from maestro_core_logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

__all__ = ["Tally"]


class Tally:
    """Counts samples dropped and folded, and collectors that failed, in one registry; a counter exists once it counts.

    `maestro_monitoring_dropped_samples_total{metric,reason}`, `maestro_monitoring_folded_samples_total{metric,label}`,
    `maestro_monitoring_collector_errors_total{collector}`.
    """

    def __init__(self, registry: Callable[[], CollectorRegistry | None]) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._counters: dict[str, prometheus_client.Counter] = {}
        self._said: set[tuple[str, ...]] = set()

    def dropped(self, metric: str, value: float) -> None:
        """Count a sample that was no number, or infinite where sums would be spoilt for ever."""
        reason = "nan" if value != value else "infinite"  # noqa: PLR0124 - that is what NaN is known by
        self._count("dropped_samples", "Samples that were no finite number.", metric=metric, reason=reason)
        self._say_once("a sample was dropped: it is no finite number", metric=metric, reason=reason)

    def folded(self, metric: str, label: str, limit: int) -> None:
        """Count a sample whose label took more values than it may."""
        self._count("folded_samples", "Samples counted under __other__.", metric=metric, label=label)
        self._say_once(
            "a label takes too many values: new ones are counted under __other__; label by what is few, such as the "
            "route and not the path",
            metric=metric,
            label=label,
            limit=str(limit),
        )

    def failed(self, collector: str, error: Exception) -> None:
        """Count a collector whose samples a scrape goes without."""
        self._count("collector_errors", "Collectors that failed in a scrape.", collector=collector)
        self._say_once("a collector failed; its samples are missing", collector=collector, error=type(error).__name__)

    def _count(self, what: str, documentation: str, **labels: str) -> None:
        with self._lock:
            counter = self._counters.get(what)
            if counter is None:
                counter = prometheus_client.Counter(
                    f"maestro_monitoring_{what}", documentation, tuple(labels), registry=self._registry()
                )
                self._counters[what] = counter
        counter.labels(**labels).inc()

    def _say_once(self, event: str, **fields: str) -> None:
        key = (event, *fields.values())
        with self._lock:
            if key in self._said:
                return
            self._said.add(key)
        get_logger("maestro_monitoring").warning(event, **fields)
