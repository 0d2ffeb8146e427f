"""Trace ids without a tracing dependency."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import maestro_core_logging as mcl
import pytest
from maestro_core_logging.trace import parse_traceparent

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Lines

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "valid"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f" 00-{TRACE}-{SPAN}-00 ", True),
        (f"01-{TRACE}-{SPAN}-01-later", True),
        (f"00-{TRACE}-{SPAN}-01-later", False),
        (f"ff-{TRACE}-{SPAN}-01", False),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE.upper()}-{SPAN}-01", False),
        (f"00-{TRACE}-{SPAN}", False),
        ("", False),
    ],
)
def test_traceparent_is_read_as_w3c_says(header: str, valid: bool) -> None:
    assert parse_traceparent(header) == ({"trace_id": TRACE, "span_id": SPAN} if valid else {})


@pytest.fixture
def otel(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for a loaded `opentelemetry.trace`; the real one is no requirement of ours."""
    context = SimpleNamespace(is_valid=True, trace_id=int(TRACE, 16), span_id=int(SPAN, 16))
    module = ModuleType("opentelemetry.trace")
    module.get_current_span = lambda: SimpleNamespace(get_span_context=lambda: context)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)
    return context


def test_the_current_span_is_on_the_line(logged: Callable[..., Lines], otel: SimpleNamespace) -> None:
    lines = logged()
    mcl.get_logger().info("traced", n=1)
    assert (lines.last()["trace_id"], lines.last()["span_id"]) == (TRACE, SPAN)
    with mcl.LogContext(trace_id="f" * 32, span_id="e" * 16):
        mcl.get_logger().info("the span wins")
        assert lines.last()["trace_id"] == TRACE
        otel.is_valid = False
        mcl.get_logger().info("without a span the header counts")
        assert lines.last()["trace_id"] == "f" * 32


def test_opentelemetry_is_never_imported() -> None:
    assert "opentelemetry" not in sys.modules
