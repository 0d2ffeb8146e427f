"""Timeouts, retries, breakers, bulkheads and limiters that share one deadline and cannot amplify an outage."""

from __future__ import annotations

from maestro_resilience.adaptive import AdaptiveLimiter
from maestro_resilience.attempt import Attempt, current_attempt
from maestro_resilience.bulkhead import Bulkhead, StrictBulkhead
from maestro_resilience.circuit_breaker import BreakerSettings, CircuitBreaker, CircuitState
from maestro_resilience.deadline import Deadline, deadline
from maestro_resilience.errors import (
    BulkheadFullError,
    CircuitBreakerOpenError,
    DeadlineExceededError,
    OverloadError,
    RateLimitError,
    ResilienceError,
    RetryError,
    TimeoutError,  # noqa: A004 - the name users know, and a builtin one too
)
from maestro_resilience.events import Event
from maestro_resilience.fallback import FallbackChain, with_fallback
from maestro_resilience.hedge import Hedge, hedge
from maestro_resilience.policy import Policy
from maestro_resilience.rate_limiter import RateLimiter
from maestro_resilience.retry import Retry, RetryBudget, retry, retry_with_backoff
from maestro_resilience.timeout import Timeout, abandoned_threads, timeout, with_timeout

__all__ = [
    "AdaptiveLimiter",
    "Attempt",
    "BreakerSettings",
    "Bulkhead",
    "BulkheadFullError",
    "CircuitBreaker",
    "CircuitBreakerOpenError",
    "CircuitState",
    "Deadline",
    "DeadlineExceededError",
    "Event",
    "FallbackChain",
    "Hedge",
    "OverloadError",
    "Policy",
    "RateLimitError",
    "RateLimiter",
    "ResilienceError",
    "Retry",
    "RetryBudget",
    "RetryError",
    "StrictBulkhead",
    "Timeout",
    "TimeoutError",
    "abandoned_threads",
    "current_attempt",
    "deadline",
    "hedge",
    "retry",
    "retry_with_backoff",
    "timeout",
    "with_fallback",
    "with_timeout",
]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-resilience")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
