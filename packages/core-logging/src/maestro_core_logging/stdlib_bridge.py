"""Brings stdlib records, web servers' loggers and warnings into the same lines, and can undo all it changes."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING, Any

from .context import FRAME
from .levels import name_of
from .pipeline import Event
from .runtime import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from .levels import Channel
    from .pipeline import Pipeline

__all__ = ["StdlibBridge"]

# Their own handlers write to the same terminal and would say everything twice, without redaction.
_SERVERS = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "uvicorn.asgi",
    "gunicorn.error",
    "gunicorn.access",
    "hypercorn.error",
    "hypercorn.access",
)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class _PipelineHandler(logging.Handler):
    """Hands records to the pipeline; the handlers a host has set stay beside it."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Take a record without stdlib's lock: the writers have their own, and threads need not queue up here."""
        wanted = bool(self.filter(record))
        if wanted:
            self.emit(record)
        return wanted

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; never raises, whatever its arguments are."""
        channel, pipeline = RUNTIME.levels.channel(record.name), RUNTIME.pipeline
        if channel.timed and not RUNTIME.levels.admits(record.name, record.levelno):
            return
        try:
            _take(record, channel, pipeline)
        except Exception as error:  # noqa: BLE001 - a log call never raises into its caller
            pipeline.failed(record.levelno, record.name, error)


def _take(record: logging.LogRecord, channel: Channel, pipeline: Pipeline) -> None:
    level, message, frame = name_of(record.levelno), _message(record), FRAME.get()
    fields = {key: value for key, value in vars(record).items() if key not in _STANDARD}
    if RUNTIME.fast is not None and not (record.exc_info or record.stack_info or pipeline.processors.active):
        line = RUNTIME.fast.line(level, channel, message, frame, {}, fields)
        if line is not None:
            RUNTIME.fast.put(record.levelno, line)
            return
    caller = None
    if pipeline.config.include_caller_info:
        caller = {"file": record.pathname, "line": record.lineno, "function": record.funcName}
    pipeline.emit(
        Event(
            number=record.levelno,
            level=level,
            logger=record.name,
            text=message,
            context=frame.fields,
            fields=fields,
            exc_info=record.exc_info,
            stack_info=record.stack_info,
            caller=caller,
        )
    )


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - stdlib only finds out here that arguments do not fit
        return f"{record.msg} {record.args!r}"


class StdlibBridge:
    """What was changed in the standard library, so that it can be undone."""

    def __init__(self) -> None:
        self._handler: _PipelineHandler | None = None
        self._levels: dict[str, int] = {}
        self._handlers: dict[str, tuple[list[logging.Handler], bool]] = {}
        self._showwarning: Callable[..., None] | None = None

    def install(self, *, records: bool, with_warnings: bool) -> None:
        """Connect what is wanted and disconnect what is not; again changes nothing."""
        if records:
            if self._handler is None:
                self._handler = _PipelineHandler()
            if self._handler not in logging.root.handlers:
                logging.root.addHandler(self._handler)
            RUNTIME.levels.changed = self.follow_levels
            self.follow_levels()
            self.adopt_servers()
        elif self._handler is not None:
            self.remove()
        if with_warnings and self._showwarning is None:
            self._showwarning = warnings.showwarning
            warnings.showwarning = self._show_warning
        elif not with_warnings:
            self._give_back_warnings()

    def remove(self) -> None:
        """Take the handler out and give levels and handlers back."""
        if self._handler is not None:
            logging.root.removeHandler(self._handler)
            self._handler = None
        RUNTIME.levels.changed = lambda: None
        for name, level in self._levels.items():
            logging.getLogger(name or None).setLevel(level)
        for name, (handlers, propagate) in self._handlers.items():
            server = logging.getLogger(name)
            server.handlers[:] = [*handlers, *server.handlers]
            server.propagate = propagate
        self._levels.clear()
        self._handlers.clear()
        self._give_back_warnings()

    def follow_levels(self) -> None:
        """Give stdlib loggers the levels of ours: the root's, and those set by name."""
        wanted = {name: RUNTIME.levels.gate(name) for name in ("", *RUNTIME.levels.names())}
        for name in set(self._levels) - set(wanted):
            logging.getLogger(name).setLevel(self._levels.pop(name))
        for name, gate in wanted.items():
            logger = logging.getLogger(name or None)
            self._levels.setdefault(name, logger.level)
            logger.setLevel(gate)

    def adopt_servers(self) -> None:
        """Let the records of web servers come to the root instead of their own stream handlers."""
        if self._handler is None:
            return
        for name in _SERVERS:
            server = logging.Logger.manager.loggerDict.get(name)
            if not isinstance(server, logging.Logger):
                continue
            streams: list[logging.Handler] = [
                handler for handler in server.handlers if type(handler) is logging.StreamHandler
            ]
            if streams or not server.propagate:
                self._handlers.setdefault(name, (streams, server.propagate))
                server.handlers[:] = [handler for handler in server.handlers if handler not in streams]
                server.propagate = True

    def _give_back_warnings(self) -> None:
        if self._showwarning is not None:
            if warnings.showwarning == self._show_warning:
                warnings.showwarning = self._showwarning
            self._showwarning = None

    def _show_warning(  # noqa: PLR0917 - the signature of warnings.showwarning
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if file is not None and self._showwarning is not None:
            self._showwarning(message, category, filename, lineno, file, line)
            return
        fields: dict[str, Any] = {"category": category.__name__, "filename": filename, "lineno": lineno}
        RUNTIME.pipeline.emit(
            Event(
                number=logging.WARNING,
                logger="py.warnings",
                text=str(message),
                context=FRAME.get().fields,
                fields=fields,
            )
        )
