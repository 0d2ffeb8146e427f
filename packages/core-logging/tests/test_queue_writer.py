"""The queue: callers never wait for a sink, what matters is not dropped, and every line is accounted for."""

from __future__ import annotations

import errno
import io
import json
import logging
import threading
import time
from typing import TYPE_CHECKING

import maestro_core_logging as mcl
import pytest
from maestro_core_logging.drop_report import DropReport
from maestro_core_logging.output import Output
from maestro_core_logging.queue_writer import QueueWriter
from maestro_core_logging.sinks import PartialWriteError, StreamSink

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Clock, Lines


class Gate:
    """A sink that holds its first write until it is opened, and keeps what it gets."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.data = b""

    def write(self, data: bytes) -> None:
        self.entered.set()
        assert self.opened.wait(20)
        self.data += data

    def events(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.data.splitlines()]


@pytest.fixture
def gate() -> Gate:
    return Gate()


def block(gate: Gate) -> None:
    """Get the writer thread to wait inside the sink."""
    mcl.get_logger().info("first")
    assert gate.entered.wait(20)


def test_callers_do_not_wait_for_a_sink_that_takes_its_time(logged: Callable[..., Lines], gate: Gate) -> None:
    """All calls return while the sink has not finished its first write."""
    logged(stream=gate)
    block(gate)
    for number in range(500):
        (mcl.get_logger().info if number % 2 else mcl.get_logger().error)("line %d", number)
    assert gate.data == b""
    gate.opened.set()
    assert mcl.flush(10)
    assert gate.events() == ["first", *(f"line {number}" for number in range(500))]


def test_a_full_queue_drops_the_oldest_line_below_warning(logged: Callable[..., Lines], gate: Gate) -> None:
    logged(stream=gate, buffer_size=4)
    block(gate)
    log = mcl.get_logger()
    for number in range(6):
        log.info("info %d", number)
    log.warning("warning")
    log.error("error")
    stats = mcl.logging_stats()
    assert (stats["produced"], stats["queued"], stats["dropped"]) == (9, 4, 4)
    gate.opened.set()
    assert mcl.flush(10)
    assert gate.events()[:5] == ["first", "info 4", "info 5", "warning", "error"]
    assert mcl.logging_stats()["written"] == 5


def test_warnings_push_out_lesser_lines_and_keep_their_order(logged: Callable[..., Lines], gate: Gate) -> None:
    logged(stream=gate, buffer_size=4)
    block(gate)
    log = mcl.get_logger()
    for number in range(3):
        log.warning("warning %d", number)
        log.info("info %d", number)
    gate.opened.set()
    assert mcl.flush(10)
    assert gate.events()[:5] == ["first", "warning 0", "warning 1", "warning 2", "info 2"]


def test_a_warning_that_finds_only_warnings_waits_and_is_then_written_directly(
    logged: Callable[..., Lines], gate: Gate
) -> None:
    """The sink hangs in the writer's hands here, so after its wait the line is lost, and counted."""
    logged(stream=gate, buffer_size=3)
    block(gate)
    log = mcl.get_logger()
    for number in range(5):
        log.error("error %d", number)
    assert mcl.logging_stats()["dropped"] == 2
    gate.opened.set()
    assert mcl.flush(10)
    stats = mcl.logging_stats()
    assert gate.events()[:4] == ["first", "error 0", "error 1", "error 2"]
    assert stats["produced"] == int(stats["written"]) + int(stats["dropped"]) == 6


def test_warnings_that_wait_get_in_when_the_sink_goes_on() -> None:
    """While the sink moves at all, nothing of WARNING or above is lost, however small the queue."""
    got: list[bytes] = []
    report = DropReport(lambda _dropped: b"", time.monotonic)
    writer = QueueWriter(Output(StreamSink(got.append)), size=3, report=report, patience=60.0)
    for number in range(400):
        writer.put(logging.WARNING, b"%d\n" % number)
    assert writer.close(10)
    assert [int(line) for line in b"".join(got).split()] == list(range(400))
    assert writer.counts()["dropped"] == 0


def test_drops_are_reported_in_one_line_every_five_seconds(
    logged: Callable[..., Lines], gate: Gate, clock: Clock
) -> None:
    logged(stream=gate, buffer_size=2, clock=clock)
    block(gate)
    for number in range(5):
        mcl.get_logger().info("info %d", number)
    gate.opened.set()
    assert mcl.flush(10)
    assert gate.events() == ["first", "info 3", "info 4"]
    clock.advance(5)
    mcl.get_logger().info("later")
    assert mcl.flush(10)
    report = json.loads(gate.data.splitlines()[-1])
    assert report["event"].startswith("log lines dropped")
    assert (report["level"], report["dropped"], report["service"]) == ("warning", 3, "orders")
    mcl.get_logger().info("more")
    assert mcl.flush(10)
    assert gate.events()[-1] == "more"
    assert mcl.logging_stats()["written"] == 5


def test_closing_reports_drops_that_were_not_reported_yet(logged: Callable[..., Lines], gate: Gate) -> None:
    logged(stream=gate, buffer_size=1)
    block(gate)
    for number in range(3):
        mcl.get_logger().info("info %d", number)
    gate.opened.set()
    mcl.shutdown_logging()
    assert json.loads(gate.data.splitlines()[-1])["dropped"] == 2


