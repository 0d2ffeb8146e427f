"""The calls that set logging up, steer it while it runs, and say how it is doing."""

from __future__ import annotations

import time
from typing import Any, overload

from .config import LogFormat, LoggingConfig
from .errors import LoggingConfigError
from .levels import LogLevel, name_of, parse_level
from .logger import get_logger, install_in_structlog, uninstall_from_structlog
from .observers import NAME, OBSERVERS
from .processors import forget_processors
from .runtime import RUNTIME
from .stdlib_bridge import StdlibBridge

__all__ = [
    "configure_logging",
    "flush",
    "get_config",
    "get_logger",
    "is_configured",
    "logging_stats",
    "set_level",
    "shutdown_logging",
]

BRIDGE = StdlibBridge()


@overload
def configure_logging(config: LoggingConfig, /) -> LoggingConfig: ...
@overload
def configure_logging(
    service_name: str,
    environment: str = "development",
    log_level: str | int = LogLevel.INFO,
    *,
    format: LogFormat | str = LogFormat.AUTO,
    **overrides: Any,
) -> LoggingConfig: ...
def configure_logging(
    service_name: str | LoggingConfig,
    environment: str = "development",
    log_level: str | int = LogLevel.INFO,
    *,
    format: LogFormat | str = LogFormat.AUTO,
    **overrides: Any,
) -> LoggingConfig:
    """Set logging up for this process and return the settings that hold.

    Call it once at the start; again is harmless, and the last call holds for all loggers, also those made before.
    `overrides` are fields of `LoggingConfig`. A wrong value is a `LoggingConfigError` (a ValueError), an unknown name
    an `UnknownSettingError` (also a TypeError), a log file that cannot be opened an OSError; nothing is changed then.
    """
    if isinstance(service_name, LoggingConfig):
        config = service_name
        if overrides or (environment, log_level, format) != ("development", LogLevel.INFO, LogFormat.AUTO):
            raise LoggingConfigError(
                "give a LoggingConfig or settings, not both; dataclasses.replace changes a config."
            )
    else:
        settings: dict[str, Any] = {"service_name": service_name, "environment": environment, **overrides}
        if log_level != LogLevel.INFO:
            settings["log_level"] = log_level
        if format != LogFormat.AUTO:
            settings["format"] = format
        config = LoggingConfig.from_settings(**settings)
    with RUNTIME.lock:
        RUNTIME.apply(config)
        RUNTIME.levels.set(config.log_level, None)
        BRIDGE.install(records=config.capture_stdlib, with_warnings=config.capture_warnings)
        install_in_structlog()
    OBSERVERS.publish("logging.configured", NAME, service=config.service_name)
    return config


def get_config() -> LoggingConfig | None:
    """Return the settings that hold, or None before `configure_logging`."""
    return RUNTIME.pipeline.config if RUNTIME.configured else None


def is_configured() -> bool:
    """Tell whether `configure_logging` was called."""
    return RUNTIME.configured


def set_level(level: str | int, logger: str | None = None, for_seconds: float | None = None) -> None:
    """Change the level of all loggers, or of one and those below it, for good or for some seconds.

    It holds for our loggers and for stdlib loggers of that name. After `for_seconds` the level for good holds again; a
    level for good ends one that was set for a while.
    """
    parsed = parse_level(level)
    RUNTIME.levels.set(parsed, logger, for_seconds)
    OBSERVERS.publish("logging.level_changed", NAME, logger=logger or "", level=str(parsed))


def flush(timeout: float = 2.0) -> bool:
    """Wait until every line logged so far was handed to its output; False after `timeout` seconds."""
    end = time.monotonic() + timeout
    outcomes = [route.writer.flush(max(0.0, end - time.monotonic())) for route in RUNTIME.pipeline.routes]
    return all(outcomes)


def logging_stats() -> dict[str, int | float | str]:
    """Return counts since the configuration: lines by fate, and failures that were kept from callers.

    `produced` = `written` + `dropped` + `queued` once nothing is on its way; `dropped_by_sink` is part of `dropped`.
    Each line counts once per output.
    """
    pipeline = RUNTIME.pipeline
    totals: dict[str, int | float | str] = {}
    for route in pipeline.routes:
        for name, number in route.writer.counts().items():
            totals[name] = int(totals.get(name, 0)) + number
    return {
        **totals,
        "render_errors": pipeline.render_errors,
        "processor_errors": pipeline.processor_errors,
        "level": name_of(RUNTIME.levels.effective("")).upper(),
        "writer": pipeline.config.writer,
    }


def shutdown_logging() -> None:
    """Flush and close everything, undo every hook, forget levels and processors: as before `configure_logging`."""
    with RUNTIME.lock:
        BRIDGE.remove()
        uninstall_from_structlog()
        forget_processors()
        RUNTIME.levels.clear()
        RUNTIME.reset()
    OBSERVERS.publish("logging.shut_down", NAME)
