"""What is true of the work at hand and belongs on each of its lines; asyncio tasks inherit it, nobody shares it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from .trace import current_span

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = [
    "LogContext",
    "clear_context",
    "current_trace",
    "get_context",
    "log_context",
    "request_context",
    "set_context",
    "update_context",
]


class Frame:
    """One immutable layer of context: all fields visible in it, the layer below, and who put it there.

    `rendered` remembers the fields as bytes of a line, for the pipeline that made them.
    """

    __slots__ = ("fields", "owner", "parent", "rendered")

    def __init__(self, fields: dict[str, Any], parent: Frame | None, owner: object) -> None:
        self.fields = fields
        self.parent = parent
        self.owner = owner
        self.rendered: tuple[object, bytes | None] = (None, None)

    def changed(self, fields: dict[str, Any]) -> Frame:
        """Return this layer with other fields."""
        return Frame(fields, self.parent, self.owner)


BOTTOM = Frame({}, None, None)
FRAME: ContextVar[Frame] = ContextVar("maestro_log_context", default=BOTTOM)


class LogContext(Mapping[str, Any]):
    """Fields for every line logged inside its `with` or `async with` block; a mapping of those that are set.

    Five fields have names of their own; all others live in `extra`. Blocks nest, inner values win, and on the way
    out the context is what it was before. One object may be entered by many tasks at once.
    """

    NAMED: ClassVar[tuple[str, ...]] = ("request_id", "correlation_id", "user_id", "session_id", "operation")
    __slots__ = (*NAMED, "extra")

    def __init__(
        self,
        *,
        request_id: str | None = None,
        correlation_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        operation: str | None = None,
        extra: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        self.request_id = request_id
        self.correlation_id = correlation_id
        self.user_id = user_id
        self.session_id = session_id
        self.operation = operation
        self.extra: dict[str, Any] = {**(extra or {}), **fields}

    @classmethod
    def new_request(cls, **fields: Any) -> Self:
        """Return a context with fresh UUID4 `request_id` and `correlation_id` where none are given."""
        request_id = fields.pop("request_id", None) or str(uuid.uuid4())
        correlation_id = fields.pop("correlation_id", None) or request_id
        return cls(request_id=request_id, correlation_id=correlation_id, **fields)

    @classmethod
    def get_current(cls) -> LogContext:
        """Return the context that holds here; the same as `get_context()`."""
        return get_context()

    def to_dict(self) -> dict[str, Any]:
        """Return every field that is not None, those of `extra` beside the named ones."""
        named = {name: getattr(self, name) for name in self.NAMED}
        return {key: value for key, value in {**self.extra, **named}.items() if value is not None}

    def update(self, **fields: Any) -> Self:
        """Set fields, unknown names in `extra`; takes effect on the lines at once if this is the innermost block."""
        for name, value in fields.items():
            if name in self.NAMED:
                setattr(self, name, value)
            else:
                self.extra[name] = value
        frame = FRAME.get()
        if frame.owner is self:
            FRAME.set(frame.changed({**frame.fields, **fields}))
        return self

    def __getitem__(self, key: str) -> Any:
        return self.to_dict()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())

    def __repr__(self) -> str:
        # Values may be secret: a context prints the names of its fields only.
        return f"LogContext({', '.join(self)})"

    def __enter__(self) -> Self:
        below = FRAME.get()
        FRAME.set(Frame({**below.fields, **self.to_dict()}, below, self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        frame: Frame | None = FRAME.get()
        while frame is not None and frame.owner is not self:
            frame = frame.parent
        # Left from another context than it was entered in (an async generator's finaliser): nothing of ours is here.
        if frame is None:
            return
        if error is not None:
            remember(error, frame.fields)
        FRAME.set(frame.parent or BOTTOM)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


_REMEMBERED = "__maestro_log_context__"


def remember(error: BaseException, fields: dict[str, Any]) -> None:
    """Leave the innermost context on an exception, so that whoever logs it further out still names the request."""
    if not hasattr(error, _REMEMBERED):
        try:
            setattr(error, _REMEMBERED, fields)
        except AttributeError:
            return


def remembered(error: BaseException | None) -> dict[str, Any]:
    """Return the context an exception came from, or nothing."""
    found = getattr(error, _REMEMBERED, None)
    return found if isinstance(found, dict) else {}


def get_context() -> LogContext:
    """Return a snapshot of the context that holds here; empty, never None."""
    fields = dict(FRAME.get().fields)
    extra = fields.pop("extra", None)
    context = LogContext(**fields)
    if extra is not None:
        context.extra["extra"] = extra
    return context


def current_trace() -> dict[str, str]:
    """Return the `trace_id` and `span_id` that a line logged here carries; empty when there are none.

    OpenTelemetry's current span where the process has loaded it, else what a request's `traceparent` has left in the
    context.
    """
    span = current_span()
    if span:
        return span
    fields = FRAME.get().fields
    return {name: fields[name] for name in ("trace_id", "span_id") if isinstance(fields.get(name), str)}


def set_context(context: Mapping[str, Any] | None = None, /, **fields: Any) -> None:
    """Make `context` the context; with keywords alone, set those fields and keep the others."""
    frame = FRAME.get()
    base = frame.fields if context is None else dict(context)
    FRAME.set(frame.changed({**base, **fields}))


def update_context(**fields: Any) -> None:
    """Set fields of the context that holds here and keep the others."""
    set_context(**fields)


def clear_context() -> None:
    """Empty the context that holds here, until the end of the innermost block."""
    FRAME.set(FRAME.get().changed({}))


@contextmanager
def log_context(context: Mapping[str, Any] | None = None, /, **fields: Any) -> Iterator[LogContext]:
    """Run a block with these fields added; keywords win over `context`."""
    merged = {**(context or {}), **fields}
    extra = merged.pop("extra", None)
    entered = LogContext(**merged)
    if extra is not None:
        entered.extra["extra"] = extra
    with entered as current:
        yield current


@contextmanager
def request_context(
    request_id: str | None = None, correlation_id: str | None = None, **fields: Any
) -> Iterator[LogContext]:
    """Run a block as one request; ids that are not given are made."""
    with LogContext.new_request(request_id=request_id, correlation_id=correlation_id, **fields) as current:
        yield current
