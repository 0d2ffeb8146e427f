"""A scrape holds what was counted, in the format that was asked for, whoever fails."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_core_logging import LogContext
from maestro_monitoring import exposition
from maestro_monitoring.exposition import Scrape
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1"

parse_openmetrics: Any = openmetrics_parser.text_string_to_metric_families

LABEL = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBER = st.floats(0, 1e12, allow_nan=False)


def samples(families: Any) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(st.tuples(LABEL, NUMBER), max_size=12), st.text(max_size=20).filter(str.isprintable))
def test_what_is_exposed_parses_back_equal(rows: list[tuple[str, float]], documentation: str) -> None:
    registry = CollectorRegistry()
    counter = mm.counter("c", documentation, ["a"], registry=registry)
    gauge = mm.gauge("g_jobs", documentation, ["a"], registry=registry)
    histogram = mm.histogram("h_seconds", documentation, ["a"], buckets=[1, 10], registry=registry)
    for label, number in rows:
        counter.labels(label).inc(number)
        gauge.labels(label).set(-number)
        histogram.labels(label).observe(number)
    mm.info("build", registry=registry).info({label: label for label in ("x", "y")})
    exposed = samples(Scrape(registry).collect())
    text, _ = Scrape(registry).render("")
    assert samples(parse_text(text.decode())) == exposed
    openmetrics, _ = Scrape(registry).render(OPENMETRICS)
    assert samples(parse_openmetrics(openmetrics.decode())) == exposed


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        ("text/html", "text/plain; version=0.0.4"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0"),
        (PROMETHEUS, "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=abc", "text/plain; version=0.0.4"),
        ("\xff;;q=,", "text/plain; version=0.0.4"),
    ],
)
def test_the_format_is_the_one_that_is_accepted(
    accept: str, content_type: str, registry: CollectorRegistry, get: Callable[..., Any]
) -> None:
    mm.counter("c", registry=registry).inc()
    status, headers, body = asyncio.run(get(mm.metrics_endpoint(registry), accept=accept))
    assert status == 200
    assert headers["content-type"].startswith(content_type)
    assert headers["content-length"] == str(len(body))
    assert (b"# EOF" in body) == ("openmetrics" in content_type)


def test_an_observation_carries_the_trace_it_was_made_in(registry: CollectorRegistry) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    histogram = mm.histogram("wait_seconds", labels=["a"], registry=registry)
    with LogContext(trace_id=trace):
        histogram.labels("x").observe(0.3)
    histogram.labels("x").observe(0.003)
    with LogContext(trace_id="x" * 1_000):
        histogram.labels("x").observe(7)
    histogram.labels("x").observe(20, exemplar={"order": "7"})
    body, _ = Scrape(registry).render(OPENMETRICS)
    found = {
        sample.labels["le"]: sample.exemplar.labels
        for family in parse_openmetrics(body.decode())
        for sample in family.samples
        if sample.exemplar
    }
    assert found == {"0.5": {"trace_id": trace}, "+Inf": {"order": "7"}}


def test_a_counter_takes_an_exemplar_and_a_histogram_may_be_without(registry: CollectorRegistry) -> None:
    mm.counter("c", registry=registry).inc(exemplar={"trace_id": "a"})
    with LogContext(trace_id="b"):
        mm.histogram("h_seconds", exemplars=False, registry=registry).observe(1)
    body, _ = Scrape(registry).render(OPENMETRICS)
    found = [s.exemplar.labels for f in parse_openmetrics(body.decode()) for s in f.samples if s.exemplar]
    assert found == [{"trace_id": "a"}]


class Broken:
    """A collector that fails in the middle."""

    def collect(self) -> Iterator[Any]:
        yield from ()
        raise RuntimeError("secret=hunter2")


def test_a_failing_collector_loses_its_own_samples_and_no_others(
    registry: CollectorRegistry, value: Callable[..., Any], logged: list[dict[str, Any]]
) -> None:
    mm.counter("before", registry=registry).inc()
    registry.register(Broken())
    mm.counter("after", registry=registry).inc()
    assert (value("before_total"), value("after_total")) == (1, 1)
    assert value("maestro_monitoring_collector_errors_total", collector="Broken") == 3  # of three scrapes
    assert [(line["collector"], line["error"]) for line in logged] == [("Broken", "RuntimeError")]


def test_names_can_be_asked_for(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    mm.counter("wanted", labels=["a"], registry=registry).labels("x").inc()
    mm.counter("other", registry=registry).inc()
    endpoint = mm.metrics_endpoint(registry)
    _, _, body = asyncio.run(get(endpoint, query="name[]=wanted_total&name[]=missing"))
    assert samples(parse_text(body.decode())) == {("wanted_total", frozenset({("a", "x")})): 1}
    _, _, body = asyncio.run(get(endpoint))
    assert b"other_total" in body


def test_head_and_wrong_methods_and_websockets(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    endpoint = mm.metrics_endpoint(registry)
    status, headers, body = asyncio.run(get(endpoint, method="HEAD"))
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) >= 0
    status, headers, _ = asyncio.run(get(endpoint, method="POST"))
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    with pytest.raises(ValueError, match="over HTTP, not websocket"):
        asyncio.run(get(endpoint, type="websocket"))


class Witness:
    """A collector that says which thread asked, and how many do at once."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.now = self.most = 0
        self.hold = threading.Event()
        self.hold.set()
        self.entered = threading.Event()

    def collect(self) -> list[Any]:
        self.threads.append(threading.get_ident())
        self.now += 1
        self.most = max(self.most, self.now)
        self.entered.set()
        assert self.hold.wait(30)
        self.now -= 1
        return []


