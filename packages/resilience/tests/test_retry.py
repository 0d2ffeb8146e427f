"""Retries: how often, how long in between, and when not."""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import (
    CircuitBreakerOpenError,
    RetryBudget,
    RetryError,
    current_attempt,
    deadline,
    retry,
    retry_with_backoff,
    testing,
)
from maestro_resilience.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from maestro_resilience import Event


def now() -> float:
    return asyncio.get_running_loop().time()


class Callee:
    """Fails with the given errors, one per call, and then answers; remembers when it was called."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.called_at: list[float] = []

    async def __call__(self) -> str:
        self.called_at.append(now())
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def failing(times: int) -> Callee:
    return Callee(*(ConnectionError(f"down {number}") for number in range(1, times + 1)))


# How often and how long


def test_it_tries_again_until_it_succeeds_waiting_longer_each_time() -> None:
    async def main() -> None:
        callee = failing(3)
        assert await retry(5, delay=1, backoff=3, jitter="none").call(callee) == "answer"
        assert callee.called_at == [0, 1, 4, 13]

    testing.run(main)


def test_no_wait_is_longer_than_max_delay() -> None:
    async def main() -> None:
        callee = failing(4)
        await retry(5, delay=1, backoff=10, max_delay=20, jitter="none")(callee)()
        assert callee.called_at == [0, 1, 11, 31, 51]

    testing.run(main)


def test_when_all_attempts_fail_the_last_error_is_raised_with_a_note() -> None:
    async def main() -> None:
        callee = failing(9)
        with pytest.raises(ConnectionError, match="down 3") as caught:
            await retry(3, name="load")(callee)()
        assert caught.value.__notes__ == ["retry 'load': gave up after attempt 3 of 3: no attempt is left"]
        assert len(callee.called_at) == 3

    testing.run(main)


def test_on_request_exhaustion_is_an_error_of_its_own() -> None:
    async def main() -> None:
        with pytest.raises(RetryError, match=r"load gave up after attempt 2 of 2") as caught:
            await retry(2, reraise=False, name="load").call(failing(9))
        assert isinstance(caught.value.__cause__, ConnectionError)
        assert caught.value.last_error is caught.value.__cause__
        assert (caught.value.code, caught.value.extra) == ("retries_exhausted", {"attempts": 2})

    testing.run(main)


def test_an_error_object_raised_again_and_again_keeps_one_note() -> None:
    error = ConnectionError("always the same")
    guarded = retry(1, name="load")(functools.partial(raise_, error))
    for _ in range(3):
        with pytest.raises(ConnectionError):
            guarded()
    assert len(error.__notes__) == 1


def raise_(error: BaseException) -> None:
    raise error


def test_the_decorator_works_bare_and_keeps_what_it_decorates() -> None:
    @retry
    async def fetch(url: str) -> str:
        """Get it."""
        return url

    assert testing.run(fetch("x")) == "x"
    assert (fetch.__name__, fetch.__doc__, str(inspect.signature(fetch))) == (
        "fetch",
        "Get it.",
        "(url: 'str') -> 'str'",
    )


def test_plain_functions_are_retried_blocking(clock: testing.VirtualClock) -> None:
    callee = mock.Mock(side_effect=[OSError(), OSError(), 5])
    assert retry(delay=2, jitter="none", clock=clock)(callee)() == 5
    assert retry(clock=clock).call_sync(max, 3, 4) == 4
    assert clock.slept == [2, 4]


def test_plain_functions_may_be_called_from_async_code() -> None:
    async def main() -> None:
        callee = mock.Mock(side_effect=[OSError(), 5])
        assert await retry(delay=2, jitter="none").call(callee) == 5
        assert await retry().call(lambda: asyncio.sleep(1, "awaited")) == "awaited"
        assert now() == 3

    testing.run(main)


@given(
    delay=st.floats(0.001, 100),
    factor=st.floats(1, 1e6),
    extra=st.floats(0, 1e6),
    attempt=st.integers(1, 10_000),
    jitter=st.sampled_from(["full", "equal", "none"]),
    seed=st.integers(0, 99),
)
def test_every_wait_lies_between_nothing_and_its_bound_whatever_the_numbers(  # noqa: PLR0917 - given by name
    delay: float, factor: float, extra: float, attempt: int, jitter: Any, seed: int
) -> None:
    backoff = Backoff(delay=delay, factor=factor, max_delay=delay + extra, jitter=jitter)
    longest, wait = backoff.longest(attempt), backoff.seconds(attempt, random.Random(seed))
    assert delay <= longest <= delay + extra
    assert {"full": 0, "equal": longest / 2, "none": longest}[jitter] <= wait <= longest


def test_jitter_spreads_those_who_failed_together() -> None:
    async def main() -> None:
        callees = [failing(1) for _ in range(200)]
        await asyncio.gather(
            *(retry(delay=10, rng=random.Random(seed)).call(callee) for seed, callee in enumerate(callees))
        )
        again = sorted(callee.called_at[1] for callee in callees)
        assert len(set(again)) == 200
        assert again[0] < 1
        assert again[-1] > 9

    testing.run(main)


# When not


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit()])
def test_cancellation_and_exit_are_never_retried(error: BaseException, clock: testing.VirtualClock) -> None:
    callee = mock.Mock(side_effect=error)
    with pytest.raises(type(error)):
        retry(clock=clock)(callee)()
    assert callee.call_count == 1


def test_cancelling_while_it_waits_ends_it_at_once() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        callee = failing(2)
        task = await cancellable(retry(delay=5, jitter="none").call(callee))
        if task.cancelled():
            assert len(callee.called_at) <= 3
            assert now() in {0, 5, 15}
        assert current_attempt() is None

    assert testing.cancel_at_every_step(scenario) >= 3


@pytest.mark.parametrize(
    "on", [(OSError, KeyError), OSError, lambda error: "down" in str(error)], ids=["several", "one", "predicate"]
)
def test_only_the_errors_asked_for_are_retried(on: Any) -> None:
    async def main() -> None:
        callee = failing(1)
        assert await retry(on=on).call(callee) == "answer"
        other = Callee(ValueError("other"))
        with pytest.raises(ValueError, match="other") as caught:
            await retry(on=on).call(other)
        assert len(other.called_at) == 1
        assert not hasattr(caught.value, "__notes__")

    testing.run(main)


def test_an_open_circuit_breaker_is_not_retried() -> None:
    async def main() -> None:
        callee = Callee(CircuitBreakerOpenError("open", retry_after=1))
        with pytest.raises(CircuitBreakerOpenError):
            await retry().call(callee)
        assert len(callee.called_at) == 1

    testing.run(main)


class BusyError(Exception):
    """Says when to come back."""

    def __init__(self, retry_after: object) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


def test_what_the_error_asks_for_is_waited() -> None:
    async def main() -> None:
        callee = Callee(BusyError(7), BusyError(0.5))
        await retry(delay=2, jitter="none").call(callee)
        assert callee.called_at == [0, 7, 11]

    testing.run(main)


def test_those_told_to_come_back_together_are_spread_and_none_comes_early() -> None:
    async def main() -> None:
        callees = [Callee(BusyError(7)) for _ in range(100)]
        await asyncio.gather(
            *(retry(delay=2, rng=random.Random(seed)).call(callee) for seed, callee in enumerate(callees))
        )
        again = [callee.called_at[1] for callee in callees]
        assert min(again) >= 7
        assert max(again) <= 9
        assert len(set(again)) == 100

    testing.run(main)


def test_an_error_that_asks_for_more_than_max_delay_is_not_retried() -> None:
    async def main() -> None:
        with pytest.raises(BusyError) as caught:
            await retry(max_delay=60).call(Callee(BusyError(3_600)))
        assert "asks for 3600 s" in caught.value.__notes__[0]
        assert now() == 0

    testing.run(main)


@pytest.mark.parametrize("nonsense", [None, "soon", -5, float("nan"), float("inf"), True])
def test_a_retry_after_that_is_no_duration_is_ignored(nonsense: object) -> None:
    async def main() -> None:
        callee = Callee(BusyError(nonsense))
        await retry(delay=2, jitter="none").call(callee)
        assert callee.called_at == [0, 2]

    testing.run(main)


async def under(work: Callable[[], Awaitable[object]]) -> None:
    with deadline(10):
        await work()


async def ended_by(work: Callable[[], Awaitable[object]]) -> None:
    async with deadline(10):
        await work()


@pytest.mark.parametrize("scope", ["async with", "with"])
def test_it_never_sleeps_past_the_deadline(scope: str) -> None:
    async def main() -> None:
        callee = failing(9)
        work = retry(9, delay=3, jitter="none")(callee)
        with pytest.raises(ConnectionError, match="down 3") as caught:
            await (under(work) if scope == "with" else ended_by(work))
        assert callee.called_at == [0, 3, 9]
        assert "the next wait of 12 s would pass the deadline" in caught.value.__notes__[0]
        assert now() == 9

    testing.run(main)


# Layers


def test_nested_retries_do_not_multiply() -> None:
    async def main() -> None:
        callee = failing(99)
        inner = retry(4)
        with pytest.raises(ConnectionError):
            await retry(3)(retry(5)(inner(callee)))()
        assert len(callee.called_at) == 3
        assert inner.stats()["nested"] == 3

    testing.run(main)


def test_nested_retries_multiply_when_asked_to() -> None:
    async def main() -> None:
        callee = failing(99)
        with pytest.raises(ConnectionError):
            await retry(3)(retry(4, nested=True)(callee))()
        assert len(callee.called_at) == 12

    testing.run(main)


def test_the_attempt_is_known_inside_and_gone_outside(clock: testing.VirtualClock) -> None:
    seen: list[tuple[int, int, str]] = []

    @retry(3, name="load", clock=clock)
    def work() -> None:
        attempt = current_attempt()
        assert attempt is not None
        seen.append((attempt.number, attempt.max_attempts, attempt.name))
        raise OSError("x")

    with pytest.raises(OSError, match="x"):
        work()
    assert seen == [(1, 3, "load"), (2, 3, "load"), (3, 3, "load")]
    assert current_attempt() is None


def test_a_task_that_outlives_its_attempt_retries_for_itself() -> None:
    async def main() -> None:
        callee = failing(2)
        background: list[asyncio.Task[str]] = []

        async def later() -> str:
            await asyncio.sleep(10)
            return await retry(3).call(callee)

        @retry
        async def start() -> None:
            background.append(asyncio.create_task(later()))

        await start()
        assert await background[0] == "answer"

    testing.run(main)


def test_a_nested_retry_draws_on_no_budget() -> None:
    async def main() -> None:
        budget = RetryBudget()
        await retry(3)(retry(3, budget=budget)(failing(1)))()
        assert budget.stats()["calls"] == 0

    testing.run(main)


def test_an_empty_budget_ends_the_retrying_with_a_note() -> None:
    async def main() -> None:
        budget = RetryBudget(ratio=0.5, min_per_second=0)
        limited = retry(9, budget=budget)
        with pytest.raises(ConnectionError) as caught:
            await limited.call(failing(9))
        assert "the retry budget is empty" in caught.value.__notes__[0]
        second = failing(9)
        with pytest.raises(ConnectionError):
            await limited.call(second)
        assert len(second.called_at) == 2
        assert (budget.stats()["calls"], budget.stats()["granted"], budget.stats()["denied"]) == (2, 1, 2)

    testing.run(main)


# Watching, older names, settings


def test_on_retry_is_told_before_each_wait_and_may_be_a_coroutine_function(clock: testing.VirtualClock) -> None:
    told: list[tuple[int, str]] = []

    def tell(attempt: int, error: Exception) -> None:
        told.append((attempt, str(error)))

    async def tell_later(attempt: int, error: Exception) -> None:
        await asyncio.sleep(1)
        tell(attempt, error)

    testing.run(retry(on_retry=tell_later).call(failing(2)))
    with pytest.raises(OSError, match="x"):
        retry(2, on_retry=tell, clock=clock)(functools.partial(raise_, OSError("x")))()
    assert told == [(1, "down 1"), (2, "down 2"), (1, "x")]


def test_subscribers_hear_of_waits_and_of_giving_up(clock: testing.VirtualClock) -> None:
    layer = retry(2, delay=3, jitter="none", name="load", clock=clock)
    heard: list[Event] = []
    layer.subscribe(heard.append)
    with pytest.raises(OSError, match="x"):
        layer.call_sync(raise_, OSError("x"))
    assert [(event.kind, dict(event.data)) for event in heard] == [
        ("retry.scheduled", {"attempt": 1, "wait": 3, "error": "OSError"}),
        ("retry.gave_up", {"attempt": 2, "why": "no attempt is left"}),
    ]
    assert layer.stats() == {
        "name": "load", "calls": 1, "retries": 1, "gave_up": 1, "nested": 0, "subscriber_errors": 0
    }  # fmt: skip


def test_retry_with_backoff_tries_once_more_than_max_retries() -> None:
    async def main() -> None:
        callee = failing(99)
        with pytest.raises(ConnectionError):
            await retry_with_backoff(callee, 3, 0.5, 2.0, 60.0, (ConnectionError,), jitter="none")
        assert callee.called_at == [0, 0.5, 1.5, 3.5]
        assert await retry_with_backoff(lambda: "plain") == "plain"

    testing.run(main)


def test_the_older_names_of_the_settings_mean_the_same(clock: testing.VirtualClock) -> None:
    callee = mock.Mock(side_effect=OSError("x"))
    older = retry(
        max_retries=2, initial_delay=3, backoff_factor=4, retryable_exceptions=(OSError,), jitter="none", clock=clock
    )
    with pytest.raises(OSError, match="x"):
        older(callee)()
    assert clock.slept == [3, 12]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"max_attempts": 0}, ValueError),
        ({"max_attempts": "3"}, TypeError),
        ({"max_retries": -1}, ValueError),
        ({"max_attempts": 4, "max_retries": 3}, TypeError),
        ({"delay": 2, "initial_delay": 3}, TypeError),
        ({"delay": 0}, ValueError),
        ({"delay": -1}, ValueError),
        ({"backoff": 0.5}, ValueError),
        ({"max_delay": float("inf")}, ValueError),
        ({"delay": 5, "max_delay": 4}, ValueError),
        ({"jitter": "some"}, ValueError),
        ({"on": asyncio.CancelledError}, TypeError),
        ({"on": "OSError"}, TypeError),
        ({"budget": 0.2}, TypeError),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_at_once(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        retry(**arguments)


def test_generators_and_classes_are_refused() -> None:
    async def stream() -> Any:
        yield 1

    def generate() -> Iterator[int]:
        yield 1

    for wrong in (stream, generate):
        with pytest.raises(TypeError, match="generator"):
            retry(3)(wrong)
    with pytest.raises(TypeError, match="decorates functions"):
        retry(3)(int)
