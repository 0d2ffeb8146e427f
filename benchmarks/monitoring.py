# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "fastapi>=0.115",
#     "opentelemetry-sdk>=1.30",
#     "prometheus-client>=0.23",
#     "prometheus-fastapi-instrumentator>=7",
# ]
# ///
"""What a sample, a request, a scrape and the import cost, beside prometheus-client, OpenTelemetry, an instrumentator.

Run from the repository root: `python benchmarks/monitoring.py [--json DIR]`. Every contender counts the same two label
values by name, as code does that has them at hand; the children exist already, as nearly always.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import maestro_monitoring as ours
import prometheus_client
from harness import Row, interleave, report, rows
from maestro_monitoring.exposition import Scrape
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CALLS = 5_000
REQUESTS = 500
ROUNDS = 9
SERIES = 5_000
WORKERS = 4
MIDDLEWARE_BUDGET = 8 / 1.5  # 8 us where prometheus-client's increment takes 1.5 us, so that load counts for both

PROM, BOUND, OTEL = "prometheus-client labels()", "prometheus-client bound", "OpenTelemetry SDK"


def per_call(contenders: Mapping[str, Callable[[], object]], calls: int = CALLS) -> dict[str, float]:
    """Median seconds of one call of each contender."""
    medians = interleave({name: _batch(call, calls) for name, call in contenders.items()}, rounds=ROUNDS)
    return {name: seconds / calls for name, seconds in medians.items()}


def _batch(call: Callable[[], object], calls: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(calls):
            call()

    return run


def samples() -> list[Row]:
    """Counting and observing."""
    registry = prometheus_client.CollectorRegistry()
    mine = ours.counter("ours", labels=("method", "route"), registry=registry)
    observed = ours.histogram("ours_seconds", labels=("method", "route"), registry=registry)
    collector = ours.MetricsCollector("bench", registry)
    peer = prometheus_client.Counter("peer", "", ("method", "route"), registry=registry)
    peer_observed = prometheus_client.Histogram("peer_seconds", "", ("method", "route"), registry=registry)
    meter = MeterProvider(metric_readers=[InMemoryMetricReader()]).get_meter("bench")
    otel, otel_observed = meter.create_counter("otel"), meter.create_histogram("otel_seconds")
    child, peer_child = mine.labels("GET", "/a"), peer.labels("GET", "/a")
    medians = per_call(
        {
            "ours": lambda: mine.labels(method="GET", route="/a").inc(),
            "by name": lambda: collector.increment_counter("ours", method="GET", route="/a"),
            "ours bound": child.inc,
            PROM: lambda: peer.labels(method="GET", route="/a").inc(),
            BOUND: peer_child.inc,
            OTEL: lambda: otel.add(1, {"method": "GET", "route": "/a"}),
            "observe": lambda: observed.labels(method="GET", route="/a").observe(0.2),
            "peer observe": lambda: peer_observed.labels(method="GET", route="/a").observe(0.2),
            "otel observe": lambda: otel_observed.record(0.2, {"method": "GET", "route": "/a"}),
        }
    )
    observing = {PROM: medians["peer observe"], OTEL: medians["otel observe"], "ours": medians["observe"]}
    return [
        *rows("guarded increment, two labels", medians, ours="ours", targets={PROM: 1.2, OTEL: 0.35}),
        *rows("increment by metric name, two labels", medians, ours="by name", targets={PROM: None, OTEL: None}),
        *rows("bound increment", medians, ours="ours bound", targets={BOUND: None}),
        *rows("guarded observation with exemplar", observing, ours="ours", targets={PROM: None, OTEL: None}),
    ]


async def _answer(_request: Any) -> PlainTextResponse:
    return PlainTextResponse("ok")


def _application() -> Starlette:
    return Starlette(routes=[Route("/orders/{id}", _answer)])


def requests() -> list[Row]:
    """A request through an application with a route, bare and with middlewares."""
    instrumented = _application()
    peer_registry = prometheus_client.CollectorRegistry()
    Instrumentator(registry=peer_registry).instrument(instrumented)
    contenders: dict[str, Any] = {
        "bare": _application(),
        "ours": ours.MetricsMiddleware(_application(), prometheus_client.CollectorRegistry()),
        "fastapi-instrumentator": instrumented,
    }
    loop = asyncio.new_event_loop()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: Any) -> None:
        """Sent nowhere."""

    def batch(app: Any) -> Callable[[], None]:
        async def run() -> None:
            for _ in range(REQUESTS):
                scope = {"type": "http", "method": "GET", "path": "/orders/1", "headers": [], "query_string": b""}
                await app({**scope, "root_path": "", "raw_path": b"/orders/1"}, receive, send)

        return lambda: loop.run_until_complete(run())

    peer = prometheus_client.Counter("peer", "", ("method", "route"), registry=peer_registry)
    increment = _batch(lambda: peer.labels(method="GET", route="/a").inc(), REQUESTS)
    try:
        medians = interleave({PROM: increment} | {name: batch(app) for name, app in contenders.items()}, rounds=ROUNDS)
    finally:
        loop.close()
    added = {name: (medians[name] - medians["bare"]) / REQUESTS for name in contenders}
    targets = {PROM: MIDDLEWARE_BUDGET, "fastapi-instrumentator": None}
    return rows(
        "middleware, added to a request", added | {PROM: medians[PROM] / REQUESTS}, ours="ours", targets=targets
    )


WORKER = f"""
import sys, maestro_monitoring as mm
counter = mm.counter("requests", labels=["route", "status"], max_label_values=10_000)
for number in range({SERIES}):
    counter.labels(str(number), "200").inc()
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def workers() -> Iterator[None]:
    """Worker processes that are alive and have counted."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        started = [
            subprocess.Popen([sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(WORKERS)
        ]
        try:
            for each in started:
                assert each.stdout is not None
                each.stdout.readline()
            yield
        finally:
            for each in started:
                each.communicate()
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def scrapes() -> list[Row]:
    """Rendering what one process holds, and what the files of several do."""
    registry = prometheus_client.CollectorRegistry()
    counter = ours.counter("requests", labels=("route", "status"), max_label_values=10_000, registry=registry)
    for number in range(SERIES):
        counter.labels(str(number), "200").inc()
    scrape = Scrape(registry)
    peer = "prometheus-client generate_latest"
    one = interleave(
        {"ours": lambda: _drop(scrape.render("")), peer: lambda: _drop(prometheus_client.generate_latest(registry))},
        rounds=ROUNDS,
    )
    found = rows(f"scrape of {SERIES} series", one, ours="ours", targets={peer: None})
    with workers():
        merging = Scrape(prometheus_client.CollectorRegistry())

        def by_peer() -> None:
            other = prometheus_client.CollectorRegistry()
            collecting: Any = MultiProcessCollector  # it has no types
            collecting(other)
            prometheus_client.generate_latest(other)

        peer = "MultiProcessCollector"
        many = interleave({"ours": lambda: _drop(merging.render("")), peer: by_peer}, rounds=ROUNDS)
    return found + rows(f"scrape of {WORKERS} workers, {SERIES} series each", many, ours="ours", targets={peer: None})


def _drop(_result: object) -> None:
    """Nobody wants it."""


def imports() -> list[Row]:
    """The import, beside the import of what it requires, each in a process of its own and timed inside of it."""
    contenders = {"ours": "maestro_monitoring", "its requirements": "prometheus_client, maestro_core_logging"}
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(2 * ROUNDS):
        for name, modules in contenders.items():
            program = f"import time; start = time.perf_counter(); import {modules}; print(time.perf_counter() - start)"
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
            taken[name].append(float(done.stdout))
    medians = {name: statistics.median(values) for name, values in taken.items()}
    return rows("import", medians, ours="ours", targets={"its requirements": 1.3})


def main() -> None:
    """Measure and print; `--json DIR` also writes the rows there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=None, metavar="DIR")
    chosen = parser.parse_args()
    report("monitoring", [*samples(), *requests(), *scrapes(), *imports()], into=chosen.json)


if __name__ == "__main__":
    main()
