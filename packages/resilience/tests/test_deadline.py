"""Deadlines: one point in time for all layers, which nesting can only bring nearer."""

from __future__ import annotations

import asyncio
import builtins
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import Deadline, DeadlineExceededError, TimeoutError, deadline, testing, timeout  # noqa: A004


def now() -> float:
    return asyncio.get_running_loop().time()


def current() -> Deadline:
    found = Deadline.current()
    assert found is not None
    return found


def test_the_work_inside_is_ended_when_it_passes() -> None:
    async def main() -> None:
        with pytest.raises(DeadlineExceededError, match="deadline of 5 s") as caught:
            async with deadline(5):
                await asyncio.sleep(60)
        assert now() == 5
        assert (caught.value.code, caught.value.http_status) == ("deadline_exceeded", 504)
        assert isinstance(caught.value, builtins.TimeoutError)
        assert Deadline.current() is None

    testing.run(main)


def test_work_that_is_done_in_time_is_left_alone() -> None:
    async def main() -> None:
        async with deadline(5) as limit:
            await asyncio.sleep(3)
            assert limit.remaining() == 2
            assert not limit.expired
        await asyncio.sleep(10)
        assert limit.remaining() == 0
        assert limit.expired

    testing.run(main)


scopes = st.lists(
    st.tuples(st.sampled_from(["deadline", "with", "timeout"]), st.floats(0.5, 100), st.floats(0, 0.4)),
    min_size=1,
    max_size=8,
)


@given(scopes)
def test_nested_deadlines_only_shrink(layers: list[tuple[str, float, float]]) -> None:
    async def nest(rest: list[tuple[str, float, float]]) -> None:
        if not rest:
            return
        kind, seconds, pause = rest[0]
        outer = Deadline.current()
        before = float("inf") if outer is None else outer.expires_at

        async def inside() -> None:
            found = current()
            assert found.expires_at <= before
            assert found.remaining() <= seconds + 1e-9
            await asyncio.sleep(min(pause, found.remaining() / 2))
            await nest(rest[1:])
            assert Deadline.current() is found

        if kind == "with":
            with deadline(seconds):
                await inside()
        else:
            async with deadline(seconds) if kind == "deadline" else timeout(seconds):
                await inside()
        assert Deadline.current() is outer

    testing.run(nest(layers))


def test_the_earlier_deadline_ends_the_work_whichever_is_outside() -> None:
    async def main() -> None:
        for outer, inner in ((5, 60), (60, 5)):
            began = now()
            with pytest.raises(DeadlineExceededError):
                async with deadline(outer), deadline(inner):
                    await asyncio.sleep(600)
            assert now() - began == 5

    testing.run(main)


def test_a_scope_entered_after_the_time_is_over_does_not_begin() -> None:
    async def main() -> None:
        with deadline(1):
            await asyncio.sleep(2)
            with pytest.raises(DeadlineExceededError, match="no time is left"):
                async with deadline(5):
                    raise AssertionError("begun")
            with pytest.raises(DeadlineExceededError, match="no time is left for the report"):
                current().check("the report")
        assert Deadline.current() is None

    testing.run(main)


def test_a_plain_scope_tells_but_does_not_end() -> None:
    async def main() -> None:
        with deadline(1) as limit:
            await asyncio.sleep(3)
            assert limit.expired
        assert now() == 3

    testing.run(main)


def test_tasks_inherit_it_and_siblings_do_not() -> None:
    async def main() -> None:
        async def look() -> Deadline | None:
            return Deadline.current()

        async with deadline(5) as limit:
            assert await asyncio.create_task(look()) is limit
        assert await asyncio.create_task(look()) is None

    testing.run(main)


def test_one_scope_object_serves_many_tasks_at_once() -> None:
    async def main() -> None:
        scope = deadline(5)

        async def user(delay: float) -> float:
            await asyncio.sleep(delay)
            try:
                async with scope:
                    await asyncio.sleep(60)
            except DeadlineExceededError:
                return now()
            return -1

        assert await asyncio.gather(*(user(delay) for delay in (0, 1, 2))) == [5, 6, 7]

    testing.run(main)


def test_a_cancellation_from_outside_stays_a_cancellation() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        async def work() -> None:
            async with deadline(5):
                await asyncio.sleep(3)
            await asyncio.sleep(1)

        task = await cancellable(work())
        assert task.cancelled() or task.exception() is None
        assert Deadline.current() is None

    assert testing.cancel_at_every_step(scenario) >= 4


def test_a_cancellation_together_with_the_deadline_stays_a_cancellation() -> None:
    async def main() -> None:
        async def work() -> None:
            async with deadline(5):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_at(5, task.cancel)
        await asyncio.wait({task})
        assert task.cancelled()
        assert now() == 5

    testing.run(main)


def test_an_error_of_the_work_itself_is_not_touched() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError, match="mine"):
            async with deadline(5):
                raise TimeoutError("mine")

    testing.run(main)


def test_a_deadline_may_have_its_own_clock(clock: testing.VirtualClock) -> None:
    limit = Deadline.after(10, clock=clock)
    clock.advance(4)
    assert limit.remaining() == 6
    assert repr(limit) == "Deadline(remaining=6.000)"


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), "5", None, True])
def test_durations_that_are_none_are_refused_at_once(wrong: Any) -> None:
    for make in (deadline, timeout, Deadline.after):
        with pytest.raises((ValueError, TypeError)):
            make(wrong)
