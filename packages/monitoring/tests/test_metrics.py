"""Metrics: how they may be called, what they count, and what they refuse."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


def test_the_five_kinds_count_and_are_found_in_a_scrape(registry: CollectorRegistry, value: Callable[..., Any]) -> None:
    mm.counter("orders_total", "Orders.", ["shop"], registry=registry).labels(shop="berlin").inc(2)
    mm.gauge("queued_jobs", registry=registry).set(7)
    mm.histogram("wait_seconds", registry=registry).observe(0.2)
    mm.summary("sent_bytes", registry=registry).observe(10)
    mm.info("build", registry=registry).info({"commit": "abc"})
    assert value("orders_total", shop="berlin") == 2
    assert value("queued_jobs") == 7
    assert (value("wait_seconds_bucket", le="0.1"), value("wait_seconds_bucket", le="0.25")) == (0, 1)
    assert (value("sent_bytes_sum"), value("sent_bytes_count")) == (10, 1)
    assert value("build_info", commit="abc") == 1


def test_the_default_buckets_reach_from_5_ms_to_10_s() -> None:
    assert (mm.DEFAULT_BUCKETS[0], mm.DEFAULT_BUCKETS[-1]) == (0.005, 10.0)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("counter", "orders"),
        ("counter", "orders_total"),
        ("counter", "cpu_seconds_total"),
        ("gauge", "queued_jobs"),
        ("gauge", "used_ratio"),
        ("histogram", "request_duration_seconds"),
        ("summary", "body_bytes"),
        ("info", "build"),
        ("info", "build_info"),
    ],
)
def test_a_name_that_says_its_unit_is_accepted(kind: str, name: str, registry: CollectorRegistry) -> None:
    assert getattr(mm, kind)(name, registry=registry) is getattr(mm, kind)(name, registry=registry)


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("counter", "order-total", "no metric name"),
        ("counter", "9lives", "no metric name"),
        ("counter", "a:b", "recording rules"),
        ("counter", "", "no metric name"),
        ("counter", "überzeugt", "no metric name"),
        ("counter", "wait_ms_total", "seconds"),
        ("gauge", "queue_depth", "does not end in a unit"),
        ("gauge", "status", "does not end in a unit"),
        ("gauge", "latency_ms", "measure in seconds"),
        ("gauge", "heap_mb", "measure in bytes"),
        ("gauge", "cpu_percent", "measure in ratio"),
        ("gauge", "orders_total", "may not"),
        ("histogram", "latency_sum", "may not"),
        ("histogram", "wait_bucket", "may not"),
        ("summary", "wait_count", "may not"),
    ],
)
def test_a_name_that_does_not_is_refused_and_told_what_to_write(
    kind: str, name: str, says: str, registry: CollectorRegistry
) -> None:
    with pytest.raises(ValueError, match=says):
        getattr(mm, kind)(name, registry=registry)


def test_a_unit_is_joined_to_a_name_and_none_is_said_by_the_empty_string(registry: CollectorRegistry) -> None:
    assert mm.histogram("wait", unit="seconds", registry=registry).name == "wait_seconds"
    assert mm.histogram("wait_seconds", unit="seconds", registry=registry).name == "wait_seconds"
    assert mm.gauge("load_average", unit="", registry=registry).name == "load_average"


@pytest.mark.parametrize(
    ("kind", "labels", "says"),
    [
        ("counter", ["a-b"], "no label name"),
        ("counter", ["__a"], "no label name"),
        ("counter", ["a", "a"], "repeat"),
        ("histogram", ["le"], "belongs to every histogram"),
        ("summary", ["quantile"], "belongs to every summary"),
    ],
)
def test_a_bad_label_is_refused_at_definition(
    kind: str, labels: list[str], says: str, registry: CollectorRegistry
) -> None:
    with pytest.raises(ValueError, match=says):
        getattr(mm, kind)("x_seconds", labels=labels, registry=registry)
    with pytest.raises(TypeError, match="list of names"):
        getattr(mm, kind)("x_seconds", labels="shop", registry=registry)


@pytest.mark.parametrize("buckets", [[], [1, 1], [2, 1], [math.nan], [math.inf]])
def test_bad_buckets_are_refused(buckets: list[float], registry: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="finite and ascending"):
        mm.histogram("x_seconds", buckets=buckets, registry=registry)


def test_the_same_shape_again_is_the_same_metric_and_another_one_is_refused(registry: CollectorRegistry) -> None:
    first = mm.counter("orders", "Orders.", ["shop"], registry=registry)
    assert mm.counter("orders_total", "Said otherwise.", ("shop",), registry=registry) is first
    assert mm.MetricsCollector("x", registry).counter("orders", labels=["shop"]) is first
    again: list[Callable[[], object]] = [
        lambda: mm.counter("orders", labels=["shop", "kind"], registry=registry),
        lambda: mm.counter("orders", labels=["shop"], max_label_values=5, registry=registry),
        lambda: mm.info("orders", registry=registry),
    ]
    for define in again:
        with pytest.raises(ValueError, match="exists already as a counter"):
            define()
    mm.histogram("x_seconds", registry=registry)
    with pytest.raises(ValueError, match="buckets"):
        mm.histogram("x_seconds", buckets=[1], registry=registry)


def test_a_name_that_somebody_else_has_registered_is_a_sentence(registry: CollectorRegistry) -> None:
    prometheus_client.Gauge("queued_jobs", "", registry=registry)
    with pytest.raises(ValueError, match="queued_jobs cannot be registered"):
        mm.gauge("queued_jobs", registry=registry)


def test_a_registry_that_nobody_holds_is_let_go() -> None:
    import gc
    import weakref

    registry = CollectorRegistry()
    mm.counter("orders", registry=registry).inc()
    gone = weakref.ref(registry)
    del registry
    gc.collect()
    assert gone() is None


def test_labels_are_given_by_name_or_by_place_and_any_value_becomes_a_string(
    registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    counter = mm.counter("calls", labels=["a", "b"], registry=registry)
    counter.labels("x", 1).inc()
    counter.labels(b="1", a="x").inc()
    counter.labels(a="x", b=True).inc()
    counter.labels(["un", "hashable"], None).inc()
    assert value("calls_total", a="x", b="1") == 2
    assert value("calls_total", a="x", b="True") == 1
    assert value("calls_total", a="['un', 'hashable']", b="None") == 1


def test_labels_that_are_not_the_metrics_are_refused(registry: CollectorRegistry) -> None:
    pair = mm.counter("calls", labels=["a", "b"], registry=registry)
    single = mm.counter("single", labels=["a"], registry=registry)
    plain = mm.counter("plain", registry=registry)
    wrong: list[Callable[[], object]] = [
        lambda: pair.labels("x"),
        lambda: pair.labels(a="x"),
        lambda: pair.labels(a="x", c="y"),
        lambda: pair.labels(a="x", b="y", c="z"),
        pair.labels,
        pair.inc,
        lambda: single.labels(b=1),
        lambda: plain.labels("x"),
    ]
    for call in wrong:
        with pytest.raises(ValueError, match="has the labels"):
            call()


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_sample_that_is_no_finite_number_is_dropped_and_counted(
    bad: float, registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    mm.counter("c", registry=registry).inc(bad)
    mm.histogram("h_seconds", registry=registry).observe(bad)
    mm.summary("s_seconds", registry=registry).observe(bad)
    mm.gauge("g_jobs", registry=registry).inc(bad)
    mm.gauge("g_jobs", registry=registry).dec(bad)
    assert [value(name) for name in ("c_total", "h_seconds_count", "s_seconds_count", "g_jobs")] == [0] * 4
    reason = "nan" if math.isnan(bad) else "infinite"
    counts = [
        value("maestro_monitoring_dropped_samples_total", metric=name, reason=reason)
        for name in ("c", "h_seconds", "s_seconds", "g_jobs")
    ]
    assert counts == [1, 1, 1, 2]


def test_a_gauge_may_be_infinite_but_not_nan(registry: CollectorRegistry, value: Callable[..., Any]) -> None:
    gauge = mm.gauge("left_seconds", registry=registry)
    gauge.set(math.inf)
    gauge.set(math.nan)
    assert value("left_seconds") == math.inf


def test_a_counter_does_not_go_down(registry: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        mm.counter("c", registry=registry).inc(-1)


def test_a_gauge_goes_both_ways_and_knows_the_time(registry: CollectorRegistry, value: Callable[..., Any]) -> None:
    gauge = mm.gauge("open_files", registry=registry)
    gauge.inc(3)
    gauge.dec()
    assert value("open_files") == 2
    gauge.set_to_current_time()
    now = value("open_files")
    assert isinstance(now, float)
    assert now > 1.7e9


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1_000)), max_size=50))
def test_a_counter_is_the_sum_of_what_it_was_given(samples: list[tuple[str, int]]) -> None:
    registry = CollectorRegistry()
    counter = mm.counter("given", labels=["to"], registry=registry)
    for to, amount in samples:
        counter.labels(to).inc(amount)
    for to in {to for to, _ in samples}:
        assert registry.get_sample_value("given_total", {"to": to}) == sum(n for other, n in samples if other == to)


def test_many_threads_lose_nothing(registry: CollectorRegistry) -> None:
    """Also of children that several threads make at once."""
    counter = mm.counter("hits", labels=["place"], registry=registry)
    begin = threading.Barrier(8)

    def work() -> None:
        begin.wait()
        for number in range(500):
            counter.labels(str(number % 50)).inc()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    values = [registry.get_sample_value("hits_total", {"place": str(number)}) for number in range(50)]
    assert values == [80.0] * 50


class TestCollector:
    """`MetricsCollector` counts by name."""

    def test_a_first_sample_defines_the_metric(self, registry: CollectorRegistry, value: Callable[..., Any]) -> None:
        metrics = mm.MetricsCollector(service_name="orders", registry=registry)
        metrics.increment_counter("orders_total", shop="berlin")
        metrics.increment_counter("orders_total", 2, labels={"shop": "berlin"})
        metrics.increment_counter("plain")
        metrics.set_gauge("queued_jobs", 3)
        metrics.record_histogram("wait_seconds", 0.2)
        metrics.set_gauge("odd_jobs", 1, labels={"value": "x", "name": "y"})
        assert value("orders_total", shop="berlin") == 3
        assert (value("plain_total"), value("queued_jobs"), value("wait_seconds_count")) == (1, 3, 1)
        assert value("odd_jobs", value="x", name="y") == 1

    def test_later_samples_have_to_be_like_the_first(self, registry: CollectorRegistry) -> None:
        metrics = mm.MetricsCollector("orders", registry)
        metrics.increment_counter("orders", shop="berlin")
        with pytest.raises(ValueError, match="has the labels shop"):
            metrics.increment_counter("orders", region="eu")
        with pytest.raises(ValueError, match="has the labels shop"):
            metrics.increment_counter("orders")
        with pytest.raises(ValueError, match="is a counter, not a gauge"):
            metrics.set_gauge("orders", 1)

    def test_it_takes_metrics_that_were_defined_with_a_shape(self, registry: CollectorRegistry) -> None:
        metrics = mm.MetricsCollector("orders", registry)
        metrics.histogram("wait_seconds", labels=["queue"], buckets=[1])
        metrics.gauge("load", unit="")
        metrics.record_histogram("wait_seconds", 2, queue="a")
        metrics.set_gauge("load", 0.5)
        assert registry.get_sample_value("wait_seconds_bucket", {"queue": "a", "le": "1.0"}) == 0

    def test_a_timer_times_blocks_and_functions_also_those_that_fail(
        self, registry: CollectorRegistry, value: Callable[..., Any]
    ) -> None:
        metrics = mm.MetricsCollector("orders", registry)

        @metrics.timer("work_seconds", step="one")
        def plain(text: str) -> str:
            return text.upper()

        @metrics.timer("work_seconds", step="one")
        async def failing() -> None:
            raise OSError("no")

        async def main() -> None:
            async with metrics.timer("work_seconds", step="one"), metrics.timer("work_seconds", step="one"):
                await asyncio.sleep(0)

        assert plain("a") == "A"
        with pytest.raises(OSError, match="no"):
            asyncio.run(failing())
        asyncio.run(main())
        with mm.summary("s_seconds", registry=registry).time():
            pass
        assert value("work_seconds_count", step="one") == 4
        assert value("s_seconds_count") == 1

    def test_a_generator_is_not_timed_by_its_beginning(self, registry: CollectorRegistry) -> None:
        timer = mm.MetricsCollector("orders", registry).timer("work_seconds")

        def numbers() -> Iterator[int]:
            yield 1

        async def later() -> AsyncIterator[int]:
            yield 1

        for function in (numbers, later):
            with pytest.raises(TypeError, match="cannot decorate the generator"):
                timer(function)
            with pytest.raises(TypeError, match="cannot decorate the generator"):
                mm.trace("x")(function)

    def test_a_service_has_a_name(self) -> None:
        with pytest.raises(ValueError, match="service_name is empty"):
            mm.MetricsCollector("")
