"""Every way this library says no, each with a stable code, an HTTP status and, where known, when to come back."""

from __future__ import annotations

import builtins
from typing import Any, ClassVar

__all__ = [
    "BulkheadFullError",
    "CircuitBreakerOpenError",
    "DeadlineExceededError",
    "OverloadError",
    "RateLimitError",
    "ResilienceError",
    "RetryError",
    "TimeoutError",
]


class ResilienceError(Exception):
    """Root of the library's errors.

    `code` is stable snake_case, `http_status` what a server should answer, `retry_after` seconds until another try
    makes sense (None: unknown), `extra` the facts behind the sentence.
    """

    code: ClassVar[str] = "resilience_error"
    http_status: ClassVar[int] = 503

    def __init__(self, message: str = "", *, retry_after: float | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.extra: dict[str, Any] = extra


class CircuitBreakerOpenError(ResilienceError):
    """The breaker let nothing through: it is open, or half-open with all its probes out."""

    code = "circuit_open"


class TimeoutError(ResilienceError, builtins.TimeoutError):  # noqa: A001 - the name users know, and a builtin one too
    """A call took longer than it was given."""

    code = "timeout"
    http_status = 504


class DeadlineExceededError(TimeoutError):
    """The time for the whole piece of work is used up."""

    code = "deadline_exceeded"


class BulkheadFullError(ResilienceError):
    """All permits are taken, and the queue is full or waiting in it took too long."""

    code = "bulkhead_full"


class OverloadError(ResilienceError):
    """The adaptive limit is reached: the callee is answering as fast as it can."""

    code = "overloaded"


class RateLimitError(ResilienceError):
    """The rate is used up; `retry_after` says when the next call conforms."""

    code = "rate_limited"
    http_status = 429


class RetryError(ResilienceError):
    """All attempts failed; the last error is the cause, and `last_error`. Raised only with `reraise=False`."""

    code = "retries_exhausted"

    def __init__(self, message: str = "", *, last_error: Exception | None = None, **extra: Any) -> None:
        retry_after = getattr(last_error, "retry_after", None)
        super().__init__(message, retry_after=retry_after, **extra)
        self.last_error = last_error
