"""The policy: its layers stand in one order, and each does its part in it."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any

import pytest
from maestro_resilience import (
    AdaptiveLimiter,
    Bulkhead,
    BulkheadFullError,
    CircuitBreaker,
    CircuitBreakerOpenError,
    CircuitState,
    Deadline,
    DeadlineExceededError,
    FallbackChain,
    Policy,
    RetryBudget,
    StrictBulkhead,
    TimeoutError,  # noqa: A004 - the name users know
    retry,
    testing,
)


def now() -> float:
    return asyncio.get_running_loop().time()


async def hang() -> object:
    return await asyncio.sleep(1_000, "late")


async def fail() -> object:
    raise ConnectionError("down")


def full() -> Policy:
    return Policy(
        fallback=lambda *_args: "instead",
        deadline=10,
        bulkhead=Bulkhead(2, "db"),
        retry=retry(3, delay=1, jitter="none"),
        breaker=CircuitBreaker(5, name="db"),
        timeout=2,
    )


def test_the_order_is_printed_as_it_is_documented() -> None:
    assert str(full()) == (
        "fallback( deadline 10 s( bulkhead 'db'( retry of 3 attempts( breaker 'db'( "
        "attempt timeout 2 s( call ) ) ) ) ) )"
    )
    assert repr(Policy(timeout=0.5)) == "<Policy attempt timeout 0.5 s( call )>"


def test_success_passes_through_every_layer_with_arguments_and_signature_kept() -> None:
    @full()
    async def double(number: int, *, plus: int = 0) -> int:
        """Twice."""
        return 2 * number + plus

    assert testing.run(double(4, plus=1)) == 9
    assert (double.__name__, list(inspect.signature(double).parameters)) == ("double", ["number", "plus"])


def test_the_timeout_is_for_each_attempt_and_the_deadline_for_all() -> None:
    async def main() -> None:
        reached: list[float] = []

        @Policy(deadline=10, retry=retry(9, delay=1, backoff=1, jitter="none"), timeout=2)
        async def work() -> None:
            reached.append(now())
            await hang()

        with pytest.raises(DeadlineExceededError):
            await work()
        assert reached == [0, 3, 6, 9]  # the last attempt has but one second
        assert now() == 10

    testing.run(main)


def test_no_retry_is_begun_that_the_deadline_would_end_before_it() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError) as caught:
            await Policy(deadline=3, retry=retry(9, delay=1, jitter="none"), timeout=2).call(hang)
        assert not isinstance(caught.value, DeadlineExceededError)
        assert "would pass the deadline" in caught.value.__notes__[0]
        assert now() == 2

    testing.run(main)


def test_the_breaker_sees_every_attempt_and_stops_the_retrying() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(2)
        with pytest.raises(CircuitBreakerOpenError):
            await Policy(retry=retry(9, delay=1, jitter="none"), breaker=breaker).call(fail)
        assert breaker.get_state() is CircuitState.OPEN
        assert now() == 3

    testing.run(main)


def test_a_hanging_callee_opens_the_breaker_by_timeout() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(2)
        policy = Policy(breaker=breaker, timeout=1)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await policy.call(hang)
        assert breaker.get_state() is CircuitState.OPEN

    testing.run(main)


def test_the_deadline_holds_while_waiting_for_the_bulkhead() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1)
        async with bulkhead:
            with pytest.raises(BulkheadFullError):
                await Policy(deadline=3, bulkhead=bulkhead).call(hang)
        assert now() == 3

    testing.run(main)


def test_a_call_keeps_its_place_in_the_bulkhead_while_it_is_retried() -> None:
    async def main() -> None:
        bulkhead = StrictBulkhead(1)
        policy = Policy(bulkhead=bulkhead, retry=retry(2, delay=5, jitter="none"))
        first = asyncio.create_task(policy.call(fail))
        await asyncio.sleep(2)
        with pytest.raises(BulkheadFullError):
            await policy.call(fail)
        with pytest.raises(ConnectionError):
            await first
        assert bulkhead.stats()["active"] == 0

    testing.run(main)


def test_the_fallback_answers_for_every_layer() -> None:
    async def main() -> None:
        policy = full()
        assert await policy.call(hang) == "instead"  # the timeout, then the deadline
        assert now() <= 10
        for _ in range(3):
            assert await policy.call(fail) == "instead"  # the breaker opens
        chain = FallbackChain(lambda: "chained")
        assert await Policy(fallback=chain, deadline=1).call(hang) == "chained"

    testing.run(main)


def test_the_fallback_has_time_of_its_own() -> None:
    async def slowly() -> str:
        assert Deadline.current() is None
        await asyncio.sleep(100)
        return "at last"

    assert testing.run(Policy(fallback=slowly, deadline=1).call(hang)) == "at last"


@pytest.mark.parametrize("deadline", [None, 10.0])
def test_cancelling_at_any_step_leaves_nothing_behind(deadline: float | None) -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        bulkhead, breaker = Bulkhead(1), CircuitBreaker(1, 1, timeout=1)
        policy = Policy(
            deadline=deadline, bulkhead=bulkhead, retry=retry(2, delay=1, jitter="none"), breaker=breaker, timeout=2
        )
        with pytest.raises(ConnectionError):
            await breaker.call(fail)
        holder = asyncio.create_task(bulkhead.call(asyncio.sleep, 2))
        await asyncio.sleep(0)
        await cancellable(policy.call(asyncio.sleep, 1))
        await holder
        assert (bulkhead.stats()["active"], bulkhead.stats()["waiting"]) == (0, 0)
        assert breaker.stats().get("probes_in_flight", 0) == 0
        assert Deadline.current() is None
        assert await policy.call(asyncio.sleep, 1, "works again") == "works again"

    assert testing.cancel_at_every_step(scenario) >= 4


def test_an_adaptive_limiter_may_stand_in_for_the_bulkhead() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter(min=1, max=1)
        policy = Policy(bulkhead=limiter)
        results = await asyncio.gather(*(policy.call(asyncio.sleep, 1) for _ in range(3)), return_exceptions=True)
        assert [type(result).__name__ for result in results] == ["NoneType", "OverloadError", "OverloadError"]

    testing.run(main)


# Plain functions


def test_plain_functions_have_the_same_layers_but_the_bulkhead(clock: testing.VirtualClock) -> None:
    calls: list[Deadline | None] = []

    def work() -> None:
        calls.append(Deadline.current())
        raise ConnectionError

    breaker, budget = CircuitBreaker(9), RetryBudget(clock=clock)
    policy = Policy(
        fallback=lambda: "instead",
        deadline=30,
        retry=retry(3, delay=1, jitter="none", clock=clock, budget=budget),
        breaker=breaker,
        timeout=20,
    )
    assert policy(work)() == "instead"
    assert len(calls) == breaker.stats()["calls"] == 1  # the budget began empty
    clock.advance(10)
    assert policy.call_sync(work) == "instead"
    assert len(calls) == breaker.stats()["calls"] == 4
    assert all(limit is not None and limit.remaining() <= 20 for limit in calls)
    assert clock.slept == [1, 2]


def test_async_code_calls_plain_functions_in_a_thread() -> None:
    async def main() -> None:
        policy = Policy(timeout=5)
        assert await policy.call(threading.get_ident) != threading.get_ident()
        with pytest.raises(TimeoutError):
            await policy.call(testing.blocking_sleep, 60)
        assert now() == 5
        assert await policy.call(lambda: asyncio.sleep(1, "awaited")) == "awaited"

    testing.run(main)


# What is refused


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, ValueError),
        ({"deadline": 0}, ValueError),
        ({"timeout": -1}, ValueError),
        ({"timeout": "1"}, TypeError),
        ({"retry": 3}, TypeError),
        ({"breaker": retry(3)}, TypeError),
        ({"bulkhead": 5}, TypeError),
        ({"fallback": "cached"}, TypeError),
    ],
    ids=str,
)
def test_layers_that_cannot_work_are_refused_at_once(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Policy(**arguments)


def test_functions_that_cannot_be_guarded_are_refused() -> None:
    async def stream() -> Any:
        yield 1

    with pytest.raises(TypeError, match="generator"):
        Policy(timeout=1)(stream)
    with pytest.raises(TypeError, match="make it async"):
        Policy(bulkhead=Bulkhead(1))(print)
    with pytest.raises(TypeError, match="await call"):
        Policy(timeout=1).call_sync(hang)  # type: ignore[unused-coroutine] # refused before it is made
