"""Every name users know imports and works, or raises an error that names what replaces it."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil

import maestro_core_logging as mcl
import pytest

KNOWN = {
    "maestro_core_logging": [
        *("configure_logging", "get_logger", "LoggingConfig", "LogFormat", "LogLevel", "LogContext"),
        *("set_context", "clear_context", "get_context", "update_context", "log_context", "request_context"),
        *("LoggingMiddleware", "FastAPILoggingMiddleware", "ASGILoggingMiddleware"),
        *("FlaskLoggingMiddleware", "DjangoLoggingMiddleware", "add_custom_processor", "get_custom_processor"),
        *("Redactor", "RedactionPolicy", "set_level", "flush", "logging_stats", "get_config", "is_configured"),
    ],
    "maestro_core_logging.config": ["LoggingConfig", "LogFormat", "LogLevel"],
    "maestro_core_logging.context": [
        *("LogContext", "set_context", "clear_context", "get_context", "update_context"),
        *("log_context", "request_context"),
    ],
    "maestro_core_logging.core": ["configure_logging", "get_logger", "get_config", "is_configured"],
    "maestro_core_logging.middleware": [
        *("LoggingMiddleware", "FastAPILoggingMiddleware", "ASGILoggingMiddleware"),
        *("FlaskLoggingMiddleware", "DjangoLoggingMiddleware"),
    ],
    "maestro_core_logging.processors": [
        *("add_custom_processor", "get_custom_processor", "sanitize_sql_processor", "add_performance_processor"),
        *("mask_sensitive_processor", "add_caller_info_processor"),
    ],
}
REPLACED = {
    ("maestro_core_logging", "setup_logging"): "configure_logging",
    ("maestro_core_logging.config", "OpenTelemetryConfig"): "OpenTelemetry",
    ("maestro_core_logging.processors", "add_timestamp_processor"): "timestamp_format",
    ("maestro_core_logging.processors", "add_request_id_processor"): "LogContext",
    ("maestro_core_logging.processors", "add_service_info_processor"): "service_name",
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in KNOWN.items() for name in names])
def test_a_known_name_imports(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is not None


@pytest.mark.parametrize(("place", "replacement"), REPLACED.items())
def test_a_dropped_name_says_on_import_what_replaces_it(place: tuple[str, str], replacement: str) -> None:
    module, name = place
    with pytest.raises(ImportError, match=replacement):
        exec(f"from {module} import {name}")  # noqa: S102 - the import statement is what users write


def test_all_is_sorted_and_holds_the_public_names() -> None:
    assert mcl.__all__ == sorted(mcl.__all__)
    assert all(hasattr(mcl, name) for name in mcl.__all__)


def test_every_module_imports() -> None:
    for module in pkgutil.walk_packages(mcl.__path__, "maestro_core_logging."):
        importlib.import_module(module.name)


def test_the_version_is_that_of_the_metadata() -> None:
    assert mcl.__version__ == importlib.metadata.version("maestro-core-logging")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        mcl.no_such_name  # noqa: B018 - reading it is the test