def test_flush_waits_for_everything_before_it_and_gives_up_on_time(logged: Callable[..., Lines], gate: Gate) -> None:
    logged(stream=gate)
    block(gate)
    assert not mcl.flush(0.01)
    gate.opened.set()
    assert mcl.flush(10)
    assert gate.events() == ["first"]


def test_a_storm_of_threads_is_accounted_for_line_by_line(logged: Callable[..., Lines]) -> None:
    lines = logged(buffer_size=50)
    each, many = 400, 8

    def storm(name: int) -> None:
        log = mcl.get_logger("storm", of=name)
        for number in range(each):
            (log.warning if number % 20 == 0 else log.info)("line", number=number)

    threads = [threading.Thread(target=storm, args=(name,)) for name in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mcl.shutdown_logging()
    records = [json.loads(line) for line in lines.data.decode().splitlines()]
    written = [record for record in records if record["event"] == "line"]
    reported = sum(record["dropped"] for record in records if record["event"] != "line")
    assert len(written) + reported == each * many
    for name in range(many):
        mine = [record for record in written if record["of"] == name]
        numbers = [record["number"] for record in mine]
        assert numbers == sorted(set(numbers))
        assert [record["number"] for record in mine if record["level"] == "warning"] == list(range(0, each, 20))


@pytest.mark.parametrize("writer", ["queue", "sync"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), OSError(errno.EPIPE, "gone"), ValueError("closed")])
def test_errors_of_a_sink_are_counted_and_never_reach_the_caller(
    logged: Callable[..., Lines], writer: str, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, got = [True], []

    def sink(data: bytes) -> None:
        if broken:
            raise error
        got.append(data)

    logged(stream=sink, writer=writer)
    mcl.get_logger().info("lost")
    assert mcl.flush(10)
    broken.clear()
    mcl.get_logger().info("kept")
    assert mcl.flush(10)
    stats = mcl.logging_stats()
    assert (stats["produced"], stats["written"], stats["dropped"], stats["dropped_by_sink"]) == (2, 1, 1, 1)
    assert stats["sink_errors"] == 1
    assert [json.loads(line)["event"] for line in got] == ["kept"]
    assert capsys.readouterr().out == ""


def test_a_failing_sink_complains_on_stderr_once_a_minute(
    logged: Callable[..., Lines], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.__stderr__", stderr)

    def full(_data: bytes) -> None:
        raise OSError(errno.ENOSPC, "full")

    logged(stream=full, writer="sync", clock=clock)
    for seconds in (0, 30, 29, 2, 70):
        clock.advance(seconds)
        mcl.get_logger().info("x", password="S3cr3t")
    complaints = stderr.getvalue().splitlines()
    assert len(complaints) == 3
    assert "No space left on device" in complaints[0]
    assert "1 lines are lost" in complaints[0]
    assert "S3cr3t" not in stderr.getvalue()


def test_a_line_after_a_torn_one_starts_on_its_own(logged: Callable[..., Lines]) -> None:
    class Tearing:
        def __init__(self) -> None:
            self.data = b""
            self.tear = True

        def write(self, data: bytes) -> None:
            if self.tear:
                self.tear = False
                cut = data.index(b"\n") + 10
                self.data += data[:cut]
                raise PartialWriteError(cut, OSError(errno.ENOSPC, "full"))
            self.data += data

    sink = Tearing()
    logged(stream=sink, buffer_size=10)
    log = mcl.get_logger()
    log.info("whole")
    log.info("torn")
    assert mcl.flush(10)
    sink.tear = False
    log.info("next")
    assert mcl.flush(10)
    events = []
    for line in sink.data.splitlines():
        try:
            events.append(json.loads(line)["event"])
        except ValueError:
            events.append("(torn)")
    stats = mcl.logging_stats()
    assert events[0] == "whole"
    assert events[-1] == "next"
    assert stats["written"] == events.count("whole") + events.count("next") + events.count("torn")
    assert int(stats["written"]) + int(stats["dropped"]) == 3


def test_a_log_call_inside_the_sink_does_not_deadlock(logged: Callable[..., Lines]) -> None:
    got: list[bytes] = []

    def talking(data: bytes) -> None:
        if b"from the sink" not in data:
            mcl.get_logger().warning("from the sink")
        got.append(data)

    for writer in ("queue", "sync"):
        got.clear()
        logged(stream=talking, writer=writer)
        mcl.get_logger().info("outer")
        assert mcl.flush(10)
        assert mcl.flush(10)
        assert b"".join(got).count(b"\n") == 2


def test_lines_after_the_end_are_written_at_once(logged: Callable[..., Lines]) -> None:
    from maestro_core_logging.runtime import RUNTIME

    lines = logged()
    writer = RUNTIME.pipeline.routes[0].writer
    assert writer.close(5.0)
    mcl.get_logger().info("late")
    assert json.loads(lines.data)["event"] == "late"


def test_text_streams_and_functions_are_sinks_too(logged: Callable[..., Lines]) -> None:
    stream = io.StringIO()
    logged(stream=stream)
    mcl.get_logger().info("text")
    assert mcl.flush(10)
    assert json.loads(stream.getvalue())["event"] == "text"
