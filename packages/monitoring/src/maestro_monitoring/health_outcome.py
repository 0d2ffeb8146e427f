"""What the end of a health check means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maestro_core_logging import Redactor

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["outcome_of"]

_LONGEST = 300
_WORDS = ("healthy", "degraded", "unhealthy")


def outcome_of(ended: Future[object]) -> tuple[str, str]:
    """Return the status, as a word, and a message, of a check that has ended."""
    error = ended.exception()
    if error is not None:
        text = Redactor().redact_text(str(error))
        return "unhealthy", (f"{type(error).__name__}: {text}" if text else type(error).__name__)[:_LONGEST]
    value = ended.result()
    if value is None or value is True:
        return "healthy", ""
    if value is False:
        return "unhealthy", "the check returned False"
    if isinstance(value, str) and value in _WORDS:
        return str(value), "" if value == "healthy" else f"the check returned {str(value)!r}"
    kind = type(value).__name__
    return "unhealthy", f"the check returned a {kind}; return None, True, False or a HealthStatus"
