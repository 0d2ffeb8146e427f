"""One call gives a service JSON logs with request context, guaranteed redaction and output that never blocks it."""

from __future__ import annotations

from typing import Any

from .config import LogFormat, LoggingConfig
from .context import (
    LogContext,
    clear_context,
    current_trace,
    get_context,
    log_context,
    request_context,
    set_context,
    update_context,
)
from .core import (
    configure_logging,
    flush,
    get_config,
    is_configured,
    logging_stats,
    set_level,
    shutdown_logging,
)
from .detectors import Detector
from .errors import LoggingConfigError, LoggingError, UnknownSettingError
from .events import Event
from .levels import LogLevel
from .logger import BoundLogger, get_logger
from .middleware import (
    ASGILoggingMiddleware,
    DjangoLoggingMiddleware,
    FastAPILoggingMiddleware,
    FlaskLoggingMiddleware,
    LoggingMiddleware,
)
from .processors import add_custom_processor, get_custom_processor
from .redaction import RedactionPolicy, Redactor
from .system import LoggingSystem, logging_system

__all__ = [
    "ASGILoggingMiddleware",
    "BoundLogger",
    "Detector",
    "DjangoLoggingMiddleware",
    "Event",
    "FastAPILoggingMiddleware",
    "FlaskLoggingMiddleware",
    "LogContext",
    "LogFormat",
    "LogLevel",
    "LoggingConfig",
    "LoggingConfigError",
    "LoggingError",
    "LoggingMiddleware",
    "LoggingSystem",
    "RedactionPolicy",
    "Redactor",
    "UnknownSettingError",
    "add_custom_processor",
    "clear_context",
    "configure_logging",
    "current_trace",
    "flush",
    "get_config",
    "get_context",
    "get_custom_processor",
    "get_logger",
    "is_configured",
    "log_context",
    "logging_stats",
    "logging_system",
    "request_context",
    "set_context",
    "set_level",
    "shutdown_logging",
    "update_context",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-core-logging")
    if name == "setup_logging":
        raise ImportError("setup_logging never existed; call configure_logging(service_name).")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
