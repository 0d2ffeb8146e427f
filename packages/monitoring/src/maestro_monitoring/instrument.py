"""Shows in metrics what any long-lived object of the platform tells of itself by `stats()` and `subscribe()`."""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import prometheus_client
from prometheus_client.metrics_core import UnknownMetricFamily

from .metric_set import MetricSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

__all__ = ["HasStats", "instrument"]


@runtime_checkable
class HasStats(Protocol):
    """What `instrument` reads; `subscribe(callback) -> unsubscribe` is used where there is one."""

    def stats(self) -> dict[str, int | float | str]:
        """Flat figures: numbers, and texts such as a state."""
        raise NotImplementedError


def instrument(
    obj: HasStats, name: str | None = None, *, registry: CollectorRegistry | None = None
) -> Callable[[], None]:
    """Show an object's `stats()` at each scrape, and count its events; returns the function that ends it.

    A number `calls` of a `CircuitBreaker` becomes the series `maestro_circuit_breaker_calls{name="payments"}`, a text
    `state` becomes `maestro_circuit_breaker_state{name="payments",state="closed"} 1`, and what `subscribe` tells
    `maestro_events_total{source="circuit_breaker",name="payments",kind="circuit_breaker.opened"}`. `stats()` is read
    at scrapes only, from whatever thread serves them; when it fails, only its own series are missing.

    Of two objects with one class and name, the later is shown. With several worker processes events are added up, and
    `stats()` are not shown, since the process that is scraped cannot read those of the others.

    Args:
        obj: it is kept alive until the returned function is called.
        name: its `name`, or else its class, when None.
        registry: prometheus-client's default one when None.
    """
    if not isinstance(obj, HasStats):
        raise TypeError(f"{obj!r} has no stats(); instrument an object that tells its figures by stats().")
    chosen = prometheus_client.REGISTRY if registry is None else registry
    kind = _snake(type(obj).__name__)
    shown = str(name if name is not None else getattr(obj, "name", None) or kind)
    undo = [Instruments.of(chosen).add(kind, shown, obj)]
    subscribe = getattr(obj, "subscribe", None)
    if callable(subscribe):
        events = MetricSet.of(chosen).counter(
            "maestro_events", "What instrumented objects told.", ("source", "name", "kind")
        )
        undo.append(subscribe(lambda event: events.labels(kind, shown, _kind_of(event)).inc()))

    def end() -> None:
        while undo:
            undo.pop()()

    return end


class Instruments:
    """The collector of one registry that holds every instrumented object: one family per figure, whoever has it."""

    _of: ClassVar[weakref.WeakKeyDictionary[CollectorRegistry, Instruments]] = weakref.WeakKeyDictionary()
    _of_lock = threading.Lock()

    def __init__(self, registry: CollectorRegistry) -> None:
        self._failed = MetricSet.of(registry).tally.failed
        self._objects: dict[tuple[str, str], HasStats] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Instruments:
        """The one of a registry."""
        with cls._of_lock:
            found = cls._of.get(registry)
            if found is None:
                found = cls._of[registry] = cls(registry)
                registry.register(found)
            return found

    def add(self, kind: str, name: str, obj: HasStats) -> Callable[[], None]:
        """Show an object, in place of one of the same kind and name; returns the undo."""
        with self._lock:
            self._objects[kind, name] = obj

        def remove() -> None:
            with self._lock:
                if self._objects.get((kind, name)) is obj:
                    del self._objects[kind, name]

        return remove

    def describe(self) -> list[Metric]:
        """Nothing is known before the objects are asked; asking them at registration would be too early."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask every object."""
        with self._lock:
            objects = list(self._objects.items())
        families: dict[str, UnknownMetricFamily] = {}
        for (kind, name), obj in objects:
            try:
                for key, value in obj.stats().items():
                    _show(families, kind, name, str(key), value)
            except Exception as error:  # noqa: BLE001 - it loses its own samples, and no others
                self._failed(f"{kind} {name}", error)
        yield from families.values()


def _show(families: dict[str, UnknownMetricFamily], kind: str, name: str, key: str, value: Any) -> None:
    figure = _snake(key)
    if figure == "name":
        return
    text = isinstance(value, str)
    full = f"maestro_{kind}_{figure}"
    labels = ("name", figure) if text else ("name",)
    family = families.get(full)
    if family is None:
        family = UnknownMetricFamily(full, f"{key} of stats()", labels=labels)
        families[full] = family
    number = 1.0 if text else float(value)
    family.add_sample(full, {"name": name, figure: value} if text else {"name": name}, number)


def _kind_of(event: object) -> str:
    """How an event is called, whatever the class of its library."""
    if isinstance(event, Mapping):
        return str(event.get("kind", "event"))
    return event if isinstance(event, str) else str(getattr(event, "kind", type(event).__name__))


def _snake(name: str) -> str:
    """`CircuitBreaker` -> `circuit_breaker`, and every other character than letters and digits an underscore."""
    return re.sub(
        r"\W", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name), flags=re.ASCII
    ).lower()
