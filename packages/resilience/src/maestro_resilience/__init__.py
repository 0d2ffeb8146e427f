"""Timeouts, retries, breakers, bulkheads and limiters that share one deadline and cannot amplify an outage."""

from __future__ import annotations

from maestro_resilience.circuit_breaker import BreakerSettings, CircuitBreaker, CircuitState
from maestro_resilience.errors import CircuitBreakerOpenError, ResilienceError

__all__ = ["BreakerSettings", "CircuitBreaker", "CircuitBreakerOpenError", "CircuitState", "ResilienceError"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-resilience")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
