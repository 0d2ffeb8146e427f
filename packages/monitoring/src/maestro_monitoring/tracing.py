"""Spans: those of OpenTelemetry where it is installed, else nothing at no cost; and the export of them over OTLP.

The names here may be used anywhere. Without the extra `otel` they do nothing.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast, overload

from .checks import one_call
from .extras import found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = [
    "TracingManager",
    "add_span_attribute",
    "get_current_span",
    "get_tracer",
    "record_exception",
    "trace",
]

P = ParamSpec("P")
T = TypeVar("T")

_SCOPE = "maestro_monitoring"


def _api() -> Any:
    """OpenTelemetry's `trace` module, looked for once; None where it is not installed."""
    if not _API:
        _API.append(found("opentelemetry.trace"))
    return _API[0]


_API: list[Any] = []


class NoSpan:
    """A span that records nothing, with the methods of OpenTelemetry's."""

    __slots__ = ()

    def _nothing(self, *_: object, **__: object) -> None:
        """Nothing happens."""

    set_attribute = set_attributes = add_event = add_link = record_exception = _nothing
    set_status = update_name = end = _nothing

    def is_recording(self) -> bool:
        """Never."""
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""


NO_SPAN = NoSpan()


class NoTracer:
    """A tracer of such spans."""

    __slots__ = ()

    @contextmanager
    def start_as_current_span(self, _name: str, *_: object, **__: object) -> Iterator[NoSpan]:
        """A block without a span."""
        yield NO_SPAN

    def start_span(self, _name: str, *_: object, **__: object) -> NoSpan:
        """No span."""
        return NO_SPAN


def get_tracer(name: str = _SCOPE) -> Any:
    """OpenTelemetry's tracer of that instrumentation scope, or one that does nothing."""
    api = _api()
    return NoTracer() if api is None else api.get_tracer(name)


def get_current_span() -> Any:
    """The span that the caller is in, or one that records nothing."""
    api = _api()
    return NO_SPAN if api is None else api.get_current_span()


def add_span_attribute(key: str, value: object) -> None:
    """Set an attribute of the current span; other values than str, bool, numbers and lists of those become strings."""
    span = get_current_span()
    if span.is_recording() and value is not None:
        span.set_attribute(key, _attribute(value))


def record_exception(error: BaseException) -> None:
    """Put an exception on the current span, and mark the span as failed."""
    span = get_current_span()
    if span.is_recording():
        api = _api()
        span.record_exception(error)
        span.set_status(api.Status(api.StatusCode.ERROR, type(error).__name__))


def _attribute(value: object) -> Any:
    if isinstance(value, (list, tuple)):
        return [each if isinstance(each, (str, bool, int, float)) else str(each) for each in value]
    return value if isinstance(value, (str, bool, int, float)) else str(value)


@overload
def trace(name: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def trace(name: str | None = None, /, **attributes: object) -> Traced: ...
def trace(name: Any = None, /, **attributes: object) -> Any:
    """Put a span around a function or a block.

    `@trace`, `@trace("name")`, `with trace("name", order=7) as span:`.

    `name` is the function's when it is None. An exception is recorded on the span and goes on. Functions may be plain
    or coroutine functions.
    """
    return Traced(None, {})(name) if callable(name) else Traced(name, attributes)


class Traced:
    """What `trace` returns: a decorator, and a context manager, also for `async with`."""

    def __init__(self, name: str | None, attributes: dict[str, object]) -> None:
        self._name = name
        self._attributes = attributes
        self._open: list[ExitStack] = []

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Trace each call of a plain or coroutine function."""
        one_call("trace", function)
        name = self._name or function.__qualname__
        if inspect.iscoroutinefunction(function):

            async def traced_async(*args: Any, **kwargs: Any) -> Any:
                with self._span(name):
                    return await function(*args, **kwargs)

            return cast("Callable[P, T]", functools.wraps(function)(traced_async))

        def traced(*args: Any, **kwargs: Any) -> Any:
            with self._span(name):
                return function(*args, **kwargs)

        return cast("Callable[P, T]", functools.wraps(function)(traced))

    def __enter__(self) -> Any:
        with ExitStack() as stack:
            span = stack.enter_context(self._span(self._name or "block"))
            self._open.append(stack.pop_all())
        return span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._open.pop().__exit__(kind, error, where)

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, where)

    def _span(self, name: str) -> Any:
        attributes = {key: _attribute(value) for key, value in self._attributes.items() if value is not None}
        return get_tracer().start_as_current_span(name, attributes=attributes)


class TracingManager:
    """Sends spans to a collector over OTLP/HTTP, between `start` and `aclose`. Needs the extra `otel`.

    The process has one OpenTelemetry provider: the one the application has set, or else one made by the first start,
    whose service it names. Any number of managers may send from it, one after the other or at once.

    Args:
        service_name: `service.name` of the spans.
        service_version: `service.version`.
        environment: `deployment.environment.name`.
        otlp_endpoint: the collector's URL, `http://localhost:4318`; the path `/v1/traces` is added where none is given.
            None: OTEL_EXPORTER_OTLP_ENDPOINT, or localhost.
        resource_attributes: further attributes of the resource.
        exporter: a span exporter of OpenTelemetry in place of OTLP.
    """

    def __init__(
        self,
        service_name: str,
        service_version: str = "unknown",
        environment: str = "production",
        *,
        otlp_endpoint: str | None = None,
        resource_attributes: dict[str, str] | None = None,
        exporter: Any = None,
    ) -> None:
        if otlp_endpoint is not None and not otlp_endpoint.startswith(("http://", "https://")):
            raise ValueError(
                f"otlp_endpoint must be an http or https URL, not {otlp_endpoint!r}; OTLP/gRPC is not spoken."
            )
        self._resource = {
            "service.name": service_name,
            "service.version": service_version,
            "deployment.environment.name": environment,
            **(resource_attributes or {}),
        }
        self._endpoint = otlp_endpoint
        self._exporter = exporter
        self._processor: Any = None

    async def start(self) -> None:
        """Begin to send. `MissingExtraError` without the extra `otel`; again is harmless."""
        if self._processor is None:
            from .otel import begin_export, load

            await asyncio.to_thread(load)
            self._processor = begin_export(self._resource, self._endpoint, self._exporter)

    async def aclose(self) -> None:
        """Send what is left, for up to 5 s, and end; again is harmless."""
        if self._processor is not None:
            from .otel import end_export

            processor, self._processor = self._processor, None
            await asyncio.to_thread(end_export, processor)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
