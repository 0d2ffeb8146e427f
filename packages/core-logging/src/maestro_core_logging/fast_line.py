"""The short way for the common event: a text with flat fields, straight to the bytes the pipeline would have made.

Everything unusual is left to the pipeline by returning None; `tests/test_fast_line.py` holds the two equal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .detectors import SHORTEST
from .json_lines import Dumps, escape_controls
from .plain import without_surrogates
from .trace import current_span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .context import Frame
    from .levels import Channel
    from .pipeline import Pipeline

__all__ = ["FastLines"]

_RESERVED = frozenset(
    {
        *("timestamp", "level", "event", "logger", "service", "env", "version", "caller"),
        *("request_id", "trace_id", "span_id", "exc_info", "stack_info", "exception", "stack", "repr_fields"),
    }
)
_REMEMBERED = 2048
_LONGEST = 256
_SAFE_INTEGER = 10**12
_MANY = 500
_MODULES = sys.modules


class FastLines:
    """Lines of JSON for one pipeline; whatever does not change between calls is made once."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._dumps: Dumps = pipeline.dumps
        self._redact_text = pipeline.redactor.redact_text
        self._is_sensitive = pipeline.redactor.is_sensitive_key
        self._iso = pipeline.timestamps.iso
        only = pipeline.routes[0].writer.put if len(pipeline.routes) == 1 else None
        self.put: Callable[[int, bytes], None] = only or pipeline.put
        self._service = pipeline.service
        policy = pipeline.redactor.policy
        self._max_depth = policy.max_depth
        self._max_values = min(_MANY, policy.max_values)
        # A text this short without these signs is no secret by any built-in measure.
        self._short = 0 if pipeline.redactor.has_own_shapes else SHORTEST
        self._plain_keys: set[str] = set()
        self._harmless_keys: set[str] = set()
        self._events: dict[str, bytes] = {}

    def line(  # noqa: PLR0917 - the hot path: keywords cost
        self, level: str, channel: Channel, event: str, frame: Frame, bound: Mapping[str, Any], fields: dict[str, Any]
    ) -> bytes | None:
        """Return the finished line, or None when the event needs the long way."""
        try:
            owner, tail = channel.tail
            if owner is not self:
                tail = self._tail(channel)
            owner, context = frame.rendered
            if owner is not self:
                context = self._context(frame)
            if context is None or (context and not frame.fields.keys().isdisjoint(fields)):
                return None
            if bound:
                if not bound.keys().isdisjoint(frame.fields):
                    return None
                fields = {**bound, **fields}
            span = b"" if "opentelemetry.trace" not in _MODULES else self._span(frame)
            ending = self._ending(fields) if fields else b"}\n"
            if span is None or ending is None:
                return None
            text = self._events.get(event) or self._event(event)
        except (TypeError, ValueError):  # a text that UTF-8 cannot carry
            return None
        head = f'{{"timestamp":"{self._iso()}","level":"{level}","event":'.encode()
        return b"".join((head, text, tail, span, context, ending))

    def _ending(self, fields: Mapping[str, Any]) -> bytes | None:
        if not self._fit(fields):
            return None
        ending = b"," + self._dumps(fields)[1:] + b"\n"
        return ending if ending.isascii() and b"\x7f" not in ending else escape_controls(ending)

    def _span(self, frame: Frame) -> bytes | None:
        """Return the ids of OpenTelemetry's span as a part of the line; None where the context has ids too."""
        ids = current_span()
        if ids and ("trace_id" in frame.fields or "span_id" in frame.fields):
            return None
        return self._members(ids)

    def _fit(self, fields: Mapping[str, Any]) -> bool:  # noqa: C901, PLR0911 - the hot path
        """Tell whether every field may stand on the line as it is."""
        plain_keys, redact_text, short = self._plain_keys, self._redact_text, self._short
        room: list[int] | None = None
        for key, value in fields.items():
            if key not in plain_keys and not self._is_plain(key):
                return False
            kind = type(value)
            if kind is str:
                if (
                    len(value) >= short or "=" in value or ":" in value or "%3" in value or "--" in value
                ) and redact_text(value) is not value:
                    return False
            elif kind is int:
                if not -_SAFE_INTEGER < value < _SAFE_INTEGER:
                    return False
            elif kind is float:
                if value - value != 0.0:  # the quickest test for infinities and not-a-number
                    return False
            elif kind is dict or kind is list:
                room = room or [self._max_values]
                if not self._nested_fit(value, 1, room):
                    return False
            elif value is not None and kind is not bool:
                return False
        return True

    def _nested_fit(self, value: Any, depth: int, room: list[int]) -> bool:  # noqa: C901, PLR0911, PLR0912 - the hot path
        """Tell the same of a collection; large, deep or unusual ones go the long way."""
        room[0] -= len(value)
        if depth > self._max_depth or room[0] < 0:
            return False
        if type(value) is dict:
            for key in value:
                if type(key) is not str or (key not in self._harmless_keys and not self._is_harmless(key)):
                    return False
            if "value" in value and ("name" in value or "key" in value):
                return False
            value = value.values()
        redact_text, short = self._redact_text, self._short
        for item in value:
            kind = type(item)
            if kind is str:
                if (len(item) >= short or "=" in item or ":" in item or "%3" in item or "--" in item) and redact_text(
                    item
                ) is not item:
                    return False
            elif kind is int:
                if not -_SAFE_INTEGER < item < _SAFE_INTEGER:
                    return False
            elif kind is dict or kind is list:
                if not self._nested_fit(item, depth + 1, room):
                    return False
            elif item is not None and kind is not bool and (kind is not float or item - item != 0.0):
                return False
        return True

    def _is_plain(self, key: str) -> bool:
        """Tell whether a field's name is neither sensitive nor one of the record's own; remember those that are not."""
        if key in _RESERVED or not self._is_harmless(key):
            return False
        if len(self._plain_keys) >= _REMEMBERED:
            self._plain_keys.clear()
        self._plain_keys.add(key)
        return True

    def _is_harmless(self, key: str) -> bool:
        """Tell whether a name inside a collection is not sensitive and holds no secret; remember those that are not."""
        if self._is_sensitive(key) or self._redact_text(key) != key:
            return False
        if len(self._harmless_keys) >= _REMEMBERED:
            self._harmless_keys.clear()
        self._harmless_keys.add(key)
        return True

    def _event(self, event: str) -> bytes:
        text = escape_controls(self._dumps(without_surrogates(self._redact_text(event))))
        if len(event) <= _LONGEST:
            if len(self._events) >= _REMEMBERED:
                self._events.clear()
            self._events[event] = text
        return text

    def _tail(self, channel: Channel) -> bytes:
        tail = self._members({"logger": self._redact_text(channel.name), **self._service})
        channel.tail = (self, tail)
        return tail

    def _context(self, frame: Frame) -> bytes | None:
        """Return the context's part of a line, or None where only the pipeline can render it.

        It is made once, so a context with collections, which may change, is left to the pipeline.
        """
        fields = frame.fields
        ids = {key: fields[key] for key in ("request_id", "trace_id", "span_id") if fields.get(key) is not None}
        others = {key: value for key, value in fields.items() if key not in ids}
        fixed = not any(isinstance(value, (dict, list)) for value in others.values())
        fit = (
            fixed
            and self._fit(others)
            and all(type(value) is str and self._redact_text(value) is value for value in ids.values())
        )
        rendered = self._members({**ids, **others}) if fit else None
        frame.rendered = (self, rendered)
        return rendered

    def _members(self, members: dict[str, Any]) -> bytes:
        """Return members of an object to be appended to others: each with its comma before it."""
        return escape_controls(b"," + self._dumps(members)[1:-1]) if members else b""
