"""Requests are counted and timed by route, and pass as they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from maestro_core_logging import LogContext
from maestro_monitoring.exposition import Scrape
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry
    from starlette.requests import Request


async def order(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.path_params["id"], status_code=201)


async def failing(_request: Request) -> PlainTextResponse:
    raise OSError("no")


def application() -> Starlette:
    shop = [Route("/orders/{id}", order, methods=["GET", "POST"]), Route("/failing", failing)]
    return Starlette(routes=[*shop, Mount("/inner", routes=shop)])


def test_the_route_is_the_template_and_never_the_path(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    app = mm.MetricsMiddleware(application(), registry)
    for path in ("/orders/1", "/orders/2", "/inner/orders/3", "/nowhere/4", "/nowhere/5"):
        asyncio.run(get(app, path))
    asyncio.run(get(app, "/prefix/orders/1", root_path="/prefix"))
    assert value("http_requests_total", method="GET", route="/orders/{id}", status="201") == 3
    assert value("http_requests_total", method="GET", route="/inner/orders/{id}", status="201") == 1
    assert value("http_requests_total", method="GET", route="unmatched", status="404") == 2
    assert value("http_request_duration_seconds_count", method="GET", route="/orders/{id}") == 3
    assert value("http_requests_in_progress", method="GET") == 0


def test_a_request_that_raises_is_a_500_and_goes_on_raising(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    app = mm.MetricsMiddleware(application(), registry)
    with pytest.raises(OSError, match="no"):
        asyncio.run(get(app, "/failing"))
    assert value("http_requests_total", method="GET", route="/failing", status="500") == 1


def test_a_request_whose_client_is_gone_is_a_499(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    async def endless(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.Event().wait()

    async def main() -> float | None:
        task = asyncio.create_task(get(mm.MetricsMiddleware(endless, registry)))
        await asyncio.sleep(0)
        under_way: float | None = value("http_requests_in_progress", method="GET")
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        return under_way

    assert asyncio.run(main()) == 1
    assert value("http_requests_in_progress", method="GET") == 0
    assert value("http_requests_total", method="GET", route="unmatched", status="499") == 1


def test_methods_that_nobody_knows_are_one(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    app = mm.MetricsMiddleware(application(), registry)
    for method in ("BREW", "WHEN", "X" * 1_000):
        asyncio.run(get(app, "/nowhere", method=method))
    assert value("http_requests_total", method="other", route="unmatched", status="404") == 3


def test_answers_pass_untouched(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    plain = asyncio.run(get(application(), "/orders/1"))
    assert asyncio.run(get(mm.MetricsMiddleware(application(), registry), "/orders/1")) == plain


def test_excluded_paths_and_other_protocols_are_not_counted(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    counted = mm.MetricsMiddleware(app, registry, exclude=["/metrics"])
    asyncio.run(get(counted, "/metrics"))
    asyncio.run(get(counted, "/", type="websocket"))
    asyncio.run(get(counted, "/", type="lifespan"))
    assert seen == ["http", "websocket", "lifespan"]
    assert value("http_requests_total", method="GET", route="unmatched", status="200") is None
    with pytest.raises(TypeError, match="list of paths"):
        mm.MetricsMiddleware(app, registry, exclude="/metrics")


def test_nested_twice_a_request_counts_once(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    """And the second one on a registry finds the metrics of the first."""
    app = mm.MetricsMiddleware(mm.MetricsMiddleware(application(), registry), registry)
    asyncio.run(get(app, "/orders/1"))
    assert value("http_requests_total", method="GET", route="/orders/{id}", status="201") == 1


def test_other_frameworks_say_what_their_route_is(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        scope["matched"] = "/things/<id>"
        await send({"type": "http.response.start", "status": 204, "headers": []})

    def route_of(scope: Any) -> str | None:
        return None if scope["path"] == "/none" else str(scope["matched"])

    counted = mm.MetricsMiddleware(app, registry, route_of=route_of)
    asyncio.run(get(counted, "/things/7"))
    asyncio.run(get(counted, "/none"))
    assert value("http_requests_total", method="GET", route="/things/<id>", status="204") == 1
    assert value("http_requests_total", method="GET", route="unmatched", status="204") == 1


def test_an_engine_is_fed_and_one_that_fails_breaks_no_answer(
    registry: CollectorRegistry, value: Callable[..., Any], get: Callable[..., Any]
) -> None:
    heard: list[tuple[str, str, int]] = []

    def on_request(method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        heard.append((method, route, status))
        raise RuntimeError("no")

    app = mm.MetricsMiddleware(application(), registry, on_request=on_request)
    status, _, _ = asyncio.run(get(app, "/orders/1"))
    assert (status, heard) == (201, [("GET", "/orders/{id}", 201)])
    assert value("maestro_monitoring_collector_errors_total", collector="MetricsMiddleware") == 1


def test_durations_carry_the_trace_of_the_request(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    app = mm.MetricsMiddleware(application(), registry)
    with LogContext(trace_id="abc"):
        asyncio.run(get(app, "/orders/1"))
    body, _ = Scrape(registry).render("application/openmetrics-text; version=1.0.0")
    assert b'# {trace_id="abc"}' in body
