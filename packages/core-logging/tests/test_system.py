"""Logging can be watched: `logging_system` tells its figures, and what happens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import maestro_core_logging as mcl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def heard() -> Iterator[list[mcl.Event]]:
    """What the logging system tells while the test runs."""
    events: list[mcl.Event] = []
    stop = mcl.logging_system.subscribe(events.append)
    yield events
    stop()


class Broken:
    """A sink that fails at each write, and thereby counts."""

    def write(self, _data: bytes) -> None:
        raise OSError(28, "No space left on device")


def test_its_stats_are_those_of_the_function_and_flat(logged: Callable[..., Any]) -> None:
    logged()
    mcl.get_logger().info("one")
    assert mcl.flush(5.0)
    stats = mcl.logging_system.stats()
    assert stats == {**mcl.logging_stats(), "subscriber_errors": stats["subscriber_errors"]}
    assert (stats["written"], stats["writer"]) == (1, "queue")
    assert all(isinstance(value, (int, float, str)) for value in stats.values())


def test_it_tells_of_settings_that_change(logged: Callable[..., Any], heard: list[mcl.Event]) -> None:
    logged()
    mcl.set_level("DEBUG", logger="orders")
    mcl.shutdown_logging()
    assert [(event.kind, event.name, dict(event.data)) for event in heard] == [
        ("logging.configured", "logging", {"service": "orders"}),
        ("logging.level_changed", "logging", {"logger": "orders", "level": "DEBUG"}),
        ("logging.shut_down", "logging", {}),
    ]


def test_it_tells_of_lines_that_were_dropped(logged: Callable[..., Any], heard: list[mcl.Event]) -> None:
    lines = logged(buffer_size=1, clock=lambda: 0.0)
    with mcl.LogContext():
        while int(mcl.logging_stats()["dropped"]) == 0:
            for _ in range(100):
                mcl.get_logger().info("many")
    mcl.shutdown_logging()
    told = [event.data["dropped"] for event in heard if event.kind == "logging.lines_dropped"]
    assert sum(map(int, told)) == sum(record.get("dropped", 0) for record in lines.records()) > 0


def test_it_tells_of_an_output_that_fails_once_a_minute(
    logged: Callable[..., Any], heard: list[mcl.Event], clock: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    logged(stream=Broken(), writer="sync", clock=clock)
    for seconds in (0, 1, 60):
        clock.advance(seconds)
        mcl.get_logger().warning("lost")
    failed = [event.data["dropped"] for event in heard if event.kind == "logging.output_failed"]
    assert failed == [1, 3]
    assert "lines are lost" in capfd.readouterr().err


def test_a_subscriber_may_log_and_may_fail_without_anyone_noticing(logged: Callable[..., Any]) -> None:
    lines = logged(writer="sync")
    before = int(mcl.logging_system.stats()["subscriber_errors"])

    def careless(event: mcl.Event) -> None:
        mcl.get_logger().info(event.kind)
        raise RuntimeError("boom")

    stop = mcl.logging_system.subscribe(careless)
    mcl.set_level("INFO")
    stop()
    stop()
    mcl.set_level("INFO")
    assert lines.events() == ["logging.level_changed"]
    assert mcl.logging_system.stats()["subscriber_errors"] == before + 1
    with pytest.raises(TypeError, match="must be callable"):
        mcl.logging_system.subscribe("me")  # type: ignore[arg-type] # that is the point


def test_the_trace_of_the_context_is_at_hand() -> None:
    assert mcl.current_trace() == {}
    with mcl.LogContext(trace_id="a" * 32, span_id="b" * 16, request_id="r"):
        assert mcl.current_trace() == {"trace_id": "a" * 32, "span_id": "b" * 16}
    with mcl.LogContext(trace_id=7):
        assert mcl.current_trace() == {}
