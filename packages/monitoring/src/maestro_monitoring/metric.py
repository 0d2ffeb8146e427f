"""Counters, gauges, histograms, summaries and infos: prometheus-client's, with bounded labels.

`labels()` finds a child by one dictionary look-up, which prometheus-client's own takes a lock and three copies for.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .bound import BoundCounter, BoundGauge, BoundHistogram, BoundSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .cardinality import LabelGuard
    from .timer import Timer

__all__ = ["Counter", "Gauge", "Histogram", "Info", "Metric", "Summary"]

Child = TypeVar("Child")


class Metric(Generic[Child]):
    """A metric by name; `labels()` gives what counts. Made by `MetricsCollector` and the functions beside it."""

    def __init__(
        self, family: Any, name: str, label_names: tuple[str, ...], guard: LabelGuard, bind: Callable[[Any], Child]
    ) -> None:
        self.name = name
        self.label_names = label_names
        self._family = family
        self._guard = guard
        self._bind = bind
        self._children: dict[tuple[str, ...], Child] = {}
        self._wanted = len(label_names)
        self._pick: Any = itemgetter(*label_names) if self._wanted > 1 else self._pick_few
        self._alone = None if label_names else bind(family)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, labels={self.label_names!r})"

    def labels(self, *values: object, **named: object) -> Child:
        """Return the child for these label values, by position or by name.

        Values become strings. Those beyond the metric's bound are counted under `__other__`. ValueError when names or
        number are not those of the metric.
        """
        if named:
            try:
                values = self._pick(named)
            except KeyError:
                raise self._mismatch(named) from None
            if len(named) != self._wanted:
                raise self._mismatch(named)
        try:
            child = self._children.get(values)  # type: ignore[arg-type] # other values than strings miss
        except TypeError:  # unhashable
            child = None
        return self._made(values) if child is None else child

    def _pick_few(self, named: dict[str, object]) -> tuple[object, ...]:
        return tuple(named[name] for name in self.label_names)

    def _made(self, values: tuple[object, ...]) -> Child:
        if len(values) != self._wanted or not self._wanted:
            raise self._mismatch(values)
        texts = tuple(str.__str__(value) if isinstance(value, str) else str(value) for value in values)
        child = self._children.get(texts)
        if child is None:
            admitted = self._guard.admit(texts)
            child = self._children.get(admitted)
            if child is None:
                # Of two threads that come here at once, both get prometheus-client's one child.
                child = self._children[admitted] = self._bind(self._family.labels(*admitted))
        return child

    def _mismatch(self, given: object) -> ValueError:
        wanted = ", ".join(self.label_names) or "none"
        return ValueError(f"{self.name} has the labels {wanted}; it was given {given!r}. Pass those, each once.")

    @property
    def _only(self) -> Child:
        if self._alone is None:
            raise self._mismatch(())
        return self._alone


class Counter(Metric[BoundCounter]):
    """Something that only grows."""

    def inc(self, value: float = 1, exemplar: Mapping[str, str] | None = None) -> None:
        """Add to a counter without labels."""
        self._only.inc(value, exemplar)


class Gauge(Metric[BoundGauge]):
    """Something that goes up and down."""

    def set(self, value: float) -> None:
        """Set a gauge without labels."""
        self._only.set(value)

    def inc(self, value: float = 1) -> None:
        """Add to a gauge without labels."""
        self._only.inc(value)

    def dec(self, value: float = 1) -> None:
        """Subtract from a gauge without labels."""
        self._only.dec(value)

    def set_to_current_time(self) -> None:
        """Set a gauge without labels to the wall clock."""
        self._only.set_to_current_time()


class Histogram(Metric[BoundHistogram]):
    """A distribution, in buckets."""

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Observe in a histogram without labels."""
        self._only.observe(value, exemplar)

    def time(self) -> Timer:
        """Time into a histogram without labels."""
        return self._only.time()


class Summary(Metric[BoundSummary]):
    """A count and a sum."""

    def observe(self, value: float) -> None:
        """Observe in a summary without labels."""
        self._only.observe(value)

    def time(self) -> Timer:
        """Time into a summary without labels."""
        return self._only.time()


class Info(Metric[Any]):
    """Facts that do not change while the process runs, as labels of a series that is always 1."""

    def info(self, values: Mapping[str, str]) -> None:
        """Set the facts."""
        self._only.info({key: str(value) for key, value in values.items()})
