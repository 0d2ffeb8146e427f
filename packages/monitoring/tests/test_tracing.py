"""Tracing: nothing without OpenTelemetry, real spans with it, sent over OTLP."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from maestro_core_logging import current_trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(["opentelemetry", "opentelemetry.trace", "opentelemetry.sdk.trace"]))
import asyncio
import maestro_monitoring as mm

@mm.trace
def plain(x): return x + 1

@mm.trace("named", order=7)
async def later(x): return x + 1

assert plain(1) == 2 and asyncio.run(later(1)) == 2
with mm.trace("block") as span:
    span.set_attribute("a", 1)
    span.add_event("b")
    assert not span.is_recording()
    mm.add_span_attribute("c", object())
    mm.record_exception(OSError())
with mm.get_tracer("x").start_as_current_span("y") as span:
    span.update_name("z")
with mm.get_tracer().start_span("y") as span:
    span.end()
assert not mm.get_current_span().is_recording()
try:
    asyncio.run(mm.TracingManager("orders").start())
except mm.MissingExtraError as error:
    print(error)
"""


def test_without_opentelemetry_all_of_it_does_nothing_and_exporting_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ('pip install "maestro-monitoring[otel]"\n', "")


class Spans:
    """The spans that end while a test runs."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._manager = mm.TracingManager("orders", exporter=self._exporter)
        asyncio.run(self._manager.start())

    def ended(self) -> dict[str, Any]:
        """Them by name; ends the manager, which sends what is left."""
        asyncio.run(self._manager.aclose())
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def spans() -> Iterator[Spans]:
    made = Spans()
    yield made
    made.ended()


def test_functions_and_blocks_become_spans_with_attributes_and_parents(spans: Spans) -> None:
    @mm.trace
    def inner(x: int) -> int:
        mm.add_span_attribute("doubled", x * 2)
        mm.add_span_attribute("odd", {1})
        mm.add_span_attribute("many", ["a", {2}])
        mm.add_span_attribute("nothing", None)
        return x

    @mm.trace("outer", order=7, shop=None)
    async def outer() -> int:
        with mm.trace("block"):
            await asyncio.sleep(0)
        async with mm.trace():
            pass
        return inner(2)

    assert asyncio.run(outer()) == 2
    ended = spans.ended()
    inner_name = inner.__qualname__
    assert set(ended) == {"outer", "block", inner_name}
    assert dict(ended["outer"].attributes) == {"order": 7}
    assert dict(ended[inner_name].attributes) == {"doubled": 4, "odd": "{1}", "many": ("a", "{2}")}
    assert {ended[name].parent.span_id for name in ("block", inner_name)} == {ended["outer"].context.span_id}


def test_an_exception_is_recorded_and_goes_on(spans: Spans) -> None:
    @mm.trace("raising")
    def raising() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        raising()
    with mm.trace("caught"):
        mm.record_exception(OSError("gone"))
    ended = spans.ended()
    assert ended["raising"].status.status_code is StatusCode.ERROR
    assert [event.name for event in ended["caught"].events] == ["exception"]
    assert ended["caught"].status.status_code is StatusCode.ERROR


def test_log_lines_and_exemplars_see_the_span(spans: Spans) -> None:
    with mm.trace("block") as span:
        assert current_trace()["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert set(spans.ended()) == {"block"}


def test_managers_come_and_go_and_share_the_provider() -> None:
    first, second = InMemorySpanExporter(), InMemorySpanExporter()

    async def main() -> None:
        async with mm.TracingManager("orders", exporter=first) as manager:
            await manager.start()
            with mm.trace("one"):
                pass
            async with mm.TracingManager("orders", exporter=second):
                with mm.trace("two"):
                    pass
        with mm.trace("nobody"):
            pass
        await manager.aclose()

    asyncio.run(main())
    assert [span.name for span in first.get_finished_spans()] == ["one", "two"]
    assert [span.name for span in second.get_finished_spans()] == ["two"]


class Collector(HTTPServer):
    """Takes spans over OTLP/HTTP."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                import gzip

                body = self.rfile.read(int(self.headers["content-length"]))
                body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
                request = ExportTraceServiceRequest.FromString(body)
                for resource in request.resource_spans:
                    for scope in resource.scope_spans:
                        collector.taken += [(self.path, span.name) for span in scope.spans]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quietly."""

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.mark.parametrize(("path", "arrives"), [("", "/v1/traces"), ("/", "/v1/traces"), ("/custom", "/custom")])
def test_spans_are_sent_over_otlp_http_before_the_manager_has_ended(path: str, arrives: str) -> None:
    collector = Collector()
    serving = threading.Thread(target=collector.serve_forever, args=(0.01,))
    serving.start()

    async def main() -> None:
        endpoint = f"http://127.0.0.1:{collector.server_port}{path}"
        async with mm.TracingManager("orders", "1.2.3", "test", otlp_endpoint=endpoint):
            with mm.trace("charge"):
                pass

    try:
        asyncio.run(main())
    finally:
        collector.shutdown()
        collector.server_close()
        serving.join()
    assert collector.taken == [(arrives, "charge")]


def test_an_endpoint_of_another_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match="OTLP/gRPC is not spoken"):
        mm.TracingManager("orders", otlp_endpoint="localhost:4317")
