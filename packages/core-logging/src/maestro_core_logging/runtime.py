"""The process's one logging state: which pipeline is at work, how loud loggers are, which hooks are set."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .config import LogFormat, LoggingConfig
from .console import ConsoleLines
from .drop_report import DropReport
from .fast_line import FastLines
from .json_lines import find_dumps
from .levels import LevelTable
from .observers import NAME, OBSERVERS
from .output import Output
from .pipeline import Pipeline, Render, Route
from .process import ProcessHooks
from .processors import resolve_processors
from .quantities import Retention, Rotation
from .queue_writer import QueueWriter
from .redaction import Redactor, Unredacted
from .sinks import Sink, StandardStream, StreamSink, is_terminal
from .writer import SyncWriter, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RUNTIME", "Runtime"]

_CLOSE_SECONDS = 2.0
_UNCONFIGURED = LoggingConfig(service_name="unconfigured", writer="sync", handle_sigterm=False)


class Runtime:
    """Holds the pipeline; every logger asks for it at each call, so a new configuration reaches loggers made before.

    Until `apply`, lines go to stderr at once under the service name `unconfigured`, and no hook is set anywhere.
    """

    def __init__(self) -> None:
        self.levels = LevelTable()
        self.hooks = ProcessHooks()
        self.lock = threading.RLock()
        self.configured = False
        self.hooks.in_child.append(self._renew_locks)
        self._install(build_pipeline(_UNCONFIGURED))

    def apply(self, config: LoggingConfig) -> None:
        """Put a configuration to work and close the former one; the same one again changes nothing."""
        with self.lock:
            if not (self.configured and config == self.pipeline.config):
                self._replace(build_pipeline(config), configured=True)
            self.hooks.handle_sigterm(wanted=config.handle_sigterm)

    def reset(self) -> None:
        """Flush, close, and go back to the unconfigured state."""
        with self.lock:
            self.hooks.handle_sigterm(wanted=False)
            self._replace(build_pipeline(_UNCONFIGURED), configured=False)

    def _replace(self, pipeline: Pipeline, *, configured: bool) -> None:
        former, was_configured = self.pipeline, self.configured
        if configured:
            for route in pipeline.routes:
                self.hooks.watch(route.writer)
        self._install(pipeline)
        self.configured = configured
        if was_configured:
            for route in former.routes:
                route.writer.close(_CLOSE_SECONDS)
                self.hooks.release(route.writer)

    def _install(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.levels.clock = pipeline.config.clock
        self.fast = FastLines(pipeline) if _is_simple(pipeline) else None

    def _renew_locks(self) -> None:
        self.lock = threading.RLock()
        self.levels.reset_lock()


def _is_simple(pipeline: Pipeline) -> bool:
    """Tell whether every event is one line of JSON with the usual head."""
    config = pipeline.config
    json_only = all(route.render == pipeline.render_json for route in pipeline.routes)
    return (
        json_only and config.include_timestamp and config.timestamp_format == "iso" and not config.include_caller_info
    )


def build_pipeline(config: LoggingConfig) -> Pipeline:
    """Make a pipeline; a file that cannot be opened is an OSError before anything was changed."""
    processors = resolve_processors(config.custom_processors)
    redactor = Redactor(config.policy()) if config.mask_sensitive_data else Unredacted()
    pipeline = Pipeline(config=config, redactor=redactor, dumps=find_dumps(), routes=(), processors=processors)
    pipeline.routes = tuple(
        Route(render, _make_writer(pipeline, render, sink)) for render, sink in _destinations(pipeline)
    )
    return pipeline


def _destinations(pipeline: Pipeline) -> list[tuple[Render, Sink]]:
    config = pipeline.config
    found: list[tuple[Render, Sink]] = []
    if config.enable_file and config.file_path is not None:
        from .file_sink import FileSink

        sink = FileSink(
            config.file_path,
            rotation=Rotation.parse(config.file_rotation),
            retention=Retention.parse(config.file_retention),
            now=config.wall_clock,
        )
        sink.open()
        found.append((pipeline.render_json, sink))
    if config.enable_console:
        standard = isinstance(config.stream, str)
        found.append(
            (_console_render(pipeline), StandardStream(config.stream) if standard else StreamSink(config.stream))
        )
    return found


def _console_render(pipeline: Pipeline) -> Render:
    config = pipeline.config
    terminal = is_terminal(config.stream)
    wanted = config.log_format
    if wanted is LogFormat.AUTO:
        wanted = LogFormat.CONSOLE if terminal and not config.is_production() else LogFormat.JSON
    if wanted is LogFormat.JSON:
        return pipeline.render_json
    return ConsoleLines(colour=terminal and _colours_wanted(), rich=wanted is LogFormat.RICH)


def _colours_wanted() -> bool:
    """Tell whether the user has not switched colours off (no-color.org)."""
    import os

    return not os.environ.get("NO_COLOR")


def _make_writer(pipeline: Pipeline, render: Render, sink: Sink) -> Writer:
    config = pipeline.config
    output = Output(sink, clock=config.clock)
    if config.writer == "sync":
        return SyncWriter(output)
    report = DropReport(_drop_line(pipeline, render), config.clock)
    return QueueWriter(output, size=config.buffer_size, report=report)


def _drop_line(pipeline: Pipeline, render: Render) -> Callable[[int], bytes]:
    def report(dropped: int) -> bytes:
        OBSERVERS.publish("logging.lines_dropped", NAME, dropped=dropped)
        record = pipeline.stamp("warning", "log lines dropped: the queue was full", "maestro_core_logging")
        return render({**record, "dropped": dropped, "buffer_size": pipeline.config.buffer_size})

    return report


RUNTIME = Runtime()
