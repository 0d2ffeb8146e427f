"""The circuit breaker against a reference model: any schedule of calls, outcomes and waits gives the same answers."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from maestro_resilience import CircuitBreaker, CircuitBreakerOpenError
from maestro_resilience.testing import VirtualClock


class NoJitter(random.Random):
    """Always the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


class Model:
    """What the documentation says, in the plainest way: a list of outcomes and a state."""

    def __init__(self, **rules: float | str) -> None:
        self.rules = rules
        self.state, self.generation, self.failed_probings = "closed", 0, 0
        self.outcomes: list[tuple[bool, bool]] = []
        self.until = 0.0
        self.probes = self.good_probes = 0

    def admit(self, now: float) -> int | None:
        if self.state == "open" and now >= self.until:
            self.move("half_open")
        if self.state == "open" or (self.state == "half_open" and self.probes >= float(self.rules["half_open_max"])):
            return None
        self.probes += self.state == "half_open"
        return self.generation

    def settle(self, generation: int, now: float, *, failed: bool, slow: bool) -> None:
        if generation != self.generation:
            return
        if self.state == "half_open":
            self.settle_probe(now, good=not failed and not slow)
        elif self.state == "closed":
            self.outcomes.append((failed, slow))
            if (failed or slow) and self.too_bad(failed=failed):
                self.failed_probings = 0
                self.open(now)

    def settle_probe(self, now: float, *, good: bool) -> None:
        self.probes -= 1
        self.good_probes += good
        if not good:
            self.failed_probings += 1
            self.open(now)
        elif self.good_probes >= float(self.rules["success_threshold"]):
            self.move("closed")

    def too_bad(self, *, failed: bool) -> bool:
        threshold, window = int(self.rules["failure_threshold"]), int(self.rules["window"])
        tail = [bad for bad, _ in self.outcomes[-threshold:]]
        if self.rules["mode"] == "consecutive" and failed and len(tail) == threshold and all(tail):
            return True
        seen = self.outcomes[-window:]
        if len(seen) < float(self.rules["minimum_calls"]):
            return False
        failures, slow = (sum(outcome[index] for outcome in seen) for index in (0, 1))
        by_rate = self.rules["mode"] == "rate" and failures / len(seen) >= float(self.rules["failure_rate"])
        return by_rate or slow / len(seen) >= float(self.rules["slow_rate"])

    def open(self, now: float) -> None:
        self.until = now + min(
            10 * float(self.rules["timeout"]), float(self.rules["timeout"]) * 2**self.failed_probings
        )
        self.move("open")

    def move(self, state: str) -> None:
        self.state, self.generation = state, self.generation + 1
        self.outcomes, self.probes, self.good_probes = [], 0, 0


class BreakerComparison(RuleBasedStateMachine):
    """Calls start and end in any order, with time passing between."""

    @initialize(
        mode=st.sampled_from(["consecutive", "rate"]),
        thresholds=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
        window=st.integers(1, 6),
        minimum=st.integers(1, 6),
        rates=st.tuples(st.sampled_from([0.25, 0.5, 1.0]), st.sampled_from([0.5, 0.75, 1.0])),
    )
    def start(
        self, mode: str, thresholds: tuple[int, int, int], window: int, minimum: int, rates: tuple[float, float]
    ) -> None:
        rules: dict[str, Any] = {
            "mode": mode,
            "failure_threshold": thresholds[0],
            "success_threshold": thresholds[1],
            "half_open_max": thresholds[2],
            "window": window,
            "minimum_calls": min(minimum, window),
            "failure_rate": rates[0],
            "slow_rate": rates[1],
            "timeout": 8,
        }
        self.clock = VirtualClock()
        self.breaker = CircuitBreaker(**rules, slow_call_seconds=4, clock=self.clock, rng=NoJitter())
        self.model = Model(**rules)
        self.under_way: list[tuple[int, float]] = []
        self.entries: list[Any] = []

    @rule()
    def begin(self) -> None:
        expected = self.model.admit(self.clock.now)
        try:
            entry = self.breaker._enter()
        except CircuitBreakerOpenError:
            assert expected is None
        else:
            assert expected is not None
            self.under_way.append((expected, self.clock.now))
            self.entries.append(entry)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 1_000), outcome=st.sampled_from(["good", "failed", "cancelled"]))
    def end(self, which: int, outcome: str) -> None:
        index = which % len(self.under_way)
        generation, started = self.under_way.pop(index)
        phase, began = self.entries.pop(index)
        error = {"good": None, "failed": OSError(), "cancelled": KeyboardInterrupt()}[outcome]
        self.breaker._ended(phase, began, error)
        if outcome == "cancelled":
            self.model.probes -= self.model.state == "half_open" and generation == self.model.generation
        else:
            slow = self.clock.now - started > 4
            self.model.settle(generation, self.clock.now, failed=outcome == "failed", slow=slow)

    @rule(seconds=st.sampled_from([0.5, 1, 3, 5, 8, 20, 100]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def states_agree(self) -> None:
        if hasattr(self, "model"):
            stats = self.breaker.stats()
            assert stats["state"] == self.model.state
            assert stats.get("probes_in_flight", 0) == self.model.probes
            if self.model.state == "open":
                assert stats["retry_after"] == max(0, self.model.until - self.clock.now)


TestBreakerComparison = BreakerComparison.TestCase
TestBreakerComparison.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
