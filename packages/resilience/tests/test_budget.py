"""The retry budget's promise, for any schedule of calls, retries and waits."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import RetryBudget, retry, testing

steps = st.lists(
    st.one_of(st.just("call"), st.just("retry"), st.floats(0, 30).map(lambda seconds: round(seconds, 3))), max_size=200
)


@given(ratio=st.floats(0.01, 2), minimum=st.floats(0, 20), ttl=st.floats(0.1, 20), schedule=steps)
def test_retries_never_exceed_their_share_of_the_calls_and_of_the_time(
    ratio: float, minimum: float, ttl: float, schedule: list[str | float]
) -> None:
    clock = testing.VirtualClock(50)
    budget = RetryBudget(ratio, minimum, ttl, clock=clock)
    calls = retries = 0
    for step in schedule:
        if step == "call":
            budget.deposit()
            calls += 1
        elif step == "retry":
            retries += budget.withdraw()
        else:
            clock.advance(float(step))
        assert retries <= ratio * calls + minimum * (clock.now - 50) + 1e-6


@given(st.integers(1, 30), st.floats(0.05, 3), st.integers(2, 6), st.integers(0, 9))
def test_an_outage_is_not_amplified_beyond_the_budget(users: int, ratio: float, attempts: int, seed: int) -> None:
    async def main() -> None:
        budget, reached, calls = RetryBudget(ratio, min_per_second=1, ttl=5), 0, 0

        @retry(attempts, delay=0.2, budget=budget, rng=random.Random(seed))
        async def down() -> None:
            nonlocal reached
            reached += 1
            raise ConnectionError

        for _ in range(5):
            calls += users
            await asyncio.gather(*(down() for _ in range(users)), return_exceptions=True)
            now = asyncio.get_running_loop().time()
            assert reached - calls <= ratio * calls + now + 1e-6
            await asyncio.sleep(1)

    testing.run(main)


def test_what_was_earned_is_lost_after_its_time(clock: testing.VirtualClock) -> None:
    budget = RetryBudget(ratio=1, min_per_second=0, ttl=10, clock=clock)
    budget.deposit()
    clock.advance(9)
    budget.deposit()
    clock.advance(2)
    assert budget.withdraw()
    assert not budget.withdraw()


def test_the_oldest_earnings_are_spent_first(clock: testing.VirtualClock) -> None:
    budget = RetryBudget(ratio=1, min_per_second=0, ttl=10, clock=clock)
    budget.deposit()
    clock.advance(8)
    budget.deposit()
    assert budget.withdraw()
    clock.advance(4)
    assert budget.withdraw()


def test_ten_tenths_are_a_whole_one(clock: testing.VirtualClock) -> None:
    budget = RetryBudget(ratio=0.1, min_per_second=0, clock=clock)
    for _ in range(10):
        budget.deposit()
    assert budget.withdraw()


def test_time_alone_saves_up_no_more_than_its_ttl(clock: testing.VirtualClock) -> None:
    budget = RetryBudget(ratio=0, min_per_second=2, ttl=3, clock=clock)
    clock.advance(1_000)
    assert [budget.withdraw() for _ in range(7)] == [True] * 6 + [False]


def test_a_clock_that_goes_back_grants_nothing_and_does_not_stop_it(clock: testing.VirtualClock) -> None:
    budget = RetryBudget(ratio=0, min_per_second=1, clock=clock)
    clock.now = 0
    assert not budget.withdraw()
    clock.advance(1)
    assert budget.withdraw()


def test_threads_share_it_exactly(clock: testing.VirtualClock) -> None:
    budget = RetryBudget(ratio=0.5, min_per_second=0, clock=clock)
    granted: list[bool] = []

    def user() -> None:
        for _ in range(200):
            budget.deposit()
            granted.append(budget.withdraw())

    threads = [threading.Thread(target=user) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) + int(budget.stats()["balance"]) == 800


@pytest.mark.parametrize(
    "wrong", [{"ratio": -0.1}, {"min_per_second": -1}, {"ttl": 0}, {"ratio": 0, "min_per_second": 0}], ids=str
)
def test_settings_that_cannot_work_are_refused_at_once(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        RetryBudget(**wrong)  # type: ignore[arg-type] # numbers all
