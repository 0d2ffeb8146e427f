"""What a scrape gets: every metric of a registry as text, whoever of them fails, however many workers there are."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import prometheus_client
from prometheus_client.exposition import choose_encoder

from .metric_set import MetricSet
from .workers import collect_workers, worker_files

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, MutableMapping

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["MetricsEndpoint", "Scrape", "metrics_endpoint"]

OFF_LOOP_ABOVE = 5_000


class Scrape:
    """A registry as scrapes see it; prometheus-client's encoders and servers take it for one.

    A collector that fails loses its own samples, counted and logged once. With PROMETHEUS_MULTIPROC_DIR set, samples
    come from the files of all workers. `samples` is how many the last scrape had.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._registry = prometheus_client.REGISTRY if registry is None else registry
        self._tally = MetricSet.of(self._registry).tally
        self._lock = threading.Lock()
        self.samples = 0

    def collect(self) -> Iterator[Metric]:
        """Every metric, with its samples."""
        folder = worker_files()
        found = self._own() if folder is None else [*collect_workers(folder), *self._own(prometheus_client.Info)]
        self.samples = sum(len(each.samples) for each in found)
        yield from found

    def restricted_registry(self, names: Iterable[str]) -> Restricted:
        """The same with samples of these names only, as `?name[]=` asks for."""
        return Restricted(self, frozenset(names))

    def render(self, accept: str, names: Collection[str] = ()) -> tuple[bytes, str]:
        """The body and its content type: OpenMetrics where the Accept header has it, else Prometheus text.

        One at a time: a second caller waits for the first.
        """
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is none
            encode, content_type = choose_encoder("")
        with self._lock:
            return encode(self.restricted_registry(names) if names else self), content_type

    def values(self) -> dict[str, list[dict[str, Any]]]:
        """All samples by name, without buckets and times of creation: lists of `labels` and `value`."""
        found: dict[str, list[dict[str, Any]]] = {}
        for sample in (sample for metric in self.collect() for sample in metric.samples):
            if not sample.name.endswith(("_bucket", "_created")):
                found.setdefault(sample.name, []).append({"labels": dict(sample.labels), "value": sample.value})
        return found

    def is_large(self) -> bool:
        """Whether rendering is too much work for an event loop."""
        return self.samples > OFF_LOOP_ABOVE or self._lock.locked() or worker_files() is not None

    def _own(self, kind: type[Any] = object) -> list[Metric]:
        """What this process has collected, from collectors of a kind."""
        registry = self._registry
        with registry._lock:  # noqa: SLF001 - `collect()` ends at the first collector that fails
            collectors = list(registry._collector_to_names)  # noqa: SLF001
        found: list[Metric] = []
        for collector in collectors:
            if isinstance(collector, kind):
                try:
                    found += collector.collect()
                except Exception as error:  # noqa: BLE001 - anybody's code may be registered
                    self._tally.failed(type(collector).__name__, error)
        return found


class Restricted:
    """A scrape of some names."""

    def __init__(self, scrape: Scrape, names: frozenset[str]) -> None:
        self._scrape = scrape
        self._names = names

    def collect(self) -> Iterator[Metric]:
        """The metrics that have samples of those names, with these alone."""
        for metric in self._scrape.collect():
            kept = [sample for sample in metric.samples if sample.name in self._names]
            if kept:
                chosen = type(metric).__new__(type(metric))
                chosen.__dict__.update(metric.__dict__, samples=kept)
                yield chosen


class MetricsEndpoint:
    """An ASGI application that answers GET and HEAD with the metrics of a registry; mount it where you like.

    Text or OpenMetrics by the Accept header. One scrape at a time. More than 5,000 samples, and the files of workers,
    are rendered in a thread.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._scrape = Scrape(registry)
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"metrics are served over HTTP, not {scope['type']}; mount the endpoint on an HTTP route.")
        if scope["method"] not in {"GET", "HEAD"}:
            await _answer(
                send, 405, b"Metrics are read with GET.\n", "text/plain; charset=utf-8", (b"allow", b"GET, HEAD")
            )
            return
        accept = b",".join(value for name, value in scope.get("headers") or () if name.lower() == b"accept").decode(
            "latin-1"
        )
        names = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("name[]", [])
        async with self._one_at_a_time:
            if self._scrape.is_large():
                body, content_type = await asyncio.to_thread(self._scrape.render, accept, names)
            else:
                body, content_type = self._scrape.render(accept, names)
        await _answer(send, 200, b"" if scope["method"] == "HEAD" else body, content_type, length=len(body))


async def _answer(
    send: Send, status: int, body: bytes, content_type: str, *headers: tuple[bytes, bytes], length: int | None = None
) -> None:
    size = str(len(body) if length is None else length).encode()
    head = [(b"content-type", content_type.encode("latin-1")), (b"content-length", size), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


def metrics_endpoint(registry: CollectorRegistry | None = None) -> MetricsEndpoint:
    """Make the ASGI application that serves a registry's metrics.

    Mount it: `app.mount("/metrics", metrics_endpoint())`.

    Args:
        registry: prometheus-client's default one when None.
    """
    return MetricsEndpoint(registry)
