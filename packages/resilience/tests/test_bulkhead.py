"""The bulkhead: how many run, how many wait, who is refused, and that no permit is ever lost."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import Bulkhead, BulkheadFullError, DeadlineExceededError, StrictBulkhead, deadline, testing

if TYPE_CHECKING:
    from collections.abc import Callable

    from maestro_resilience import Event


def now() -> float:
    return asyncio.get_running_loop().time()


def test_no_more_run_at_once_than_allowed_and_the_rest_wait_their_turn() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(3)
        running = peak = 0
        order: list[int] = []

        @bulkhead
        async def work(number: int) -> None:
            nonlocal running, peak
            running += 1
            peak = max(peak, running)
            order.append(number)
            await asyncio.sleep(1)
            running -= 1

        await asyncio.gather(*(work(number) for number in range(10)))
        assert (peak, order, now()) == (3, list(range(10)), 4.0)
        stats = bulkhead.stats()
        assert (stats["calls"], stats["queued"], stats["rejected"], stats["active"]) == (10, 7, 0, 0)

    testing.run(main)


def test_waiting_is_not_counted_as_rejected_and_a_full_queue_rejects() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1, "db", max_queue=2)
        calls = [asyncio.create_task(bulkhead.call(asyncio.sleep, 1)) for _ in range(5)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        refused = [result for result in results if isinstance(result, BulkheadFullError)]
        assert len(refused) == 2
        assert "'db' has 1 calls running and 2 waiting" in str(refused[0])
        assert (refused[0].code, refused[0].http_status) == ("bulkhead_full", 503)
        stats = bulkhead.get_metrics()
        assert (stats["queued"], stats["rejected"]) == (2, 2)

    testing.run(main)


def test_without_a_setting_the_queue_still_has_an_end() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1)
        calls = [asyncio.create_task(bulkhead.call(asyncio.sleep, 1)) for _ in range(1_002)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(result, BulkheadFullError) for result in results) == 1

    testing.run(main)


def test_a_strict_bulkhead_rejects_at_once() -> None:
    async def main() -> None:
        bulkhead = StrictBulkhead(1)
        async with bulkhead:
            with pytest.raises(BulkheadFullError):
                await bulkhead.call(asyncio.sleep, 1)
        assert await bulkhead.call(lambda: "free again") == "free again"
        assert now() == 0

    testing.run(main)


@pytest.mark.parametrize("setting", ["queue_timeout", "wait_timeout"])
def test_waiting_ends_at_the_queue_timeout(setting: str) -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1, **{setting: 2.0})  # type: ignore[arg-type] # either name
        holder = asyncio.create_task(bulkhead.call(asyncio.sleep, 10))
        await asyncio.sleep(0)
        with pytest.raises(BulkheadFullError, match="no permit free for 2 s"):
            await bulkhead.call(asyncio.sleep, 1)
        assert now() == 2
        await holder
        assert bulkhead.stats()["active"] == bulkhead.stats()["waiting"] == 0

    testing.run(main)


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_who_stops_waiting_leaves_its_place_in_the_queue_to_others(how: str) -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1, max_queue=1, queue_timeout=5)
        holder = asyncio.create_task(bulkhead.call(asyncio.sleep, 5.5))
        await asyncio.sleep(0)
        first = asyncio.create_task(bulkhead.acquire())
        await asyncio.sleep(1)
        if how == "cancelled":
            first.cancel()
        await asyncio.wait({first})
        assert bulkhead.stats()["waiting"] == 0
        await bulkhead.acquire()
        assert now() == 5.5
        await holder

    testing.run(main)


def test_waiting_ends_with_the_deadline() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1)
        async with bulkhead:
            with pytest.raises(BulkheadFullError), deadline(3):
                await bulkhead.acquire()
            assert now() == 3
            with deadline(1):
                await asyncio.sleep(2)
                with pytest.raises(DeadlineExceededError):
                    await bulkhead.acquire()

    testing.run(main)


@pytest.mark.parametrize("door", ["decorator", "call", "context"])
def test_cancelling_at_any_step_loses_no_permit(door: str) -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        bulkhead = Bulkhead(2)

        async def context() -> None:
            async with bulkhead:
                await asyncio.sleep(2)

        doors: dict[str, Callable[[], Any]] = {
            "decorator": lambda: bulkhead(asyncio.sleep)(2),
            "call": lambda: bulkhead.call(asyncio.sleep, 2),
            "context": context,
        }
        others = [asyncio.create_task(bulkhead.call(asyncio.sleep, seconds)) for seconds in (1, 1.5)]
        await asyncio.sleep(0)
        behind = asyncio.create_task(bulkhead.call(asyncio.sleep, 4))
        await cancellable(doors[door]())
        await asyncio.gather(*others, behind)
        assert (bulkhead.stats()["active"], bulkhead.stats()["waiting"]) == (0, 0)
        async with bulkhead, bulkhead:
            assert bulkhead.stats()["active"] == 2

    assert testing.cancel_at_every_step(scenario) >= 5


def test_a_permit_handed_to_a_call_cancelled_in_that_instant_goes_on_to_the_next() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1)
        await bulkhead.acquire()
        first, second = (asyncio.create_task(bulkhead.acquire()) for _ in range(2))
        await asyncio.sleep(1)
        bulkhead.release()  # hands the permit to `first`, which has not run yet
        first.cancel()
        await second
        assert first.cancelled()
        assert bulkhead.stats()["active"] == 1

    testing.run(main)


@given(
    limit=st.integers(1, 4),
    queue=st.integers(0, 4),
    patience=st.sampled_from([None, 0.5, 2.0]),
    users=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3), st.none() | st.floats(0, 4)), min_size=1, max_size=15),
)
def test_any_schedule_of_calls_and_cancellations_keeps_the_bounds_and_ends_empty(
    limit: int, queue: int, patience: float | None, users: list[tuple[float, float, float | None]]
) -> None:
    async def main() -> None:
        bulkhead = Bulkhead(limit, max_queue=queue, queue_timeout=patience)
        running = 0

        async def work(seconds: float) -> None:
            nonlocal running
            running += 1
            assert running <= limit
            assert int(bulkhead.stats()["waiting"]) <= queue
            try:
                await asyncio.sleep(seconds)
            finally:
                running -= 1

        async def user(arrival: float, seconds: float, cancelled_after: float | None) -> None:
            await asyncio.sleep(arrival)
            task = asyncio.create_task(bulkhead.call(work, seconds))
            if cancelled_after is not None:
                asyncio.get_running_loop().call_later(cancelled_after, task.cancel)
            await asyncio.wait({task})
            assert task.cancelled() or isinstance(task.exception(), (BulkheadFullError, type(None)))

        await asyncio.gather(*(user(*each) for each in users))
        assert (bulkhead.stats()["active"], bulkhead.stats()["waiting"], running) == (0, 0, 0)

    testing.run(main)


def test_another_loop_is_refused_while_the_first_one_lives_and_served_once_it_is_closed() -> None:
    bulkhead = Bulkhead(1, "db")
    inside, leave = threading.Event(), threading.Event()

    async def hold() -> None:
        async with bulkhead:
            inside.set()
            await asyncio.to_thread(leave.wait, 30)

    first = threading.Thread(target=lambda: asyncio.run(hold()))
    first.start()
    assert inside.wait(30)
    with pytest.raises(RuntimeError, match="'db' belongs to another event loop"):
        testing.run(bulkhead.acquire())
    leave.set()
    first.join()
    testing.run(bulkhead.acquire())
    assert testing.run(bulkhead.call(lambda: "a permit lost with its loop is no longer missing"))


def test_subscribers_hear_of_rejections() -> None:
    async def main() -> None:
        bulkhead = StrictBulkhead(1, "db")
        heard: list[Event] = []
        stop = bulkhead.subscribe(heard.append)
        async with bulkhead:
            with pytest.raises(BulkheadFullError):
                await bulkhead.acquire()
            stop()
            with pytest.raises(BulkheadFullError):
                await bulkhead.acquire()
        assert [(event.kind, event.name, event.data) for event in heard] == [("bulkhead.rejected", "db", {"active": 1})]

    testing.run(main)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"max_concurrent": 0}, ValueError),
        ({"max_concurrent": 1.5}, TypeError),
        ({"max_concurrent": 1, "max_queue": -1}, ValueError),
        ({"max_concurrent": 1, "queue_timeout": 0}, ValueError),
        ({"max_concurrent": 1, "queue_timeout": 1, "wait_timeout": 1}, TypeError),
        ({"max_concurrent": 1, "name": None}, TypeError),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_at_once(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Bulkhead(**arguments)


def test_plain_functions_cannot_be_decorated() -> None:
    with pytest.raises(TypeError, match="make it async"):
        Bulkhead(1)(print)
