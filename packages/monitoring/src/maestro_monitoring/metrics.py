"""Metrics: the functions that define them, and a collector that counts by name without defining first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .metric import Counter, Gauge, Histogram, Info, Metric, Summary
from .metric_set import DEFAULT_BUCKETS, MAX_LABEL_VALUES, MetricSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prometheus_client import CollectorRegistry

    from .metric_set import MultiprocessMode
    from .timer import Timer

__all__ = [
    "DEFAULT_BUCKETS",
    "Counter",
    "Gauge",
    "Histogram",
    "Info",
    "MetricsCollector",
    "MetricsManager",
    "Summary",
    "counter",
    "gauge",
    "histogram",
    "info",
    "summary",
]

Kind = TypeVar("Kind", bound=Metric[Any])


def counter(
    name: str,
    documentation: str = "",
    labels: Iterable[str] = (),
    *,
    unit: str | None = None,
    max_label_values: int = MAX_LABEL_VALUES,
    registry: CollectorRegistry | None = None,
) -> Counter:
    """Define a counter, or return the one defined before.

    Args:
        name: with or without `_total`; in base units where it has any: `sent_bytes_total`.
        documentation: what it counts; the name when empty.
        labels: their names.
        unit: a base unit to join to the name.
        max_label_values: how many values each label may take; further ones are counted under `__other__`.
        registry: prometheus-client's default one when None.

    Raises:
        ValueError: a bad name or label, or another shape under the same name.
    """
    return MetricSet.of(registry).counter(name, documentation, labels, unit=unit, max_label_values=max_label_values)


def gauge(
    name: str,
    documentation: str = "",
    labels: Iterable[str] = (),
    *,
    unit: str | None = None,
    max_label_values: int = MAX_LABEL_VALUES,
    multiprocess_mode: MultiprocessMode = "livesum",
    registry: CollectorRegistry | None = None,
) -> Gauge:
    """Define a gauge, or return the one defined before; as `counter`.

    Args:
        name: ends in a base unit, or in the plural of what it counts.
        documentation: what it measures.
        labels: their names.
        unit: a base unit to join to the name; "" when the number has none, as a load average.
        max_label_values: as for `counter`.
        multiprocess_mode: how the gauges of several worker processes make one.
        registry: as for `counter`.
    """
    return MetricSet.of(registry).gauge(
        name,
        documentation,
        labels,
        unit=unit,
        max_label_values=max_label_values,
        multiprocess_mode=multiprocess_mode,
    )


def histogram(
    name: str,
    documentation: str = "",
    labels: Iterable[str] = (),
    *,
    buckets: Sequence[float] = DEFAULT_BUCKETS,
    unit: str | None = None,
    max_label_values: int = MAX_LABEL_VALUES,
    exemplars: bool = True,
    registry: CollectorRegistry | None = None,
) -> Histogram:
    """Define a histogram, or return the one defined before; as `gauge`.

    Args:
        name: ends in a base unit, or in the plural of what it counts.
        documentation: what it measures.
        labels: their names.
        buckets: upper bounds, ascending; 5 ms to 10 s when not given. `+Inf` is added.
        unit: as for `gauge`.
        max_label_values: as for `counter`.
        exemplars: attach the trace of core-logging's context to observations; shown in OpenMetrics only.
        registry: as for `counter`.
    """
    return MetricSet.of(registry).histogram(
        name,
        documentation,
        labels,
        buckets=buckets,
        unit=unit,
        max_label_values=max_label_values,
        exemplars=exemplars,
    )


def summary(
    name: str,
    documentation: str = "",
    labels: Iterable[str] = (),
    *,
    unit: str | None = None,
    max_label_values: int = MAX_LABEL_VALUES,
    registry: CollectorRegistry | None = None,
) -> Summary:
    """Define a summary, a count and a sum, or return the one defined before; as `gauge`."""
    return MetricSet.of(registry).summary(name, documentation, labels, unit=unit, max_label_values=max_label_values)


def info(name: str, documentation: str = "", *, registry: CollectorRegistry | None = None) -> Info:
    """Define an info, or return the one defined before; its name is given with or without `_info`."""
    return MetricSet.of(registry).info(name, documentation)


class MetricsCollector:
    """Counts by name: a metric that does not exist is defined by its first sample, with that sample's labels.

    A later sample with other labels, or of another kind, is a ValueError. Define a metric first by `counter`, `gauge`,
    `histogram`, `summary` or `info` to give it documentation, buckets or a unit. Two collectors on one registry share
    all metrics, and any number may be made. Safe from any thread.

    Args:
        service_name: who counts; the series `service_info` names it once `MonitoringManager` runs.
        registry: prometheus-client's default one when None.
        max_label_values: the bound of metrics that are defined by a sample.
    """

    def __init__(
        self,
        service_name: str = "unknown",
        registry: CollectorRegistry | None = None,
        *,
        max_label_values: int = MAX_LABEL_VALUES,
    ) -> None:
        if not service_name:
            raise ValueError("service_name is empty; say which service counts.")
        self.service_name = service_name
        self.registry = registry
        self._set = MetricSet.of(registry)
        self._max = max_label_values
        self.counter = self._set.counter
        self.gauge = self._set.gauge
        self.histogram = self._set.histogram
        self.summary = self._set.summary
        self.info = self._set.info

    def increment_counter(
        self, name: str, value: float = 1, *, labels: Mapping[str, object] | None = None, **named: object
    ) -> None:
        """Add `value` to a counter. Labels are keywords, or a mapping for those that keywords cannot spell."""
        self._child(Counter, self._set.counter, name, labels, named).inc(value)

    def set_gauge(
        self, name: str, value: float, *, labels: Mapping[str, object] | None = None, **named: object
    ) -> None:
        """Set a gauge."""
        self._child(Gauge, self._set.gauge, name, labels, named).set(value)

    def record_histogram(
        self, name: str, value: float, *, labels: Mapping[str, object] | None = None, **named: object
    ) -> None:
        """Observe `value` in a histogram."""
        self._child(Histogram, self._set.histogram, name, labels, named).observe(value)

    def timer(self, name: str, *, labels: Mapping[str, object] | None = None, **named: object) -> Timer:
        """Time a `with` or `async with` block, or a decorated function, into the histogram `name`, in seconds."""
        timer: Timer = self._child(Histogram, self._set.histogram, name, labels, named).time()
        return timer

    def _child(
        self,
        kind: type[Kind],
        define: Callable[..., Kind],
        name: str,
        labels: Mapping[str, object] | None,
        named: dict[str, object],
    ) -> Any:
        if labels:
            named = {**labels, **named}
        metric = self._set.get(name)
        if metric is None:
            metric = define(name, "", sorted(named), max_label_values=self._max)
        elif type(metric) is not kind:
            raise ValueError(f"{name} is a {type(metric).__name__.lower()}, not a {kind.__name__.lower()}; rename one.")
        return metric.labels(**named) if named or metric.label_names else metric


MetricsManager = MetricsCollector  # what the first platform's package calls it
