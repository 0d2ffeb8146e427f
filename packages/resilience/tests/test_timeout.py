"""Timeouts for coroutine functions, blocks and plain functions."""

from __future__ import annotations

import asyncio
import builtins
import contextvars
import functools
import inspect
import threading
from typing import TYPE_CHECKING, Any

import pytest
from maestro_resilience import (
    Deadline,
    DeadlineExceededError,
    TimeoutError,  # noqa: A004 - the name users know
    abandoned_threads,
    deadline,
    testing,
    timeout,
    with_timeout,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("door", ["decorator", "context", "with_timeout", "with_timeout of a function"])
def test_what_takes_too_long_is_ended_with_a_builtin_timeout_error(door: str) -> None:
    async def block() -> None:
        async with timeout(2, "load"):
            await asyncio.sleep(60)

    async def main() -> None:
        doors: dict[str, Callable[[], Any]] = {
            "decorator": lambda: timeout(2, "load")(asyncio.sleep)(60),
            "context": block,
            "with_timeout": lambda: with_timeout(asyncio.sleep(60), 2, "load"),
            "with_timeout of a function": lambda: with_timeout(
                functools.partial(asyncio.sleep, 60), seconds=2, name="load"
            ),
        }
        with pytest.raises(builtins.TimeoutError, match="load took longer than 2 s") as caught:
            await doors[door]()
        assert isinstance(caught.value, TimeoutError)
        assert (caught.value.code, caught.value.http_status) == ("timeout", 504)
        assert now() == 2

    testing.run(main)


def test_what_is_in_time_gives_its_result() -> None:
    async def main() -> None:
        assert await timeout(2)(asyncio.sleep)(1, "result") == "result"
        assert await with_timeout(asyncio.sleep(1, "result"), 2) == "result"
        async with timeout(2):
            await asyncio.sleep(1)
        await asyncio.sleep(60)

    testing.run(main)


def test_without_a_name_the_error_names_the_function() -> None:
    async def slow() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        for call in (timeout(1)(slow), lambda: with_timeout(slow(), 1), lambda: with_timeout(slow, 1)):
            with pytest.raises(TimeoutError, match=r"slow took longer"):
                await call()

    testing.run(main)


def test_a_timeout_error_of_the_callee_is_not_taken_for_ours() -> None:
    async def callee() -> None:
        raise builtins.TimeoutError("the callee's own")

    async def main() -> None:
        with pytest.raises(builtins.TimeoutError, match="own") as caught:
            await timeout(5)(callee)()
        assert not isinstance(caught.value, TimeoutError)

    testing.run(main)


def test_the_deadline_in_force_is_the_limit_when_it_is_earlier() -> None:
    async def main() -> None:
        with deadline(3), pytest.raises(DeadlineExceededError, match="deadline around it"):
            await timeout(60, "load")(asyncio.sleep)(600)
        assert now() == 3

    testing.run(main)


def test_the_layers_inside_see_it_as_their_deadline() -> None:
    async def inside() -> float:
        limit = Deadline.current()
        assert limit is not None
        return limit.remaining()

    async def main() -> None:
        assert await timeout(7)(inside)() == 7
        async with deadline(3):
            assert await timeout(7)(inside)() == 3
        assert Deadline.current() is None

    testing.run(main)


def test_cancelling_at_any_step_stays_a_cancellation_and_leaves_no_deadline() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        async def work() -> None:
            await timeout(5)(asyncio.sleep)(3)
            with pytest.raises(TimeoutError):
                await timeout(1)(asyncio.sleep)(3)

        task = await cancellable(work())
        assert task.cancelled() or task.exception() is None
        assert task.cancelling() == int(task.cancelled())
        assert Deadline.current() is None

    assert testing.cancel_at_every_step(scenario) >= 4


def test_the_cancellation_it_used_is_taken_back_from_the_task() -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(TimeoutError):
            await timeout(1)(asyncio.sleep)(3)
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    testing.run(main)


def test_a_task_group_inside_is_ended_as_a_whole() -> None:
    async def main() -> None:
        ended: list[float] = []

        async def member(seconds: float) -> None:
            try:
                await asyncio.sleep(seconds)
            finally:
                ended.append(now())

        async def group() -> None:
            async with timeout(2), asyncio.TaskGroup() as members:
                for seconds in (1, 10, 20):
                    members.create_task(member(seconds))

        with pytest.raises(TimeoutError):
            await group()
        assert ended == [1, 2, 2]

    testing.run(main)


# Plain functions


def test_a_plain_function_runs_in_a_thread_with_its_arguments_and_context() -> None:
    user = contextvars.ContextVar("user", default="nobody")
    user.set("ada")

    @timeout(30)
    def work(number: int, *, plus: int) -> tuple[int, str, bool]:
        """Docstring."""
        return number + plus, user.get(), threading.current_thread().daemon

    assert work(1, plus=2) == (3, "ada", True)
    assert str(inspect.signature(work)) == "(number: 'int', *, plus: 'int') -> 'tuple[int, str, bool]'"


def test_a_plain_function_that_hangs_raises_on_time_and_its_thread_is_counted_until_it_ends() -> None:
    leave, left = threading.Event(), threading.Event()

    @timeout(0.01, "report")
    def hang() -> None:
        leave.wait(30)
        left.set()

    before = abandoned_threads()
    with pytest.raises(TimeoutError, match=r"report took longer than 0\.01 s"):
        hang()
    assert abandoned_threads() == before + 1
    leave.set()
    assert left.wait(30)
    join_workers()
    assert abandoned_threads() == before


def join_workers() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("maestro-timeout"):
            thread.join(30)


def test_errors_of_a_plain_function_arrive_as_they_are() -> None:
    def fail(error: BaseException) -> None:
        raise error

    for error in (ValueError("x"), builtins.TimeoutError("the callee's own"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught:
            timeout(30)(fail)(error)
        assert caught.value is error


def test_a_plain_function_under_a_passed_deadline_is_not_begun(clock: testing.VirtualClock) -> None:
    begun: list[int] = []
    with deadline(1e-9), pytest.raises(DeadlineExceededError):
        timeout(5)(begun.append)(1)
    assert begun == []
    assert clock.slept == []


def test_a_plain_function_is_awaited_in_a_thread_on_virtual_time() -> None:
    async def main() -> None:
        before = abandoned_threads()
        assert await with_timeout(lambda: "result", 5) == "result"
        with pytest.raises(TimeoutError):
            await with_timeout(lambda: testing.blocking_sleep(60), 5, "report")
        assert now() == 5
        assert abandoned_threads() == before + 1
        await asyncio.sleep(60)  # it wakes up at 60, and is no longer counted once it has ended
        join_workers()
        assert abandoned_threads() == before

    testing.run(main)


# What is refused


def test_a_plain_with_block_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(TypeError, match="with deadline"), timeout(1):
        pass


def test_outside_of_a_task_it_says_so() -> None:
    async def main() -> None:
        found: list[BaseException] = []

        def callback() -> None:
            try:
                with_timeout(asyncio.sleep(1), 1).send(None)
            except RuntimeError as error:
                found.append(error)

        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(1)
        assert "call it from a coroutine" in str(found[0])

    testing.run(main)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), "1"])
def test_durations_that_are_none_are_refused_and_no_coroutine_is_forgotten(wrong: Any) -> None:
    async def main() -> None:
        with pytest.raises((ValueError, TypeError)):
            await with_timeout(asyncio.sleep(1), wrong)

    testing.run(main)


def test_generators_are_refused() -> None:
    async def stream() -> Any:
        yield 1

    with pytest.raises(TypeError, match="generator"):
        timeout(1)(stream)
