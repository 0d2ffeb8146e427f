"""The state machine of a circuit breaker: who is let in, and what each outcome changes."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from maestro_resilience.breaker_state import BreakerSettings, Closed, HalfOpen, Open, Phase
from maestro_resilience.errors import CircuitBreakerOpenError
from maestro_resilience.events import Subscribers

if TYPE_CHECKING:
    from maestro_resilience.clock import Clock

__all__ = ["BreakerMachine"]

PROBE_PATIENCE = 1.0  # seconds: what a call rejected while probes are out is told to wait, at most


class BreakerMachine:
    """Admits calls and settles their outcomes; thread-safe.

    A call takes the phase that `admit` returns and hands it back to `settle`, or to `release` when its outcome says
    nothing. A good and quick call of a closed phase is not settled: it does `phase.calls += 1`, without a lock.
    """

    def __init__(self, settings: BreakerSettings, *, name: str, clock: Clock, rng: random.Random | None) -> None:
        self.settings = settings
        self.name = name
        self.subscribers = Subscribers()
        self.phase: Phase = Closed(settings)
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter needs no cryptography
        self._lock = threading.Lock()
        self._calls = 0  # settled in phases that are over
        self._totals = dict.fromkeys(("failures", "slow_calls", "rejected", "opened", "ignored", "late"), 0)

    def admit(self) -> Phase:
        """The phase that lets this call through; CircuitBreakerOpenError when it must not be made."""
        phase = self.phase
        if phase.closed:
            return phase
        began_probing = False
        with self._lock:
            if isinstance(self.phase, Open) and not self.phase.seconds_left(self._clock.read()):
                self.phase = HalfOpen(failed_probings=self.phase.failed_probings)
                began_probing = True
            phase = self.phase
            admitted = phase.closed or self._take_probe(phase)
        if began_probing:
            self._publish("half_open")
        if not admitted:
            self._reject(phase)
        return phase

    def _take_probe(self, phase: Phase) -> bool:
        if isinstance(phase, HalfOpen) and phase.in_flight < self.settings.half_open_max:
            phase.in_flight += 1
            return True
        self._totals["rejected"] += 1
        return False

    def _reject(self, phase: Phase) -> None:
        if isinstance(phase, Open):
            why, seconds = "is open after too many failures", phase.seconds_left(self._clock.read())
        else:
            why, seconds = "is probing whether its callee works again", min(PROBE_PATIENCE, self.settings.timeout)
        self._publish("rejected", retry_after=seconds)
        raise CircuitBreakerOpenError(
            f"circuit breaker {self.name!r} {why}; try again in {seconds:.1f} s", retry_after=seconds, name=self.name
        )

    def settle(self, phase: Phase, *, failed: bool, slow: bool) -> None:
        """A call admitted in `phase` has failed or succeeded; an outcome of an earlier phase is only counted."""
        with self._lock:
            self._totals["failures"] += failed
            self._totals["slow_calls"] += slow
            happened = None
            if phase is not self.phase:
                self._totals["late"] += 1
            elif isinstance(phase, Closed):
                happened = self._open(failed_probings=0) if phase.add(failed=failed, slow=slow) else None
            elif isinstance(phase, HalfOpen):
                happened = self._settle_probe(phase, good=not (failed or slow))
        if happened is not None:
            self._publish(happened)

    def release(self, phase: Phase) -> None:
        """A call that was admitted in `phase` ended without saying anything about its callee."""
        with self._lock:
            self._totals["ignored"] += 1
            if isinstance(phase, HalfOpen):
                phase.in_flight -= 1

    def reset(self) -> None:
        """Close, and forget what was counted for opening; outcomes of calls under way no longer matter."""
        with self._lock:
            self._close()
        self._publish("closed")

    def _settle_probe(self, phase: HalfOpen, *, good: bool) -> str | None:
        phase.in_flight -= 1
        self._calls += 1
        if not good:
            return self._open(failed_probings=phase.failed_probings + 1)
        phase.successes += 1
        return self._close() if phase.successes >= self.settings.success_threshold else None

    def _close(self) -> str:
        self._leave()
        self.phase = Closed(self.settings)
        return "closed"

    def _open(self, *, failed_probings: int) -> str:
        self._leave()
        seconds = self.settings.open_seconds(failed_probings, self._rng)
        self.phase = Open(now=self._clock.read(), seconds=seconds, failed_probings=failed_probings)
        self._totals["opened"] += 1
        return "opened"

    def _leave(self) -> None:
        if isinstance(self.phase, Closed):
            self._calls += self.phase.calls

    def _publish(self, happened: str, **data: float) -> None:
        self.subscribers.publish(f"circuit_breaker.{happened}", self.name, **data)

    def stats(self) -> dict[str, int | float | str]:
        """Totals since the beginning, the state, and what the current phase has counted."""
        with self._lock:
            phase = self.phase
            return {
                "name": self.name,
                "state": phase.state.value,
                **self._totals,
                **phase.stats(self._clock.read()),
                "calls": self._calls + getattr(phase, "calls", 0),
                "subscriber_errors": self.subscribers.errors,
            }
