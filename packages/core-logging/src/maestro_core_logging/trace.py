"""Trace and span ids: from OpenTelemetry when the process has loaded it, else from a `traceparent` header."""

from __future__ import annotations

import re
import sys

__all__ = ["current_span", "parse_traceparent"]

# W3C Trace Context, section 3.2.2: version ff is forbidden, all-zero ids are invalid, later versions may append fields.
_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)


def parse_traceparent(header: str) -> dict[str, str]:
    """Return `trace_id` and `span_id` of a W3C traceparent header, or nothing when it is not valid."""
    match = _TRACEPARENT.fullmatch(header.strip())
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"]):
        return {}
    if set(match["trace"]) == {"0"} or set(match["span"]) == {"0"}:
        return {}
    return {"trace_id": match["trace"], "span_id": match["span"]}


def current_span() -> dict[str, str]:
    """Return `trace_id` and `span_id` of OpenTelemetry's current span; nothing without one, never an import."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return {}
    context = api.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
