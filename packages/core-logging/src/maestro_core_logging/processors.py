"""Processors: functions `(logger, level, event_dict) -> event_dict` that run on every event before redaction."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from .errors import LoggingConfigError
from .redaction import Redactor

__all__ = [
    "add_caller_info_processor",
    "add_custom_processor",
    "add_performance_processor",
    "get_custom_processor",
    "mask_sensitive_processor",
    "sanitize_sql_processor",
]

Processor = Callable[[Any, str, Any], Any]


class ProcessorChain:
    """The processors a pipeline runs, in order; a tuple that is swapped whole."""

    def __init__(self, active: tuple[Processor, ...] = ()) -> None:
        self.active = active


REGISTERED = ProcessorChain()
_by_name: dict[str, Processor] = {}
_lock = threading.Lock()
_redactor: list[Redactor] = []
_SQL_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w$.])\d+(?:\.\d+)?(?![\w.])")
_SQL_FIELDS = ("sql", "query", "statement")


def add_custom_processor(name: str, processor: Processor) -> None:
    """Run a processor on every event from now on, after those registered before; the same name replaces.

    It gets the fields, the context, and `event`, `level`, `logger` and `timestamp`; raising `structlog.DropEvent` drops
    the event, any other error is counted and the event goes on without it.
    """
    if not name:
        raise LoggingConfigError("a processor needs a name that is not empty.")
    if not callable(processor):
        raise LoggingConfigError(f"processor {name!r} is not callable; give a function of (logger, level, event_dict).")
    with _lock:
        _by_name[name] = processor
        REGISTERED.active = tuple(_by_name.values())


def get_custom_processor(name: str) -> Processor | None:
    """Return the processor registered under a name, or None."""
    return _by_name.get(name)


def forget_processors() -> None:
    """Take all registered processors out."""
    with _lock:
        _by_name.clear()
        REGISTERED.active = ()


def resolve_processors(chosen: Sequence[str | Processor] | None) -> ProcessorChain:
    """Return the chain of a pipeline: those chosen, or whatever is registered at the time of an event."""
    if chosen is None:
        return REGISTERED
    unknown = [name for name in chosen if isinstance(name, str) and name not in _by_name]
    if unknown:
        raise LoggingConfigError(
            f"custom_processors names {', '.join(unknown)}, registered nowhere; call add_custom_processor first."
        )
    return ProcessorChain(tuple(_by_name[item] if isinstance(item, str) else item for item in chosen))


def mask_sensitive_processor(_logger: Any, _level: str, event_dict: dict[str, Any]) -> dict[str, Any]:
    """Redact with the default policy; our own pipeline does so anyway, this is for other structlog chains."""
    if not _redactor:
        _redactor.append(Redactor())
    redacted: dict[str, Any] = _redactor[0].redact(event_dict)
    return redacted


def sanitize_sql_processor(_logger: Any, _level: str, event_dict: dict[str, Any]) -> dict[str, Any]:
    """Replace the literals in the fields `sql`, `query` and `statement` by question marks."""
    for name in _SQL_FIELDS:
        if isinstance(event_dict.get(name), str):
            event_dict[name] = _SQL_LITERAL.sub("?", event_dict[name])
    return event_dict


def add_performance_processor(_logger: Any, _level: str, event_dict: dict[str, Any]) -> dict[str, Any]:
    """Add `performance`: CPU seconds of this process and its peak memory in bytes."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    event_dict["performance"] = {"cpu_seconds": round(time.process_time(), 6), "peak_memory_bytes": peak}
    return event_dict


def add_caller_info_processor(_logger: Any, _level: str, event_dict: dict[str, Any]) -> dict[str, Any]:
    """Add `caller` with file, line and function of the code that logs."""
    from .pipeline import calling_place

    event_dict.setdefault("caller", calling_place())
    return event_dict


_ALWAYS_THERE = {
    "add_timestamp_processor": "every record has a timestamp; timestamp_format= and include_timestamp= settle its form",
    "add_request_id_processor": "every record has the request_id of its context; set it with LogContext",
    "add_service_info_processor": "every record names its service; give service_name= and service_version=",
}


def __getattr__(name: str) -> Any:
    if name in _ALWAYS_THERE:
        raise ImportError(f"{name} is gone: {_ALWAYS_THERE[name]}.")
    raise AttributeError(name)
