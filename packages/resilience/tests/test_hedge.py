"""Hedging on virtual time: when it asks again, whose answer counts, and that it never does more than it may."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import testing
from maestro_resilience.budget import RetryBudget
from maestro_resilience.hedge import hedge
from maestro_resilience.retry import retry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from maestro_resilience.events import Event


class Callee:
    """Attempt number n takes `seconds[n]` and then answers n, or fails; the last entry stands for all later ones."""

    def __init__(self, *seconds: float, failing: frozenset[int] = frozenset(), cleanup: float = 0.0) -> None:
        self.seconds = seconds
        self.failing = failing
        self.cleanup = cleanup
        self.started: list[float] = []
        self.running = self.most = self.cancelled = 0

    async def __call__(self) -> int:
        number = len(self.started)
        self.started.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(self.seconds[min(number, len(self.seconds) - 1)])
        except asyncio.CancelledError:
            self.cancelled += 1
            await asyncio.sleep(self.cleanup)
            raise
        finally:
            self.running -= 1
        if number in self.failing:
            raise ConnectionError(f"attempt {number} failed")
        return number


def loop_time() -> float:
    return asyncio.get_running_loop().time()


def test_an_answer_in_time_is_asked_for_once() -> None:
    async def main() -> None:
        callee = Callee(1.0)
        assert await hedge(2.0).call(callee) == 0
        assert callee.started == [0]

    testing.run(main)


def test_a_late_answer_is_asked_for_again_and_the_first_to_come_counts() -> None:
    async def main() -> None:
        callee = Callee(10, 1)
        hedged = hedge(2, name="search")
        events: list[Event] = []
        hedged.subscribe(events.append)
        assert await hedged.call(callee) == 1
        assert loop_time() == 3
        assert (callee.started, callee.cancelled, callee.running) == ([0, 2], 1, 0)
        assert [(event.kind, event.name) for event in events] == [("hedge.sent", "search")]
        assert hedged.stats() == {
            "name": "search",
            "delay": 2.0,
            "calls": 1,
            "hedges": 1,
            "hedges_won": 1,
            "subscriber_errors": 0,
        }

    testing.run(main)


def test_the_first_call_may_still_win_and_then_the_hedge_is_cancelled() -> None:
    async def main() -> None:
        callee = Callee(3, 10)
        hedged = hedge(2)
        assert await hedged.call(callee) == 0
        assert (loop_time(), callee.cancelled, hedged.stats()["hedges_won"]) == (3, 1, 0)

    testing.run(main)


def test_hedges_follow_one_another_by_the_delay_up_to_the_cap() -> None:
    async def main() -> None:
        callee = Callee(100)
        assert await hedge(2, max=3).call(callee) == 0
        assert callee.started == [0, 2, 4, 6]
        assert callee.cancelled == 3

    testing.run(main)


def test_losers_have_ended_before_the_answer_is_given() -> None:
    async def main() -> None:
        callee = Callee(10, 1, cleanup=5)
        assert await hedge(2).call(callee) == 1
        assert (loop_time(), callee.running) == (8, 0)

    testing.run(main)


def test_a_failure_waits_for_the_calls_still_running() -> None:
    async def main() -> None:
        callee = Callee(3, 4, failing=frozenset({0}))
        assert await hedge(2).call(callee) == 1
        assert loop_time() == 6

    testing.run(main)


@pytest.mark.parametrize(
    ("seconds", "last"),
    [
        ((3, 4), "attempt 1 failed"),
        ((5, 1), "attempt 0 failed"),
        ((4, 2), "attempt 1 failed"),
        ((1,), "attempt 0 failed"),
    ],
)
def test_the_last_error_is_raised_when_all_failed(seconds: tuple[float, ...], last: str) -> None:
    async def main() -> None:
        with pytest.raises(ConnectionError, match=last):
            await hedge(2).call(Callee(*seconds, failing=frozenset({0, 1})))

    testing.run(main)


def test_a_failure_before_the_delay_is_not_tried_again() -> None:
    async def main() -> None:
        callee = Callee(1, failing=frozenset({0}))
        with pytest.raises(ConnectionError):
            await hedge(2).call(callee)
        assert len(callee.started) == 1

    testing.run(main)


latencies = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0]), min_size=1, max_size=5)


@given(
    st.lists(st.tuples(latencies, st.frozensets(st.integers(0, 4))), min_size=1, max_size=12),
    st.sampled_from([0.5, 1.0, 1.25]),
    st.integers(1, 3),
)
def test_it_never_does_more_than_its_cap_and_leaves_nothing_behind(
    calls: list[tuple[list[float], frozenset[int]]], delay: float, most: int
) -> None:
    async def main() -> None:
        hedged = hedge(delay, most)
        callees = [Callee(*seconds, failing=failing) for seconds, failing in calls]
        outcomes = await asyncio.gather(*(hedged.call(callee) for callee in callees), return_exceptions=True)
        for callee, outcome in zip(callees, outcomes, strict=True):
            assert len(callee.started) <= 1 + most
            assert callee.most <= 1 + most
            assert callee.running == 0
            if isinstance(outcome, ConnectionError):
                assert callee.failing.issuperset(range(len(callee.started)))
            else:
                assert outcome in set(range(len(callee.started))) - callee.failing
        assert hedged.stats()["hedges"] == sum(len(callee.started) - 1 for callee in callees)
        assert len(asyncio.all_tasks()) == 1

    testing.run(main)


@pytest.mark.parametrize("cleanup", [0, 3])
def test_a_cancellation_at_any_step_ends_all_that_it_started(cleanup: float) -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        callee = Callee(10, 4, failing=frozenset({0}), cleanup=cleanup)
        await cancellable(hedge(2).call(callee))
        assert callee.running == 0
        assert len(asyncio.all_tasks()) == 1

    assert testing.cancel_at_every_step(scenario) > 4


def test_an_empty_budget_forbids_hedges_and_calls_fill_it() -> None:
    async def main() -> None:
        budget = RetryBudget(ratio=0.25, min_per_second=0, ttl=1_000)
        hedged = hedge(1, max=2, budget=budget)
        extra = []
        for _ in range(40):
            callee = Callee(3)
            await hedged.call(callee)
            extra.append(len(callee.started) - 1)
        assert sum(extra) == 10
        assert extra[:4] == [0, 0, 0, 1]
        assert budget.stats()["denied"] == 40 + sum(1 for hedges in extra if hedges == 1) - sum(extra)

    testing.run(main)


def test_retries_and_hedges_together_stay_within_their_budget() -> None:
    async def main() -> None:
        budget = RetryBudget(ratio=0.5, min_per_second=0, ttl=10_000)
        made = 0

        @retry(4, delay=0.1, jitter="none", budget=budget)
        @hedge(1, max=2, budget=budget)
        async def fetch() -> None:
            nonlocal made
            made += 1
            await asyncio.sleep(5)
            raise ConnectionError

        for _ in range(40):
            with pytest.raises(ConnectionError):
                await fetch()
        assert budget.stats()["calls"] == 40
        assert made == 60

    testing.run(main)


async def learn(hedged: Any, durations: list[float]) -> None:
    for seconds in durations:
        await hedged.call(Callee(seconds))


@given(st.integers(1, 99), st.lists(st.integers(1, 1_000), min_size=20, max_size=20))
def test_a_percentile_is_the_smallest_latency_that_so_many_calls_did_not_exceed(
    percent: int, durations: list[int]
) -> None:
    async def main() -> float | None:
        hedged = hedge(f"p{percent}")
        await learn(hedged, [float(each) for each in durations])
        return hedged.delay

    needed = math.ceil(percent * len(durations) / 100)
    expected = min(each for each in durations if sum(other <= each for other in durations) >= needed)
    assert testing.run(main) == pytest.approx(expected)


def test_a_percentile_asks_for_nothing_twice_before_it_has_seen_enough_and_follows_the_latest_calls() -> None:
    async def main() -> None:
        hedged = hedge("p90")
        assert hedged.stats()["delay"] == -1
        await learn(hedged, [1.0, 50.0] + [1.0] * 17)
        assert (hedged.delay, hedged.stats()["hedges"]) == (None, 0)
        await learn(hedged, [1.0])
        assert hedged.delay == pytest.approx(1)
        callee = Callee(10, 0.5)
        began = loop_time()
        assert await hedged.call(callee) == 1
        assert loop_time() - began == pytest.approx(1.5)
        for _ in range(300):
            hedged_call = Callee(0.2)
            await hedged.call(hedged_call)
        assert hedged.delay == pytest.approx(0.2)

    testing.run(main)


def test_failed_calls_teach_it_nothing() -> None:
    async def main() -> None:
        hedged = hedge("p50")
        for _ in range(30):
            with pytest.raises(ConnectionError):
                await hedged.call(Callee(1, failing=frozenset({0})))
        assert hedged.delay is None

    testing.run(main)


def test_latencies_too_short_to_measure_give_no_delay_to_hedge_by() -> None:
    async def main() -> None:
        hedged = hedge("p95")
        await learn(hedged, [0.0] * 50 + [1.0])
        assert hedged.stats()["hedges"] == 0

    testing.run(main)


def test_it_decorates_and_passes_arguments_on() -> None:
    @hedge(1)
    async def double(number: int, *, plus: int = 0) -> int:
        """Twice."""
        return 2 * number + plus

    assert testing.run(double(4, plus=1)) == 9
    assert (double.__name__, double.__doc__) == ("double", "Twice.")


def plain() -> None: ...


async def generator() -> AsyncIterator[int]:
    yield 1


async def coroutine_function() -> None: ...


@pytest.mark.parametrize(
    ("error", "make"),
    [
        (TypeError, lambda: hedge(1)(plain)),
        (TypeError, lambda: hedge(1)(generator)),
        (TypeError, lambda: hedge(coroutine_function)),  # type: ignore[arg-type]
        (TypeError, lambda: hedge(1, budget=0.2)),  # type: ignore[arg-type]
        (TypeError, lambda: hedge(1, max=1.5)),  # type: ignore[arg-type]
        (ValueError, lambda: hedge(1, max=0)),
        (ValueError, lambda: hedge(0)),
        (ValueError, lambda: hedge(-1)),
        (ValueError, lambda: hedge("p0")),
        (ValueError, lambda: hedge("p100")),
        (ValueError, lambda: hedge("fast")),
    ],
)
def test_what_cannot_work_is_refused_at_definition(error: type[Exception], make: Callable[[], object]) -> None:
    with pytest.raises(error):
        make()


def test_a_plain_function_given_to_call_is_refused_before_it_runs() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="make it async"):
            await hedge(1).call(plain)  # type: ignore[arg-type]

    testing.run(main)
