"""Settings work or are refused by name; nothing is changed by a refused call."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

import maestro_core_logging as mcl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Lines


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"log_level": "LOUD"}, "CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE"),
        ({"log_level": 17}, "CRITICAL"),
        ({"log_level": True}, "CRITICAL"),
        ({"level": "LOUD"}, "CRITICAL"),
        ({"format": "%(message)s"}, "json, console, rich, auto"),
        ({"log_format": "xml"}, "json, console"),
        ({"environment": "moon"}, "development, dev, staging"),
        ({"environment": "production", "format": "console"}, "json"),
        ({"environment": "prod", "format": "rich"}, "json"),
        ({"environment": "production", "mask_sensitive_data": False}, "leave it on"),
        ({"service_name": "  "}, "service_name"),
        ({"service_name": None}, "service_name"),
        ({"enable_file": True}, "file_path"),
        ({"enable_console": False}, "enable_file=True"),
        ({"file_rotation": "sometimes"}, "1 day"),
        ({"file_rotation": "3 furlongs"}, "1 day"),
        ({"file_rotation": "0 MB"}, "1 day"),
        ({"file_retention": -1}, "30 days"),
        ({"file_retention": "5 MB"}, "10 files"),
        ({"timestamp_format": "rfc822"}, "iso, epoch"),
        ({"writer": "carrier pigeon"}, "queue, sync"),
        ({"buffer_size": 0}, "at least 1"),
        ({"buffer_size": 1.5}, "whole number"),
        ({"stream": 7}, "stderr"),
        ({"stream": "stdlog"}, "stderr, stdout"),
        ({"sensitive_fields": "password"}, "sequence"),
        ({"custom_processors": ["nobody"]}, "add_custom_processor"),
        ({"custom_processors": [3]}, "names or functions"),
        ({"log_level": "INFO", "level": "DEBUG", "environment": "dev", "format": "json"}, None),
        ({"log_level": "DEBUG", "level": "ERROR"}, "disagree"),
    ],
)
def test_a_wrong_value_is_a_value_error_that_says_what_is_right(settings: dict[str, Any], words: str | None) -> None:
    if words is None:
        mcl.configure_logging(**{"service_name": "orders"} | settings)
        return
    with pytest.raises(ValueError, match=words):
        mcl.configure_logging(**{"service_name": "orders"} | settings)
    assert not mcl.is_configured()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("buffer_sise", "buffer_size"),
        ("file_pth", "file_path"),
        ("enable_otel", "OpenTelemetry"),
        ("opentelemetry", "service_version"),
        ("handlers", "stream"),
        ("zzz", "service_name"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_name_or_the_replacement(name: str, hint: str) -> None:
    with pytest.raises(mcl.UnknownSettingError, match=hint) as refused:
        mcl.LoggingConfig.from_settings(service_name="orders", **{name: 1})
    assert isinstance(refused.value, TypeError)
    assert isinstance(refused.value, ValueError)
    assert refused.value.code == "logging_setting_unknown"
    assert refused.value.extra == {"setting": name}


def test_synonyms_reach_the_setting_they_mean() -> None:
    config = mcl.configure_logging("orders", level="debug", format="json", async_logging=False, version="2.1")
    assert (config.log_level, config.log_format) == (mcl.LogLevel.DEBUG, mcl.LogFormat.JSON)
    assert (config.writer, config.service_version) == ("sync", "2.1")
    assert config.async_logging is False


def test_levels_and_environments_are_read_in_any_case() -> None:
    config = mcl.configure_logging("orders", "Production", "warn")
    assert (config.environment, config.log_level) == ("production", mcl.LogLevel.WARNING)
    assert config.is_production()
    assert not config.is_development()


def test_a_config_object_can_be_given_whole() -> None:
    config = mcl.LoggingConfig(service_name="orders", log_level="error")  # type: ignore[arg-type]
    assert mcl.configure_logging(config) is config
    assert mcl.get_config() is config
    with pytest.raises(ValueError, match="not both"):
        mcl.configure_logging(config, log_level="INFO", buffer_size=3)  # type: ignore[call-overload]


def test_a_config_is_frozen() -> None:
    config = mcl.LoggingConfig(service_name="orders")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.buffer_size = 1  # type: ignore[misc]


def test_should_mask_field_follows_the_policy() -> None:
    config = mcl.LoggingConfig(service_name="orders", sensitive_fields=("customer_ref",))
    assert config.should_mask_field("customer_ref")
    assert config.should_mask_field("apiKey")
    assert not config.should_mask_field("keyboard")


def test_configuring_twice_is_harmless(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    config = mcl.get_config()
    assert config is not None
    mcl.configure_logging(config)
    logging.getLogger("lib").warning("once")
    mcl.get_logger().info("once too")
    assert lines.events() == ["once", "once too"]


def test_a_new_configuration_reaches_loggers_made_before(logged: Callable[..., Lines]) -> None:
    first, log = logged(), mcl.get_logger("early")
    log.info("one")
    second = logged(service_name="billing", log_level="DEBUG")
    log.debug("two")
    assert first.events() == ["one"]
    assert second.last()["service"] == "billing"
    assert second.events() == ["two"]


def test_a_file_that_cannot_be_opened_changes_nothing(logged: Callable[..., Lines], tmp_path: Path) -> None:
    lines = logged()
    with pytest.raises(OSError, match="directory"):
        mcl.configure_logging("billing", enable_file=True, file_path=tmp_path)
    mcl.get_logger().info("still here")
    assert lines.last()["service"] == "orders"


def test_include_timestamp_and_timestamp_format_work(logged: Callable[..., Lines]) -> None:
    lines = logged(include_timestamp=False)
    mcl.get_logger().info("timeless")
    assert "timestamp" not in lines.last()
    lines = logged(timestamp_format="epoch", wall_clock=lambda: 1_700_000_000.25)
    mcl.get_logger().info("numbered")
    assert lines.last()["timestamp"] == 1_700_000_000.25
    lines = logged(wall_clock=lambda: 1_700_000_000.25)
    mcl.get_logger().info("written")
    assert lines.last()["timestamp"] == "2023-11-14T22:13:20.250000Z"


def test_include_caller_info_names_the_line_that_logs(logged: Callable[..., Lines]) -> None:
    lines = logged(include_caller_info=True, capture_stdlib=True)
    mcl.get_logger().info("here")
    logging.getLogger("lib").warning("there")
    for record in lines.records():
        assert record["caller"]["file"] == __file__
        assert record["caller"]["function"] == "test_include_caller_info_names_the_line_that_logs"


def test_mask_sensitive_data_can_be_switched_off_in_development(logged: Callable[..., Lines]) -> None:
    lines = logged(mask_sensitive_data=False)
    mcl.get_logger().info("open", password="hunter2", nested={"token": "t"})
    assert lines.last()["password"] == "hunter2"
    assert lines.last()["nested"] == {"token": "t"}


def test_sensitive_fields_are_added_to_the_policy(logged: Callable[..., Lines]) -> None:
    lines = logged(sensitive_fields=["customer_ref"], redaction=mcl.RedactionPolicy(replacement="[gone]"))
    mcl.get_logger().info("x", customer_ref="C-1", deep=[{"customerRef": "C-1"}], password="p")
    record = lines.last()
    assert (record["customer_ref"], record["deep"], record["password"]) == (
        "[gone]",
        [{"customerRef": "[gone]"}],
        "[gone]",
    )


def test_auto_is_json_without_a_terminal_and_console_on_one(logged: Callable[..., Lines]) -> None:
    class Terminal(type(logged())):  # type: ignore[misc]
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    mcl.configure_logging("orders", stream=terminal, capture_stdlib=False)
    mcl.get_logger().info("to a person")
    assert "\x1b[" in terminal.text()
    terminal = Terminal()
    mcl.configure_logging("orders", "production", stream=terminal, capture_stdlib=False)
    mcl.get_logger().info("to a machine")
    assert terminal.last()["event"] == "to a machine"


def test_two_outputs_get_the_same_events_in_their_own_formats(logged: Callable[..., Lines], tmp_path: Path) -> None:
    lines = logged(format="console", enable_file=True, file_path=tmp_path / "logs" / "app.log")
    mcl.get_logger("shop").warning("sold out", item=4)
    assert "WARNING  sold out item=4 [shop]" in lines.text()
    assert '"event":"sold out"' in (tmp_path / "logs" / "app.log").read_text(encoding="utf-8")
    assert mcl.logging_stats()["written"] == 2


def test_stats_name_everything_that_was_kept_from_callers(logged: Callable[..., Lines]) -> None:
    logged()
    mcl.get_logger().info("one")
    mcl.flush()
    stats = mcl.logging_stats()
    assert (stats["produced"], stats["written"], stats["dropped"], stats["queued"]) == (1, 1, 0, 0)
    assert (stats["level"], stats["writer"]) == ("INFO", "queue")
    assert {"dropped_by_sink", "sink_errors", "render_errors", "processor_errors"} <= set(stats)
