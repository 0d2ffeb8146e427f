"""All metrics of one registry by name: the same shape twice is the same metric, another shape is an error."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, TypeVar

import prometheus_client

from .bound import BoundCounter, BoundGauge, BoundHistogram, BoundSummary
from .cardinality import LabelGuard
from .metric import Counter, Gauge, Histogram, Info, Metric, Summary
from .naming import checked_labels, checked_name
from .tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_client import CollectorRegistry

__all__ = ["DEFAULT_BUCKETS", "MAX_LABEL_VALUES", "MAX_SERIES", "MetricSet", "MultiprocessMode"]

DEFAULT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MAX_LABEL_VALUES = 200
MAX_SERIES = 10_000

MultiprocessMode: TypeAlias = Literal[
    "all",
    "liveall",
    "min",
    "livemin",
    "max",
    "livemax",
    "sum",
    "livesum",
    "mostrecent",
    "livemostrecent",
]
"""How the gauges of several workers make one: prometheus-client's modes; `live*` forgets workers that have ended."""

Made = TypeVar("Made", bound=Metric[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """What a metric is; two definitions of one name have to agree in all of it."""

    kind: type[Metric[Any]]
    name: str
    unit: str
    labels: tuple[str, ...]
    max_label_values: int = MAX_LABEL_VALUES
    buckets: tuple[float, ...] = ()
    mode: str = ""
    exemplars: bool = False


class MetricSet:
    """The metrics of one registry; `MetricSet.of(registry)` is the same object for everybody. Safe from any thread."""

    _of: ClassVar[weakref.WeakKeyDictionary[CollectorRegistry, MetricSet]] = weakref.WeakKeyDictionary()
    _of_lock = threading.Lock()

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = weakref.ref(registry)  # the registry is the key that keeps this object alive
        self.tally = Tally(self._registry)
        self._metrics: dict[str, tuple[_Shape, Metric[Any]]] = {}
        self._lock = threading.RLock()

    @classmethod
    def of(cls, registry: CollectorRegistry | None) -> MetricSet:
        """The set of a registry; None is prometheus-client's default one."""
        chosen = prometheus_client.REGISTRY if registry is None else registry
        with cls._of_lock:
            found = cls._of.get(chosen)
            if found is None:
                found = cls._of[chosen] = cls(chosen)
            return found

    def get(self, name: str) -> Metric[Any] | None:
        """The metric of that name, a counter also without its `_total`; None when there is none."""
        known = self._metrics.get(name) or self._metrics.get(name.removesuffix("_total"))
        return known[1] if known else None

    def counter(
        self,
        name: str,
        documentation: str = "",
        labels: Iterable[str] = (),
        *,
        unit: str | None = None,
        max_label_values: int = MAX_LABEL_VALUES,
    ) -> Counter:
        """A counter; its name is given with or without `_total`."""
        shape = _shape(Counter, name, labels, unit, max_label_values=max_label_values)
        return self._metric(Counter, shape, documentation, prometheus_client.Counter, BoundCounter)

    def gauge(
        self,
        name: str,
        documentation: str = "",
        labels: Iterable[str] = (),
        *,
        unit: str | None = None,
        max_label_values: int = MAX_LABEL_VALUES,
        multiprocess_mode: MultiprocessMode = "livesum",
    ) -> Gauge:
        """A gauge; in several worker processes they make one by `multiprocess_mode`."""
        shape = _shape(Gauge, name, labels, unit, max_label_values=max_label_values, mode=multiprocess_mode)
        make = partial(prometheus_client.Gauge, multiprocess_mode=multiprocess_mode)
        return self._metric(Gauge, shape, documentation, make, BoundGauge)

    def histogram(
        self,
        name: str,
        documentation: str = "",
        labels: Iterable[str] = (),
        *,
        buckets: Sequence[float] = DEFAULT_BUCKETS,
        unit: str | None = None,
        max_label_values: int = MAX_LABEL_VALUES,
        exemplars: bool = True,
    ) -> Histogram:
        """A histogram; `exemplars` are the traces in which observations were made, in OpenMetrics only."""
        bounds = _checked_buckets(name, buckets)
        given: dict[str, Any] = {"max_label_values": max_label_values, "buckets": bounds, "exemplars": exemplars}
        shape = _shape(Histogram, name, labels, unit, **given)
        make = partial(prometheus_client.Histogram, buckets=bounds)
        return self._metric(Histogram, shape, documentation, make, partial(BoundHistogram, exemplars=exemplars))

    def summary(
        self,
        name: str,
        documentation: str = "",
        labels: Iterable[str] = (),
        *,
        unit: str | None = None,
        max_label_values: int = MAX_LABEL_VALUES,
    ) -> Summary:
        """A summary."""
        shape = _shape(Summary, name, labels, unit, max_label_values=max_label_values)
        return self._metric(Summary, shape, documentation, prometheus_client.Summary, BoundSummary)

    def info(self, name: str, documentation: str = "") -> Info:
        """An info; its name is given with or without `_info`."""
        return self._metric(Info, _shape(Info, name, (), None), documentation, prometheus_client.Info, _as_it_is)

    def _metric(
        self, kind: type[Made], shape: _Shape, documentation: str, make: Callable[..., Any], bind: Callable[..., Any]
    ) -> Made:
        with self._lock:
            known = self._metrics.get(shape.name)
            if known is None:
                family = self._family(shape, documentation, make)
                metric = kind(family, shape.name, shape.labels, self._guard(shape), self._binding(shape, bind))
                self._metrics[shape.name] = (shape, metric)
                return metric
        if known[0] != shape or not isinstance(known[1], kind):
            raise ValueError(
                f"{shape.name} exists already as {_described(known[0])}, and is now wanted as {_described(shape)}; "
                "use one definition, or another name."
            )
        return known[1]

    def _family(self, shape: _Shape, documentation: str, make: Callable[..., Any]) -> Any:
        unit = {"unit": shape.unit} if shape.unit and shape.kind is not Info else {}
        try:
            return make(shape.name, documentation or shape.name, shape.labels, registry=self._registry(), **unit)
        except ValueError as error:
            raise ValueError(f"{shape.name} cannot be registered: {error}; use another name.") from error

    def _binding(self, shape: _Shape, bind: Callable[..., Any]) -> Callable[[Any], Any]:
        return lambda child: bind(child, shape.name, self.tally)

    def _guard(self, shape: _Shape) -> LabelGuard:
        limit = shape.max_label_values
        return LabelGuard(
            shape.labels,
            limit=limit,
            max_series=max(MAX_SERIES, limit),
            folded=lambda label: self.tally.folded(shape.name, label, limit),
        )


def _as_it_is(child: Any, _name: str, _tally: Tally) -> Any:
    return child


def _shape(
    kind: type[Metric[Any]],
    name: str,
    labels: Iterable[str],
    unit: str | None,
    *,
    max_label_values: int = MAX_LABEL_VALUES,
    **rest: Any,
) -> _Shape:
    bare, base_unit = checked_name(_word(kind), name, unit)
    if isinstance(max_label_values, bool) or max_label_values < 1:
        raise ValueError(f"max_label_values must be a whole number of at least 1, not {max_label_values!r}.")
    names = checked_labels(_word(kind), labels)
    return _Shape(kind=kind, name=bare, unit=base_unit, labels=names, max_label_values=max_label_values, **rest)


def _checked_buckets(name: str, buckets: Sequence[float]) -> tuple[float, ...]:
    bounds = tuple(float(each) for each in buckets)
    finite = bounds[:-1] if bounds and bounds[-1] == float("inf") else bounds
    if not finite or any(each - each for each in finite) or any(low >= high for low, high in pairwise(finite)):
        raise ValueError(f"the buckets of {name} must be finite and ascending, at least one, not {buckets!r}.")
    return finite


def _word(kind: type[Metric[Any]]) -> str:
    return kind.__name__.lower()


def _described(shape: _Shape) -> str:
    parts = [f"a {_word(shape.kind)} with the labels ({', '.join(shape.labels)})"]
    parts += [f"at most {shape.max_label_values} values each"] if shape.labels else []
    parts += [f"buckets {shape.buckets}"] if shape.buckets else []
    parts += [f"mode {shape.mode}"] if shape.mode else []
    return ", ".join(parts)
