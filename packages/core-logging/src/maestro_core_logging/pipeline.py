"""The way of an event: fields gathered, processors run, secrets taken out, rendered, handed to the writers."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from structlog import DropEvent

from .context import remembered
from .json_lines import Dumps, json_line
from .levels import name_of
from .plain import Plainer
from .timestamps import Timestamps
from .trace import current_span

if TYPE_CHECKING:
    from types import FrameType

    from .config import LoggingConfig
    from .processors import ProcessorChain
    from .redaction import Redactor
    from .writer import Writer

__all__ = ["Event", "Pipeline", "Route", "calling_place"]

# Of our own making, so there is nothing to look for.
_TRUSTED = frozenset({"timestamp", "level", "service", "env", "version"})
_IDS = ("request_id", "trace_id", "span_id")
_OWN_PACKAGES = ("maestro_core_logging", "structlog")
Render = Callable[[dict[str, Any]], bytes]


@dataclass(slots=True, kw_only=True)
class Event:
    """One thing said by our loggers, by stdlib's or by a warning; `context` is the moment's, `fields` the call's."""

    number: int
    logger: str
    text: Any
    context: Mapping[str, Any]
    fields: Mapping[str, Any]
    level: str = ""
    exc_info: Any = None
    stack_info: Any = None
    caller: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One format and the writer that takes its lines; routes of the same format share the rendering."""

    render: Render
    writer: Writer


@dataclass(slots=True, kw_only=True, eq=False)
class Pipeline:
    """One configuration at work. Immutable but for its counters; a new configuration is a new pipeline."""

    config: LoggingConfig
    redactor: Redactor
    dumps: Dumps
    routes: tuple[Route, ...]
    processors: ProcessorChain
    timestamps: Timestamps = field(init=False)
    service: dict[str, str] = field(init=False)
    render_errors: int = 0
    processor_errors: int = 0

    def __post_init__(self) -> None:
        self.timestamps = Timestamps(self.config.wall_clock)
        plainer = Plainer(self.redactor)
        text = plainer.text
        self.service = {"service": text(self.config.service_name), "env": self.config.environment}
        if self.config.service_version is not None:
            self.service["version"] = text(self.config.service_version)

    def emit(self, event: Event) -> None:
        """Render an event and hand it to the writers; never raises."""
        try:
            record = self._record(event)
            if record is not None:
                self.send(event.number, record)
        except Exception as error:  # noqa: BLE001 - whatever the values do, the caller's work goes on
            self.failed(event.number, event.logger, error)

    def send(self, number: int, record: dict[str, Any]) -> None:
        """Render a finished record in each format, and put the lines."""
        lines: dict[Render, bytes] = {}
        for route in self.routes:
            line = lines.get(route.render)
            if line is None:
                line = lines[route.render] = route.render(record)
            route.writer.put(number, line)

    def put(self, number: int, line: bytes) -> None:
        """Put a finished line into every writer."""
        for route in self.routes:
            route.writer.put(number, line)

    def failed(self, number: int, logger: str, error: Exception) -> None:
        """Put a line that says a call could not be rendered, with nothing of the call's own in it."""
        self.render_errors += 1
        try:
            name = Plainer(self.redactor).text(logger)
            note = {**self.stamp(name_of(number), "log call failed", name), "error_type": type(error).__name__}
            self.send(number, note)
        except Exception:  # noqa: BLE001 - the counter is all that is left
            self.render_errors += 1

    def stamp(self, level: str, text: Any, logger: str) -> dict[str, Any]:
        """Return the head that every record has."""
        config = self.config
        head: dict[str, Any] = {}
        if config.include_timestamp:
            head["timestamp"] = self.timestamps.iso() if config.timestamp_format == "iso" else self.timestamps.epoch()
        head |= {"level": level, "event": text, "logger": logger}
        head |= self.service
        return head

    def render_json(self, record: dict[str, Any]) -> bytes:
        """Render a record as one line of JSON."""
        return json_line(record, self.dumps)

    def _record(self, event: Event) -> dict[str, Any] | None:
        head = self.stamp(event.level or name_of(event.number), event.text, event.logger)
        gathered = self._gather(event, head)
        for processor in self.processors.active:
            try:
                outcome = processor(None, str(gathered.get("level", event.level)), gathered)
            except DropEvent:
                return None
            except Exception:  # noqa: BLE001 - a processor of the caller's may fail in any way
                self.processor_errors += 1
                continue
            if isinstance(outcome, dict):
                gathered = outcome
            else:
                self.processor_errors += 1
        _add_exception(gathered)
        return self._plain(gathered, head)

    def _gather(self, event: Event, head: dict[str, Any]) -> dict[str, Any]:
        """Bring head, ids, context and fields together; a field never takes the place of the record's own words."""
        record = dict(head)
        error = _exception_of(event.exc_info)
        context = {**remembered(error), **event.context, **current_span()}
        record |= {name: context.pop(name) for name in _IDS if context.get(name) is not None}
        taken = set(record)
        if event.caller is None and self.config.include_caller_info:
            event.caller = calling_place()
        if event.caller is not None:
            record["caller"] = event.caller
            taken.add("caller")
        for key, value in (*context.items(), *event.fields.items()):
            clash = key in taken and not (key in _IDS and record[key] == value)
            record[f"field_{key}" if clash else key] = value
        if error is not None:
            record["exc_info"] = event.exc_info if isinstance(event.exc_info, tuple) else error
        if event.stack_info:
            _set_own(record, "stack", _stack_text(event.stack_info))
        return record

    def _plain(self, gathered: dict[str, Any], head: dict[str, Any]) -> dict[str, Any]:
        plainer = Plainer(self.redactor)
        record = {
            plainer.text(str(key)): value
            if key in _TRUSTED and head.get(key) is value
            else plainer.field(str(key), value)
            for key, value in gathered.items()
        }
        if plainer.described:
            record["repr_fields"] = plainer.described
        return record


def _add_exception(record: dict[str, Any]) -> None:
    found = _exception_of(record.pop("exc_info", None))
    if found is not None:
        _set_own(record, "exception", "".join(traceback.format_exception(found)).rstrip("\n"))


def _set_own(record: dict[str, Any], key: str, value: str) -> None:
    if key in record:
        record[f"field_{key}"] = record[key]
    record[key] = value


def _exception_of(exc_info: Any) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        return next((part for part in exc_info if isinstance(part, BaseException)), None)
    return sys.exception() if exc_info else None


def _stack_text(stack_info: Any) -> str:
    return stack_info if isinstance(stack_info, str) else "".join(traceback.format_stack(_calling_frame())).rstrip("\n")


def _calling_frame() -> FrameType | None:
    """Return the frame of the code that logs: the first one outside this library."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to the caller's frame
    while frame is not None and str(frame.f_globals.get("__name__", "")).partition(".")[0] in _OWN_PACKAGES:
        frame = frame.f_back
    return frame


def calling_place() -> dict[str, Any] | None:
    """Return file, line and function of the code that logs."""
    frame = _calling_frame()
    if frame is None:
        return None
    return {"file": frame.f_code.co_filename, "line": frame.f_lineno, "function": frame.f_code.co_name}
