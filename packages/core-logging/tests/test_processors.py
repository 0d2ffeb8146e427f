"""Processors of the application's own, and those users know by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import maestro_core_logging as mcl
import pytest
from maestro_core_logging import processors
from structlog import DropEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lines


def shout(_logger: Any, _level: str, event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "event": str(event["event"]).upper()}


def test_a_registered_processor_runs_on_every_event_before_redaction(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)

    def tag(_logger: Any, level: str, event: dict[str, Any]) -> dict[str, Any]:
        event["note"] = f"{level} password=S3cr3t"
        return event

    mcl.add_custom_processor("shout", shout)
    mcl.add_custom_processor("tag", tag)
    mcl.get_logger().info("hello", n=1)
    assert (lines.last()["event"], lines.last()["note"]) == ("HELLO", "info password=***")
    assert mcl.get_custom_processor("shout") is shout
    assert mcl.get_custom_processor("nobody") is None


def test_a_processor_sees_context_fields_and_head(logged: Callable[..., Lines]) -> None:
    logged()
    seen: list[dict[str, Any]] = []

    def see(_logger: Any, _level: str, event: dict[str, Any]) -> dict[str, Any]:
        seen.append(dict(event))
        return event

    mcl.add_custom_processor("see", see)
    with mcl.LogContext(request_id="r"):
        mcl.get_logger("shop").info("x", n=1)
    assert {"timestamp", "level", "event", "logger", "request_id", "n"} <= set(seen[0])


def test_dropping_an_event_drops_it(logged: Callable[..., Lines]) -> None:
    lines = logged()

    def quiet(_logger: Any, _level: str, event: dict[str, Any]) -> dict[str, Any]:
        if event.get("path") == "/health":
            raise DropEvent
        return event

    mcl.add_custom_processor("quiet", quiet)
    mcl.get_logger().info("1", path="/health")
    mcl.get_logger().info("2", path="/")
    assert lines.events() == ["2"]


def test_a_failing_processor_is_counted_and_passed_over(logged: Callable[..., Lines]) -> None:
    lines = logged()

    def broken(_logger: Any, _level: str, _event: dict[str, Any]) -> NoReturn:
        raise RuntimeError("no")

    mcl.add_custom_processor("broken", broken)
    mcl.add_custom_processor("forgetful", lambda *_: None)
    mcl.add_custom_processor("shout", shout)
    mcl.get_logger().info("still")
    assert lines.events() == ["STILL"]
    assert mcl.logging_stats()["processor_errors"] == 2


def test_the_setting_chooses_processors_and_their_order(logged: Callable[..., Lines]) -> None:
    mcl.add_custom_processor("shout", shout)
    mcl.add_custom_processor("unused", lambda *_: pytest.fail("not chosen"))
    lines = logged(custom_processors=[lambda _logger, _level, event: {**event, "event": event["event"] + "!"}, "shout"])
    mcl.get_logger().info("hi")
    assert lines.events() == ["HI!"]


@pytest.mark.parametrize(("name", "processor"), [("", shout), ("x", 5)])
def test_a_processor_needs_a_name_and_must_be_callable(name: str, processor: Any) -> None:
    with pytest.raises(ValueError, match="processor"):
        mcl.add_custom_processor(name, processor)


def test_sql_loses_its_literals(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.add_custom_processor("sql", processors.sanitize_sql_processor)
    mcl.get_logger().info("query", sql="SELECT a1 FROM t WHERE name = 'O''Hara' AND n IN (1, 2.5) AND x = $1")
    assert lines.last()["sql"] == "SELECT a1 FROM t WHERE name = ? AND n IN (?, ?) AND x = $1"


def test_the_known_processors_work_as_such(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.add_custom_processor("performance", processors.add_performance_processor)
    mcl.add_custom_processor("caller", processors.add_caller_info_processor)
    mcl.get_logger().info("x")
    record = lines.last()
    assert record["performance"]["peak_memory_bytes"] > 1_000_000
    assert record["caller"]["file"] == __file__
    assert processors.mask_sensitive_processor(None, "info", {"event": "x", "token": "t"})["token"] == "***"
