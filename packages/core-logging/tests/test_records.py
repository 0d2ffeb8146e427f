"""What a line says, and that every call gives exactly one line whatever it is given."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import re
import sys
import uuid
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import maestro_core_logging as mcl
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lines

STRINGS = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | STRINGS | st.binary(max_size=8) | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS | st.integers() | st.none(), inner, max_size=3),
    max_leaves=8,
)


def fail(message: str, cause: Exception | None = None) -> NoReturn:
    raise ValueError(message) from cause


def test_a_record_has_the_documented_keys_in_order(logged: Callable[..., Lines]) -> None:
    lines = logged(environment="staging", service_version="1.4")
    with mcl.LogContext(request_id="r-1", tenant="acme"):
        mcl.get_logger("orders.api", shard=3).info("order placed", order_id=7)
    record = lines.last()
    assert list(record) == [
        *("timestamp", "level", "event", "logger", "service", "env", "version"),
        *("request_id", "tenant", "shard", "order_id"),
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", record.pop("timestamp"))
    assert record == {
        "level": "info",
        "event": "order placed",
        "logger": "orders.api",
        "service": "orders",
        "env": "staging",
        "version": "1.4",
        "request_id": "r-1",
        "tenant": "acme",
        "shard": 3,
        "order_id": 7,
    }


@pytest.mark.parametrize("name", ["timestamp", "level", "event", "logger", "service", "env"])
def test_a_field_with_a_reserved_name_is_moved_aside(logged: Callable[..., Lines], name: str) -> None:
    lines = logged()
    mcl.get_logger("shop").info("said", **{name: "mine"})
    record = lines.last()
    assert record[f"field_{name}"] == "mine"
    assert record[name] != "mine"


@pytest.mark.parametrize("name", ["request_id", "trace_id", "span_id"])
def test_an_id_of_the_call_does_not_hide_that_of_the_context(logged: Callable[..., Lines], name: str) -> None:
    lines = logged()
    log = mcl.get_logger()
    log.info("no context", **{name: "mine"})
    assert lines.last()[name] == "mine"
    with mcl.log_context({name: "theirs"}):
        log.info("context", **{name: "mine"})
    assert (lines.last()[name], lines.last()[f"field_{name}"]) == ("theirs", "mine")


def test_positional_arguments_fill_the_event_and_wrong_ones_are_shown(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger()
    log.info("%s of %d", "three", 4)
    log.info("%(a)s", {"a": 1})
    log.info("%d", "not a number")
    log.info("no place", 1)  # noqa: PLE1205 - the mistake is the point
    assert lines.events() == ["three of 4", "1", "%d ('not a number',)", "no place (1,)"]


def test_values_json_does_not_know_are_written_as_text(logged: Callable[..., Lines]) -> None:
    class Colour(enum.Enum):
        RED = "red"

    @dataclasses.dataclass
    class Point:
        x: int
        password: str

    lines = logged()
    mcl.get_logger().info(
        "all kinds",
        moment=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        day=dt.date(2026, 1, 2),
        took=dt.timedelta(seconds=90),
        key_of_row=uuid.UUID(int=5),
        price=Decimal("1.10"),
        path=Path("a/b"),
        colour=Colour.RED,
        point=Point(1, "hunter2"),
        data=b"ab\xff",
        unique={3},
        error=ValueError("bad"),
        kind=int,
        huge=2**80,
        endless=float("inf"),
    )
    record = lines.last()
    assert {key: record[key] for key in list(record)[6:]} == {
        "moment": "2026-01-02T03:04:05+00:00",
        "day": "2026-01-02",
        "took": "0:01:30",
        "key_of_row": "00000000-0000-0000-0000-000000000005",
        "price": "1.10",
        "path": "a/b",
        "colour": "red",
        "point": {"x": 1, "password": "***"},
        "data": "ab\\xff",
        "unique": [3],
        "error": "ValueError: bad",
        "kind": "builtins.int",
        "huge": str(2**80),
        "endless": "inf",
    }


def test_what_cannot_be_serialised_is_its_repr_cut_at_2_kb_and_flagged(logged: Callable[..., Lines]) -> None:
    class Odd:
        def __repr__(self) -> str:
            return "Odd" * 10_000

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    lines = logged()
    mcl.get_logger().info("odd", odd=Odd(), deep=[Broken()], fine=1)
    record = lines.last()
    assert record["odd"] == ("Odd" * 10_000)[:2048]
    assert record["deep"] == ["<unprintable Broken>"]
    assert record["repr_fields"] == ["odd", "deep"]


def test_a_collection_that_holds_itself_ends(logged: Callable[..., Lines]) -> None:
    lines = logged()
    loop: list[Any] = [1]
    loop.append(loop)
    mcl.get_logger().info("round", loop=loop)
    assert "[truncated]" in json.dumps(lines.last()["loop"])


def test_depth_items_and_length_beyond_the_limits_become_truncated(logged: Callable[..., Lines]) -> None:
    lines = logged(redaction=mcl.RedactionPolicy(max_depth=2, max_values=50, max_text=100))
    mcl.get_logger().info("big", deep=[[[1]]], long="x" * 101, many=list(range(100)))
    record = lines.last()
    assert record["deep"] == [["[truncated]"]]
    assert record["long"] == "[truncated]"
    assert record["many"][-1] == "[truncated]"
    assert len(record["many"]) <= 51


def test_arguments_changed_after_the_call_do_not_change_the_line(logged: Callable[..., Lines]) -> None:
    lines = logged()
    order = {"id": 1, "lines": [1, 2]}
    mcl.get_logger().info("placed", order=order)
    order["id"] = 2
    order["lines"].append(3)  # type: ignore[attr-defined]
    assert lines.last()["order"] == {"id": 1, "lines": [1, 2]}


def test_the_exception_being_handled_is_written_with_its_causes(logged: Callable[..., Lines]) -> None:
    lines = logged()
    try:
        fail("outer", cause=KeyError("inner"))
    except ValueError:
        mcl.get_logger().exception("failed")
    record = lines.last()
    assert record["level"] == "error"
    assert "KeyError: 'inner'" in record["exception"]
    assert record["exception"].endswith("ValueError: outer")


def test_exc_info_takes_an_exception_a_triple_or_true(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger()
    try:
        fail("x")
    except ValueError as error:
        log.info("object", exc_info=error)
        log.info("triple", exc_info=sys.exc_info())
        log.info("true", exc_info=True)
    log.info("none at hand", exc_info=True)  # noqa: LOG014 - the mistake is the point
    assert [("exception" in record) for record in lines.records()] == [True, True, True, False]


def test_stack_info_shows_the_calling_code(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.get_logger().info("where", stack_info=True)
    assert "test_stack_info_shows_the_calling_code" in lines.last()["stack"]
    assert "logger.py" not in lines.last()["stack"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=ANYTHING, fields=st.dictionaries(STRINGS, ANYTHING, max_size=4), fast=st.booleans())
def test_any_event_is_exactly_one_line_of_strict_json(
    logged: Callable[..., Lines], event: Any, fields: dict[str, Any], fast: bool
) -> None:
    lines = logged(include_caller_info=not fast, writer="sync")
    mcl.get_logger().info(event, **fields)
    assert mcl.flush()
    assert lines.data.count(b"\n") == 1
    assert lines.data.endswith(b"\n")
    text = lines.data.decode()
    assert len(text.splitlines()) == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)
    assert isinstance(json.loads(text, parse_constant=pytest.fail), dict)
    assert mcl.logging_stats()["render_errors"] == 0


def test_a_value_that_cannot_even_be_looked_at_does_not_raise_and_says_so(logged: Callable[..., Lines]) -> None:
    class Hostile(dict[str, str]):
        def items(self) -> Any:
            raise RuntimeError("hands off")

    lines = logged()
    mcl.get_logger("shop").warning("take this", it=Hostile(a="1"))
    record = lines.last()
    assert (record["event"], record["error_type"], record["logger"]) == ("log call failed", "RuntimeError", "shop")
    assert mcl.logging_stats()["render_errors"] == 1


def test_lines_are_equal_without_orjson(logged: Callable[..., Lines], monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"a": 'é\u2028\x7f\n"', "b": 1.5, "c": [None, True], "d": {"x": "\ud800"}, "e": 2**70, "f": float("nan")}
    at = {"wall_clock": lambda: 1_700_000_000.5}
    with_orjson = logged(**at)
    mcl.get_logger().info("ünicode", **values)
    first = with_orjson.text()
    monkeypatch.setitem(sys.modules, "orjson", None)
    without = logged(**at)
    mcl.get_logger().info("ünicode", **values)
    assert without.text() == first


def test_capture_logs_of_structlog_sees_our_events(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger("shop", a=1)
    with structlog.testing.capture_logs() as captured:
        log.info("seen", b=2)
        structlog.get_logger("other").warning("seen too")
    log.info("after")
    assert captured == [
        {"a": 1, "b": 2, "event": "seen", "log_level": "info"},
        {"event": "seen too", "log_level": "warning"},
    ]
    assert lines.events() == ["after"]


def test_loggers_made_by_structlog_itself_write_the_same_lines(logged: Callable[..., Lines]) -> None:
    lines = logged()
    structlog.get_logger("theirs", a=1).info("hello", token="t")
    record = lines.last()
    assert (record["event"], record["logger"], record["a"], record["token"]) == ("hello", "theirs", 1, "***")


def test_targets_given_to_structlog_itself_are_not_ours(logged: Callable[..., Lines]) -> None:
    lines = logged()
    own = structlog.testing.CapturingLogger()
    structlog.wrap_logger(own, processors=[structlog.processors.JSONRenderer()]).info("theirs", n=1)
    structlog.wrap_logger(own).info("ours by default", token="t")
    assert [call.args for call in own.calls] == [('{"n": 1, "event": "theirs"}',)]
    assert (lines.last()["event"], lines.last()["token"]) == ("ours by default", "***")


def test_bind_unbind_and_new_leave_the_logger_at_hand_alone(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger("shop", a=1)
    child = log.bind(b=2)
    child.unbind("a").info("1")
    child.try_unbind("zz").info("2")
    child.new(c=3).info("3")
    log.info("4")
    kept = [{key: record[key] for key in ("a", "b", "c") if key in record} for record in lines.records()]
    assert kept == [{"b": 2}, {"a": 1, "b": 2}, {"c": 3}, {"a": 1}]


def test_every_level_has_its_method(logged: Callable[..., Lines]) -> None:
    lines = logged(log_level="TRACE")
    log = mcl.get_logger()
    for name in ("trace", "debug", "info", "warning", "error", "critical", "warn", "fatal", "exception"):
        getattr(log, name)("x")
    log.log("info", "x")
    log.log(35, "x")
    assert [record["level"] for record in lines.records()] == [
        *("trace", "debug", "info", "warning", "error", "critical", "warning", "critical", "error", "info", "warning"),
    ]