def test_a_large_scrape_is_rendered_beside_the_event_loop(
    registry: CollectorRegistry, get: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small one is not worth a thread."""
    monkeypatch.setattr(exposition, "OFF_LOOP_ABOVE", 50)
    witness = Witness()
    registry.register(witness)
    counter = mm.counter("c", labels=["a"], registry=registry)
    endpoint = mm.metrics_endpoint(registry)

    async def main() -> None:
        counter.labels("first").inc()
        await get(endpoint)
        for number in range(100):
            counter.labels(str(number)).inc()
        await get(endpoint)
        await get(endpoint)

    asyncio.run(main())
    here = threading.get_ident()
    assert [thread == here for thread in witness.threads] == [True, True, False]


def test_one_scrape_at_a_time_and_the_loop_goes_on(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    """While one hangs in a thread, others wait without holding the loop up, and a cancelled one harms nobody."""
    witness = Witness()
    registry.register(witness)
    endpoint = mm.metrics_endpoint(registry)
    endpoint._scrape.samples = exposition.OFF_LOOP_ABOVE + 1

    async def main() -> list[int]:
        witness.hold.clear()
        scrapes = [asyncio.create_task(get(endpoint)) for _ in range(4)]
        assert await asyncio.to_thread(witness.entered.wait, 30)  # the loop turns
        waiting = [thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")]
        assert len(waiting) <= 2  # the one that renders, and the one that waited for it: no pile of threads
        scrapes[0].cancel()
        for _ in range(20):
            await asyncio.sleep(0)
        witness.hold.set()
        done = await asyncio.gather(*scrapes, return_exceptions=True)
        assert isinstance(done[0], asyncio.CancelledError)
        return [answer[0] for answer in done[1:]]  # type: ignore[index] # the others were answered

    assert asyncio.run(main()) == [200] * 3
    assert witness.most == 1


def test_it_can_be_mounted_in_an_application(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount, Route

    mm.counter("c", registry=registry).inc()
    for route in (Mount("/metrics", mm.metrics_endpoint(registry)), Route("/metrics", mm.metrics_endpoint(registry))):
        status, _, body = asyncio.run(get(Starlette(routes=[route]), "/metrics" + "/" * isinstance(route, Mount)))
        assert (status, b"c_total 1.0" in body) == (200, True)
