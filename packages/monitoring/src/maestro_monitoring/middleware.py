"""Metrics of requests for ASGI applications: FastAPI, Starlette, Litestar, Quart; no framework is imported."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any

from .metric_set import DEFAULT_BUCKETS, MetricSet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence

    from prometheus_client import CollectorRegistry

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]
    OnRequest = Callable[[str, str, int, float], object]

__all__ = ["UNMATCHED", "MetricsMiddleware"]

UNMATCHED = "unmatched"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"))
_CLIENT_GONE = 499  # nginx's number for a request whose client did not wait for the answer
_SEEN = "maestro_monitoring.counted"


class MetricsMiddleware:
    """Counts and times HTTP requests: `http_requests_total{method,route,status}`,
    `http_request_duration_seconds{method,route}`, `http_requests_in_progress{method}`.

    `route` is the template that the framework matched, as `/orders/{id}`, or "unmatched": never a path, of which
    there is no end. A request that raises counts as 500, a cancelled one as 499. Bodies and headers pass untouched;
    websockets are not counted. Nested twice, the outer one counts. Put core-logging's middleware outside of it, and
    durations carry the trace of the request as exemplars.

    Args:
        app: the application.
        registry: prometheus-client's default one when None.
        exclude: paths that are not counted, such as the one that metrics are served on.
        buckets: of the durations, in seconds.
        route_of: the template of a request by its ASGI scope after it was served, for frameworks that do not leave it
            in `scope["route"]`; None is "unmatched".
        on_request: called with method, route, status and seconds of each request, to feed an `SLOEngine`, say; it
            must not block, and its errors are counted with those of collectors and swallowed.
    """  # noqa: D205 - three names do not fit one line

    def __init__(
        self,
        app: App,
        registry: CollectorRegistry | None = None,
        *,
        exclude: Collection[str] = (),
        buckets: Sequence[float] = DEFAULT_BUCKETS,
        route_of: Callable[[Scope], str | None] | None = None,
        on_request: OnRequest | None = None,
    ) -> None:
        if isinstance(exclude, str):
            raise TypeError(f"exclude must be a list of paths, not the string {exclude!r}; write [{exclude!r}].")
        metrics = MetricSet.of(registry)
        self.app = app
        self._exclude = frozenset(exclude)
        self._route_of = route_of or _template
        self._on_request = on_request
        self._failed = metrics.tally.failed
        self._requests = metrics.counter("http_requests", "Requests answered.", ("method", "route", "status"))
        self._durations = metrics.histogram(
            "http_request_duration_seconds",
            "From request to the end of the answer.",
            ("method", "route"),
            buckets=buckets,
        )
        self._in_progress = metrics.gauge("http_requests_in_progress", "Requests under way.", ("method",), unit="")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] in self._exclude or _SEEN in scope:
            await self.app(scope, receive, send)
            return
        scope[_SEEN] = True
        method = scope["method"] if scope["method"] in _METHODS else "other"
        in_progress = self._in_progress.labels(method)
        root, status = scope.get("root_path", ""), 500

        async def watching(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        in_progress.inc()
        started = perf_counter()
        try:
            await self.app(scope, receive, watching)
        except asyncio.CancelledError:
            status = _CLIENT_GONE
            raise
        except BaseException:
            status = 500
            raise
        finally:
            seconds = perf_counter() - started
            in_progress.dec()
            self._count(scope, root, method, status, seconds)

    def _count(self, scope: Scope, root: str, method: str, status: int, seconds: float) -> None:
        try:
            route = self._route_of(scope)
            if route is None:
                route = UNMATCHED
            elif self._route_of is _template:
                route = scope.get("root_path", "")[len(root) :] + route  # of an application mounted in another
            self._requests.labels(method, route, str(status)).inc()
            self._durations.labels(method, route).observe(seconds)
            if self._on_request is not None:
                self._on_request(method, route, status, seconds)
        except Exception as error:  # noqa: BLE001 - the answer is sent; who watches must not break it
            self._failed("MetricsMiddleware", error)


def _template(scope: Scope) -> str | None:
    """The path template of the route that Starlette (from 1.8 on), FastAPI and their kin leave in the scope."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else None
