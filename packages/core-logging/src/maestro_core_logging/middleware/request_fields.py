"""What a request's headers say about its context, and what is said back; one rule for all middlewares."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from maestro_core_logging.trace import parse_traceparent

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CORRELATION_ID", "REQUEST_ID", "request_fields", "with_user"]

REQUEST_ID = "x-request-id"
CORRELATION_ID = "x-correlation-id"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_fields(header: Callable[[str], str | None]) -> dict[str, Any]:
    """Return the context of a request, its headers looked up by lower-case name.

    An id that is not 1 to 128 letters, digits, dots, underscores or dashes is replaced by a new one, as a client's
    text has no business on our lines. Without a correlation id the request id serves as one.
    """
    request_id = _accepted(header(REQUEST_ID)) or str(uuid.uuid4())
    fields = {"request_id": request_id, "correlation_id": _accepted(header(CORRELATION_ID)) or request_id}
    return fields | parse_traceparent(header("traceparent") or "")


def with_user(fields: dict[str, Any], extract: Callable[[Any], Any] | None, request: Any) -> dict[str, Any]:
    """Add `user_id` as the application's function finds it; a function that fails finds nobody."""
    if extract is None:
        return fields
    try:
        user_id = extract(request)
    except Exception:  # noqa: BLE001 - the application's function may fail in any way; the request goes on
        return fields
    return fields if user_id is None else {**fields, "user_id": user_id}


def _accepted(value: str | None) -> str | None:
    return value if value is not None and _ACCEPTED.fullmatch(value) else None
