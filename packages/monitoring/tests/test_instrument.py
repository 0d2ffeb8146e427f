"""`instrument` shows what any object tells of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import maestro_core_logging
import maestro_monitoring as mm
import pytest
from maestro_core_logging import logging_system
from maestro_resilience import CircuitBreaker, CircuitBreakerOpenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry


class Cache:
    """Any object of the platform's shape."""

    def __init__(self, name: str = "sessions") -> None:
        self.name = name
        self.figures: dict[str, Any] = {"hits": 3, "hit-ratio": 0.75, "policy": "sieve", "name": name, "warm": True}
        self.told: list[Callable[[Any], object]] = []
        self.asked = 0

    def stats(self) -> dict[str, Any]:
        self.asked += 1
        if isinstance(self.figures.get("hits"), Exception):
            raise self.figures["hits"]
        return self.figures

    def subscribe(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        self.told.append(callback)
        return lambda: self.told.remove(callback)


def test_a_breaker_is_shown_with_its_state_its_counts_and_its_events(
    registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    breaker = CircuitBreaker(failure_threshold=1, name="payments")
    mm.instrument(breaker, registry=registry)

    def failing() -> None:
        raise ConnectionError

    assert value("maestro_circuit_breaker_state", name="payments", state="closed") == 1
    with pytest.raises(ConnectionError):
        breaker.call_sync(failing)
    with pytest.raises(CircuitBreakerOpenError):
        breaker.call_sync(failing)
    assert value("maestro_circuit_breaker_state", name="payments", state="open") == 1
    assert value("maestro_circuit_breaker_state", name="payments", state="closed") is None
    assert value("maestro_circuit_breaker_rejected", name="payments") == 1
    told = {"source": "circuit_breaker", "name": "payments"}
    assert value("maestro_events_total", **told, kind="circuit_breaker.opened") == 1
    assert value("maestro_events_total", **told, kind="circuit_breaker.rejected") == 1


def test_the_logger_is_shown(
    registry: CollectorRegistry, value: Callable[..., Any], logged: list[dict[str, Any]]
) -> None:
    end = mm.instrument(logging_system, registry=registry)
    maestro_core_logging.get_logger().info("one")
    maestro_core_logging.set_level("INFO")
    assert value("maestro_logging_system_written", name="logging") == len(logged) == 1
    assert value("maestro_logging_system_writer", name="logging", writer="sync") == 1
    told = {"source": "logging_system", "name": "logging", "kind": "logging.level_changed"}
    assert value("maestro_events_total", **told) == 1
    end()
    maestro_core_logging.set_level("INFO")
    assert value("maestro_events_total", **told) == 1
    assert value("maestro_logging_system_written", name="logging") is None


def test_any_object_is_shown_numbers_texts_and_odd_names(
    registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    cache = Cache()
    mm.instrument(cache, registry=registry)
    assert cache.asked == 0  # at scrapes only
    assert value("maestro_cache_hits", name="sessions") == 3
    assert value("maestro_cache_hit_ratio", name="sessions") == 0.75
    assert value("maestro_cache_policy", name="sessions", policy="sieve") == 1
    assert value("maestro_cache_warm", name="sessions") == 1


@pytest.mark.parametrize(
    ("event", "kind"),
    [("cache.evicted", "cache.evicted"), ({"kind": "cache.evicted"}, "cache.evicted"), (7, "int"), ({}, "event")],
)
def test_events_of_any_shape_are_counted(
    event: object, kind: str, registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    cache = Cache()
    mm.instrument(cache, name="other", registry=registry)
    cache.told[0](event)
    assert value("maestro_events_total", source="cache", name="other", kind=kind) == 1


def test_two_objects_of_one_class_share_their_families(registry: CollectorRegistry) -> None:
    mm.instrument(Cache("a"), registry=registry)
    mm.instrument(Cache("b"), registry=registry)
    families = [family for family in registry.collect() if family.name == "maestro_cache_hits"]
    assert [[sample.labels["name"] for sample in family.samples] for family in families] == [["a", "b"]]


def test_an_object_that_fails_loses_its_own_series_and_no_others(
    registry: CollectorRegistry, value: Callable[..., Any], logged: list[dict[str, Any]]
) -> None:
    good, bad = Cache("good"), Cache("bad")
    bad.figures = {"hits": RuntimeError("no")}
    mm.instrument(bad, registry=registry)
    mm.instrument(good, registry=registry)
    assert value("maestro_cache_hits", name="good") == 3
    assert value("maestro_monitoring_collector_errors_total", collector="cache bad") == 2  # of two scrapes
    bad.figures = {"hits": 1}
    assert value("maestro_cache_hits", name="bad") == 1
    assert len(logged) == 1


def test_instrumenting_again_shows_the_later_object_and_its_undo_the_later_only(
    registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    """An application that is made twice in one process has no duplicate series."""
    first, second = Cache(), Cache()
    second.figures = {"hits": 10}
    end_first = mm.instrument(first, registry=registry)
    end_second = mm.instrument(second, registry=registry)
    assert value("maestro_cache_hits", name="sessions") == 10
    end_first()
    end_first()
    assert value("maestro_cache_hits", name="sessions") == 10
    assert first.told == []
    end_second()
    assert value("maestro_cache_hits", name="sessions") is None


def test_what_tells_nothing_is_refused(registry: CollectorRegistry) -> None:
    with pytest.raises(TypeError, match=r"has no stats\(\)"):
        mm.instrument(object(), registry=registry)  # type: ignore[arg-type] # that is the point
