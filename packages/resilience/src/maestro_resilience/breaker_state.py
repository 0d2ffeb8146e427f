"""The three phases of a circuit breaker, as plain values: what each has counted and when it is over.

A phase is made at every transition and thrown away at the next one. A call keeps the phase that admitted it, so an
outcome that arrives late lands in a phase that is over and changes nothing: the phase itself is the generation tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

from maestro_resilience.checks import fraction, positive, whole
from maestro_resilience.window import Marks, Streak

if TYPE_CHECKING:
    import random

__all__ = ["BreakerSettings", "CircuitState", "Closed", "HalfOpen", "Open", "Phase"]

JITTER = 0.1
GROWTH_LIMIT = 10.0


class CircuitState(Enum):
    """The state of a breaker: calls pass, calls are rejected, a few probes pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When a breaker opens and how it closes again; see `CircuitBreaker` for the meaning of each."""

    failure_threshold: int = 5
    success_threshold: int = 2
    timeout: float = 60.0
    mode: Literal["consecutive", "rate"] = "consecutive"
    failure_rate: float = 0.5
    slow_call_seconds: float | None = None
    slow_rate: float = 0.8
    window: int = 100
    minimum_calls: int = 20
    half_open_max: int = 1

    def __post_init__(self) -> None:
        """Refuse what can never work."""
        for what in ("failure_threshold", "success_threshold", "window", "minimum_calls", "half_open_max"):
            whole(what, getattr(self, what))
        positive("timeout", self.timeout)
        fraction("failure_rate", self.failure_rate)
        fraction("slow_rate", self.slow_rate)
        if self.slow_call_seconds is not None:
            positive("slow_call_seconds", self.slow_call_seconds)
        if self.mode not in {"consecutive", "rate"}:
            raise ValueError(f'mode must be "consecutive" or "rate", not {self.mode!r}; choose one')
        if self.minimum_calls > self.window:
            raise ValueError(
                f"minimum_calls ({self.minimum_calls}) would never be reached in a window of {self.window} calls; "
                "lower it or widen the window"
            )

    def open_seconds(self, failed_probings: int, rng: random.Random) -> float:
        """How long to stay open: the timeout, doubled for every failed probing up to ten times, +-10 % at random."""
        factor = min(2.0 ** min(failed_probings, 10), GROWTH_LIMIT)
        return self.timeout * factor * rng.uniform(1 - JITTER, 1 + JITTER)


class Closed:
    """Calls pass and are counted. `calls` numbers them; a good call is nothing but one more."""

    __slots__ = ("_failures", "_settings", "_slow", "_streak", "calls")

    state = CircuitState.CLOSED
    closed = True

    def __init__(self, settings: BreakerSettings) -> None:
        self.calls = 0
        self._settings = settings
        self._streak = Streak()
        self._failures = Marks(settings.window)
        self._slow = Marks(settings.window)

    def add(self, *, failed: bool, slow: bool) -> bool:
        """Count one failed or slow call; True when the breaker has to open. A good call never opens it."""
        self.calls += 1
        number = self.calls
        if slow:
            self._slow.add(number)
        if failed:
            self._failures.add(number)
            if self._streak.add(number) >= self._settings.failure_threshold and self._settings.mode == "consecutive":
                return True
        return self._rate_exceeded()

    def _rate_exceeded(self) -> bool:
        rules, seen = self._settings, min(self.calls, self._settings.window)
        if seen < rules.minimum_calls:
            return False
        if rules.mode == "rate" and self.failures >= rules.failure_rate * seen:
            return True
        return rules.slow_call_seconds is not None and self.slow_calls >= rules.slow_rate * seen

    @property
    def failures(self) -> int:
        """Failed calls in the window."""
        return self._failures.count(self.calls)

    @property
    def slow_calls(self) -> int:
        """Slow calls in the window."""
        return self._slow.count(self.calls)

    def stats(self, _now: float) -> dict[str, int | float]:
        """What the window holds."""
        streak = self._streak.count(self.calls)
        return {"consecutive_failures": streak, "window_failures": self.failures, "window_slow_calls": self.slow_calls}


class Open:
    """Calls are rejected until `until`, in seconds of the breaker's clock."""

    __slots__ = ("failed_probings", "since", "until")

    state = CircuitState.OPEN
    closed = False

    def __init__(self, *, now: float, seconds: float, failed_probings: int) -> None:
        self.since = now
        self.until = now + seconds
        self.failed_probings = failed_probings

    def seconds_left(self, now: float) -> float:
        """How long it stays open; a clock that went back (a test's new loop) starts the open time again."""
        if now < self.since:
            self.until -= self.since - now
            self.since = now
        return max(0.0, self.until - now)

    def stats(self, now: float) -> dict[str, int | float]:
        """When it will probe, and how often probing has failed."""
        return {"retry_after": self.seconds_left(now), "failed_probings": self.failed_probings}


class HalfOpen:
    """At most `probes` calls are out at once; enough successes close the breaker, one failure opens it again."""

    __slots__ = ("failed_probings", "in_flight", "successes")

    state = CircuitState.HALF_OPEN
    closed = False

    def __init__(self, *, failed_probings: int) -> None:
        self.failed_probings = failed_probings
        self.in_flight = 0
        self.successes = 0

    def stats(self, _now: float) -> dict[str, int | float]:
        """How the probing goes."""
        return {"probes_in_flight": self.in_flight, "probe_successes": self.successes}


Phase: TypeAlias = Closed | Open | HalfOpen
