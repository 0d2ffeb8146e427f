"""Every way this library says no, each with a stable code, an HTTP status and, where known, when to come back."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "CacheClosedError",
    "CacheError",
    "CacheUnavailable",
    "CounterOverflowError",
    "LeaseLostError",
    "LockHeldError",
    "MissingExtraError",
    "NotAnIntegerError",
    "RecursiveFactoryError",
    "UnstorableValueError",
]


class CacheError(Exception):
    """Root of the library's errors.

    `code` is stable snake_case, `http_status` what a server should answer, `retry_after` seconds until another try
    makes sense (None: unknown), `extra` the facts behind the sentence.
    """

    code: ClassVar[str] = "cache_error"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str = "", *, retry_after: float | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.extra: dict[str, Any] = extra


class CacheUnavailable(CacheError):  # noqa: N818 - the name the platform knows
    """The store behind the cache did not answer, or answered with an error."""

    code = "cache_unavailable"
    http_status = 503


class CacheClosedError(CacheError, RuntimeError):
    """The cache was closed; `await start()` opens it again."""

    code = "cache_closed"


class LockHeldError(CacheError):
    """Somebody else holds the lock, and went on holding it as long as we were to wait; `retry_after` is its lease."""

    code = "lock_held"
    http_status = 409


class LeaseLostError(CacheError):
    """The lease ended before it was released: it ran out, or somebody else holds it now."""

    code = "lease_lost"
    http_status = 409


class NotAnIntegerError(CacheError, TypeError):
    """What is stored under the key is no integer, so it cannot be counted up."""

    code = "not_an_integer"
    http_status = 409


class CounterOverflowError(CacheError, OverflowError):
    """The sum would not fit into 64 bits; the counter stays as it is."""

    code = "counter_overflow"
    http_status = 409


class UnstorableValueError(CacheError, TypeError):
    """The value cannot be written in a form from which it comes back the same."""

    code = "unstorable_value"


class RecursiveFactoryError(CacheError, RuntimeError):
    """The factory of a key asks for that same key, which it would wait for without end."""

    code = "recursive_factory"


class MissingExtraError(CacheError, ImportError):
    """A library is needed that an extra brings; the text is the command that installs it."""

    code = "missing_extra"
