"""The adaptive limiter through its doors, on virtual time: what makes its limit rise and fall, and what must not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import testing
from maestro_resilience.adaptive import AdaptiveLimiter, OverloadError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from maestro_resilience.events import Event

Algorithm = Literal["gradient", "vegas", "aimd"]
algorithms = get_args(Algorithm)


async def answer(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "answer"


async def time_out(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise TimeoutError


async def fail(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise ValueError("a fault of the caller")


async def full_rounds(limiter: AdaptiveLimiter, rounds: int, seconds: float) -> int:
    """As many calls at once as allowed, again and again; the limit after it."""
    for _ in range(rounds):
        await asyncio.gather(*(limiter.call(answer, seconds) for _ in range(limiter.limit)))
    return limiter.limit


calls = st.tuples(
    st.sampled_from([answer, time_out, fail]),
    st.sampled_from([0.0, 0.001, 0.1, 1.0, 30.0, 1e6]),
    st.booleans(),  # cancelled on the way
)


@given(
    st.sampled_from(algorithms),
    st.integers(1, 5),
    st.integers(0, 20),
    st.lists(st.lists(calls, min_size=1, max_size=25), max_size=5),
)
def test_no_sequence_of_calls_moves_the_limit_out_of_its_bounds_or_loses_a_permit(
    algorithm: Algorithm, low: int, span: int, rounds: list[list[tuple[Callable[[float], Any], float, bool]]]
) -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter(algorithm, min=low, max=low + span)
        running = 0

        async def call(function: Callable[[float], Coroutine[Any, Any, object]], seconds: float) -> None:
            nonlocal running
            assert running < limiter.limit
            running += 1
            try:
                await function(seconds)
            finally:
                running -= 1
                assert low <= limiter.limit <= low + span

        for batch in rounds:
            tasks = [asyncio.create_task(limiter.call(call, function, seconds)) for function, seconds, _ in batch]
            await asyncio.sleep(0)
            for task, (_, _, cancelled) in zip(tasks, batch, strict=True):
                if cancelled:
                    task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            assert not any(isinstance(outcome, AssertionError) for outcome in outcomes)
            assert low <= limiter.limit <= low + span
            assert limiter.stats()["active"] == 0

    testing.run(main, time_limit=1e9)


def test_gradient_falls_when_answers_slow_down_and_recovers_with_them() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter("gradient")
        quick = await full_rounds(limiter, 20, 0.1)
        slow = await full_rounds(limiter, 5, 1.0)
        recovered = await full_rounds(limiter, 40, 0.1)
        assert quick > 20
        assert slow < quick / 2
        assert recovered >= quick

    testing.run(main)


def test_the_limit_does_not_grow_while_hardly_used() -> None:
    async def main() -> None:
        for algorithm in algorithms:
            limiter = AdaptiveLimiter(algorithm, initial=50)
            for _ in range(200):
                await limiter.call(answer, 0.1)
            assert limiter.limit == 50

    testing.run(main)


@pytest.mark.parametrize("initial", [10, 150])
def test_vegas_asks_a_callee_that_queues_for_little_more_than_it_can_do_at_once(initial: int) -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter("vegas", initial=initial)
        workers = asyncio.Semaphore(10)

        async def work() -> None:
            async with workers:
                await asyncio.sleep(0.1)

        for _ in range(15):
            await asyncio.gather(*(limiter.call(work) for _ in range(limiter.limit)))
        assert 10 <= limiter.limit <= 30

    testing.run(main)


def test_vegas_falls_when_answers_slow_down_and_looks_anew_after_a_while() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter("vegas")
        quick = await full_rounds(limiter, 3, 0.1)
        slow: list[int] = []
        limiter.subscribe(lambda event: slow.append(int(event.data["limit"])))
        for_good = await full_rounds(limiter, 10, 1.0)
        assert quick > 20
        assert min(slow) < quick / 2
        assert for_good > min(slow)

    testing.run(main)


@pytest.mark.parametrize("algorithm", algorithms)
def test_answers_in_no_time_and_quick_refusals_say_nothing_about_response_times(algorithm: Algorithm) -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter(algorithm, initial=20)
        await limiter.call(answer, 0)
        with pytest.raises(TimeoutError):
            await limiter.call(time_out, 1e-6)
        after_refusal = limiter.limit
        assert await full_rounds(limiter, 3, 0.1) > after_refusal

    testing.run(main)


@pytest.mark.parametrize("algorithm", algorithms)
def test_overload_lowers_the_limit_and_other_errors_leave_it(algorithm: Algorithm) -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter(algorithm, initial=100)
        for _ in range(3):
            await asyncio.gather(*(limiter.call(fail, 0.1) for _ in range(100)), return_exceptions=True)
        assert (limiter.limit, limiter.stats()["calls"]) == (100, 300)
        limits = [limiter.limit]
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await limiter.call(time_out, 0.1)
            limits.append(limiter.limit)
        assert limits == sorted(set(limits), reverse=True)
        assert limiter.stats()["overloads"] == 5

    testing.run(main)


def test_aimd_adds_at_most_one_a_round_and_takes_a_tenth_away() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter("aimd", initial=20)
        before = await full_rounds(limiter, 20, 5.0)
        assert 20 < before <= 40
        with pytest.raises(TimeoutError):
            await limiter.call(time_out, 0.1)
        assert limiter.limit == pytest.approx(0.9 * before, abs=1)

    testing.run(main)


def test_what_means_overload_can_be_chosen() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter("aimd", overload_on=lambda error: "fault" in str(error))
        with pytest.raises(ValueError, match="fault"):
            await limiter.call(fail, 0.1)
        with pytest.raises(TimeoutError):
            await limiter.call(time_out, 0.1)
        assert limiter.stats()["overloads"] == 1

    testing.run(main)


def test_one_call_too_many_is_rejected_at_once() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter(max=2, name="search")
        events: list[Event] = []
        limiter.subscribe(events.append)
        running = [asyncio.create_task(limiter.call(answer, 1)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadError, match="'search' allows 2 calls at once") as rejected:
            await limiter.call(answer, 1)
        assert (rejected.value.code, rejected.value.http_status) == ("overloaded", 503)
        assert rejected.value.retry_after is None
        assert asyncio.get_running_loop().time() == 0
        assert await asyncio.gather(*running) == ["answer", "answer"]
        assert [(event.kind, event.data) for event in events] == [("adaptive_limiter.rejected", {"limit": 2})]
        assert limiter.stats() == {
            "name": "search",
            "limit": 2,
            "active": 0,
            "calls": 2,
            "rejected": 1,
            "overloads": 0,
            "subscriber_errors": 0,
        }

    testing.run(main)


def test_a_change_of_the_limit_is_told() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter("aimd", initial=10, name="search")
        events: list[Event] = []
        limiter.subscribe(events.append)
        with pytest.raises(TimeoutError):
            await limiter.call(time_out, 0.1)
        assert [(event.kind, event.name, event.data) for event in events] == [
            ("adaptive_limiter.changed", "search", {"limit": 9})
        ]

    testing.run(main)


def call(limiter: AdaptiveLimiter) -> Coroutine[Any, Any, object]:
    return limiter.call(answer, 1)


def decorated(limiter: AdaptiveLimiter) -> Coroutine[Any, Any, object]:
    return limiter(answer)(1)


async def entered(limiter: AdaptiveLimiter) -> None:
    async with limiter, limiter:
        await answer(1)


@pytest.mark.parametrize("door", [call, decorated, entered])
def test_a_cancellation_at_any_step_leaks_no_permit_and_teaches_nothing(
    door: Callable[[AdaptiveLimiter], Coroutine[Any, Any, object]],
) -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        limiter = AdaptiveLimiter("aimd", initial=2)
        task = await cancellable(door(limiter))
        assert limiter.stats()["active"] == 0
        assert limiter.limit == (2 if task.cancelled() else limiter.limit)
        await asyncio.gather(*(limiter.call(answer, 1) for _ in range(2)))

    assert testing.cancel_at_every_step(scenario) >= 1


def test_a_filter_that_fails_leaks_no_permit() -> None:
    def broken(_error: Exception) -> bool:
        raise LookupError("broken filter")

    async def main() -> None:
        limiter = AdaptiveLimiter(max=1, overload_on=broken)
        for _ in range(2):
            with pytest.raises(LookupError):
                await limiter.call(fail, 0.1)
        assert limiter.stats()["active"] == 0

    testing.run(main)


def test_another_event_loop_is_refused_until_the_first_is_closed() -> None:
    limiter = AdaptiveLimiter()
    first = asyncio.new_event_loop()
    first.run_until_complete(limiter.call(answer, 0))
    with pytest.raises(RuntimeError, match="another event loop"):
        testing.run(limiter.call(answer, 1))
    first.close()
    assert testing.run(limiter.call(answer, 1)) == "answer"


def test_it_calls_plain_functions_and_keeps_the_name_of_what_it_decorates() -> None:
    async def main() -> None:
        limiter = AdaptiveLimiter()
        assert await limiter.call(max, 4, 7) == 7
        assert await limiter(answer)(0.1) == "answer"
        assert limiter(answer).__name__ == "answer"

    testing.run(main)


def plain() -> None: ...


async def generator() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("error", "make"),
    [
        (ValueError, lambda: AdaptiveLimiter("tcp")),  # type: ignore[arg-type]
        (ValueError, lambda: AdaptiveLimiter(min=0)),
        (ValueError, lambda: AdaptiveLimiter(min=5, max=4)),
        (ValueError, lambda: AdaptiveLimiter(min=5, initial=4)),
        (ValueError, lambda: AdaptiveLimiter(max=5, initial=6)),
        (TypeError, lambda: AdaptiveLimiter(max=1.5)),  # type: ignore[arg-type]
        (TypeError, lambda: AdaptiveLimiter(overload_on=asyncio.CancelledError)),  # type: ignore[arg-type]
        (TypeError, lambda: AdaptiveLimiter()(plain)),
        (TypeError, lambda: AdaptiveLimiter()(generator)),
    ],
)
def test_what_cannot_work_is_refused_at_definition(error: type[Exception], make: Callable[[], object]) -> None:
    with pytest.raises(error):
        make()
