"""The one OpenTelemetry provider of the process, and the exporters that come and go on it."""

from __future__ import annotations

import threading
from typing import Any

from .extras import required

__all__ = ["begin_export", "end_export", "load"]

_FLUSH_MILLISECONDS = 5_000
_TRACES = "/v1/traces"


class Relay:
    """A span processor that hands spans to those in it now: a provider lets nothing that was added be taken out."""

    def __init__(self) -> None:
        self.receivers: tuple[Any, ...] = ()
        self.lock = threading.Lock()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """A span begins."""
        for each in self.receivers:
            each.on_start(span, parent_context)

    def _on_ending(self, span: Any) -> None:
        """A span is about to end: nothing of ours changes it."""

    def on_end(self, span: Any) -> None:
        """A span has ended."""
        for each in self.receivers:
            each.on_end(span)

    def shutdown(self) -> None:
        """The provider ends."""
        for each in self.receivers:
            each.shutdown()

    def force_flush(self, timeout_millis: int = _FLUSH_MILLISECONDS) -> bool:
        """Send what waits; whether all of it was sent."""
        sent = [each.force_flush(timeout_millis) for each in self.receivers]  # none is left out
        return all(sent)


_RELAY = Relay()
_ADDED_TO: list[Any] = []


def load() -> None:
    """Import what exporting needs, which takes a while; `MissingExtraError` without the extra `otel`."""
    for module in ("opentelemetry.sdk.trace.export", "opentelemetry.exporter.otlp.proto.http.trace_exporter"):
        required(module, "otel")


def begin_export(resource: dict[str, str], endpoint: str | None, exporter: Any) -> Any:
    """Send spans of the process's provider from now on; returns what `end_export` takes."""
    sdk = required("opentelemetry.sdk.trace", "otel")
    export = required("opentelemetry.sdk.trace.export", "otel")
    chosen = exporter if exporter is not None else _otlp(endpoint)
    processor = export.BatchSpanProcessor(chosen)
    with _RELAY.lock:
        provider = _provider(sdk, resource)
        if not any(each is provider for each in _ADDED_TO):
            provider.add_span_processor(_RELAY)
            _ADDED_TO.append(provider)
        _RELAY.receivers = (*_RELAY.receivers, processor)
    return processor


def end_export(processor: Any) -> None:
    """Send what is left of it, and end it. Blocks for up to 5 s."""
    with _RELAY.lock:
        _RELAY.receivers = tuple(each for each in _RELAY.receivers if each is not processor)
    processor.force_flush(_FLUSH_MILLISECONDS)
    processor.shutdown()


def _otlp(endpoint: str | None) -> Any:
    exporter = required("opentelemetry.exporter.otlp.proto.http.trace_exporter", "otel").OTLPSpanExporter
    if endpoint is None:
        return exporter()
    from urllib.parse import urlsplit

    bare = endpoint.rstrip("/")
    return exporter(endpoint=bare if urlsplit(bare).path else bare + _TRACES)


def _provider(sdk: Any, resource: dict[str, str]) -> Any:
    """The provider that is set, when spans of it can be exported; else a new one, which is set."""
    api = required("opentelemetry.trace", "otel")
    current = api.get_tracer_provider()
    if isinstance(current, sdk.TracerProvider):
        return current
    resources = required("opentelemetry.sdk.resources", "otel")
    made = sdk.TracerProvider(resource=resources.Resource.create(resource))
    api.set_tracer_provider(made)
    return made
