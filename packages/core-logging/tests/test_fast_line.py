"""The short way and the pipeline write the same line for the same event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import maestro_core_logging as mcl
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from maestro_core_logging.context import FRAME
from maestro_core_logging.runtime import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lines

NAMES = st.sampled_from(
    [
        "a",
        "b",
        "path",
        "token",
        "token_count",
        "apiKey",
        "event",
        "service",
        "request_id",
        "trace_id",
        "tenant",
        "stack",
    ]
)
TEXTS = st.sampled_from(["", "x", "a=b", "password=x", "order placed", "é\u2028", "\ud800", "Bearer abc123def456"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | TEXTS
LISTED = st.sampled_from(["name", "value"])
VALUES = st.recursive(
    SCALARS | st.just((("authorization", "x"),)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.sampled_from(["name", "value"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=4)
PLAIN = st.dictionaries(st.sampled_from(["a", "b", "path"]), TEXTS | VALUES, max_size=2)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=TEXTS | st.text(), context=PLAIN | FIELDS, bound=PLAIN | FIELDS, fields=PLAIN | FIELDS)
@example(event="x", context={}, bound={}, fields={"a": "\ud800"})
@example(event="x", context={"a": "\ud800"}, bound={}, fields={})
@example(event="x", context={}, bound={"b": [{"a": "\ud800"}]}, fields={})
@example(event="x", context={}, bound={"b": {"c": {"d": {"e": list(range(600))}}}}, fields={})
@example(event="x", context={}, bound={}, fields={"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": [{}]}}}}}}}})
def test_both_ways_write_the_same(
    logged: Callable[..., Lines], event: str, context: dict[str, Any], bound: dict[str, Any], fields: dict[str, Any]
) -> None:
    lines = logged(wall_clock=lambda: 1_700_000_000.5, writer="sync")
    log = mcl.get_logger("shop", **bound)
    with mcl.LogContext(**context):
        log.info(event, **fields)
        short = lines.last()
        RUNTIME.fast = None
        log.info(event, **fields)
    assert short == lines.last()


def test_the_common_event_takes_the_short_way(logged: Callable[..., Lines]) -> None:
    logged()
    assert RUNTIME.fast is not None
    fields = {"n": 1, "price": 9.5, "to": {"city": "Bonn", "tags": ["a"]}}
    with mcl.LogContext(request_id="r", user_id="u"):
        line = RUNTIME.fast.line("info", RUNTIME.levels.channel("shop"), "placed", FRAME.get(), {"shard": 3}, fields)
    assert line is not None
    assert json.loads(line)["to"] == {"city": "Bonn", "tags": ["a"]}
