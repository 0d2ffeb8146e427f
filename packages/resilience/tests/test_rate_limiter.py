"""The rate limiter against naive arithmetic on the history of calls; who waits, who gives up, who is refused."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from maestro_resilience import testing
from maestro_resilience.deadline import Deadline, deadline
from maestro_resilience.rate_limiter import RateLimiter, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from maestro_resilience.events import Event

# Rates are powers of two and times sixteenths, so that all sums are exact.
rates = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0])
bursts = st.integers(1, 4)
pauses = st.integers(0, 48).map(lambda sixteenths: sixteenths / 16)


def conforms_at(history: Sequence[tuple[float, int]], cost: int, now: float, rate: float, burst: int) -> float:
    """By definition: no stretch of t seconds, from any earlier call on, holds more than burst + rate x t."""
    earliest = now
    for index, (began, _) in enumerate(history):
        calls = cost + sum(each for _, each in history[index:])
        earliest = max(earliest, began + (calls - burst) / rate)
    return earliest


def loop_time() -> float:
    return asyncio.get_running_loop().time()


@given(rates, bursts, st.lists(st.tuples(pauses, st.integers(1, 4)), max_size=25))
def test_it_admits_exactly_what_no_window_forbids(rate: float, burst: int, asked: list[tuple[float, int]]) -> None:
    clock = testing.VirtualClock()
    limiter = RateLimiter(rate, burst=burst, clock=clock)
    history: list[tuple[float, int]] = []
    for pause, wanted in asked:
        clock.advance(pause)
        cost = min(wanted, burst)
        free = conforms_at(history, cost, clock.now, rate, burst)
        admitted = limiter.try_acquire(cost)
        assert admitted == (free == clock.now)
        if admitted:
            history.append((clock.now, cost))
        else:
            with pytest.raises(RateLimitError) as refused:
                limiter.acquire_sync(0, cost=cost)
            assert refused.value.retry_after == free - clock.now
    assert limiter.stats()["admitted"] == len(history)


class Caller:
    """Arrives at `arrival`, wants `cost`, gives up at `patience` after it; `reference` says how it must end."""

    def __init__(self, arrival: float, cost: int, patience: float | None) -> None:
        self.arrival = arrival
        self.cost = cost
        self.gives_up = None if patience is None else arrival + patience
        self.admitted: float | None = None

    async def run(self, limiter: RateLimiter) -> None:
        await asyncio.sleep(self.arrival)
        waiting = asyncio.create_task(limiter.acquire(cost=self.cost))
        waiting.add_done_callback(self._note)
        if self.gives_up is not None:
            asyncio.get_running_loop().call_at(self.gives_up, waiting.cancel)
        await asyncio.wait({waiting})

    def _note(self, task: asyncio.Task[None]) -> None:
        self.admitted = None if task.cancelled() else loop_time()


def reference(callers: list[Caller], rate: float, burst: int) -> Iterator[float | None]:
    """One after the other, each as soon as everybody before it has gone or given up, and it conforms."""
    history: list[tuple[float, int]] = []
    free = 0.0
    for caller in callers:
        turn = conforms_at(history, caller.cost, max(free, caller.arrival), rate, burst)
        assume(caller.gives_up != turn)  # both are right then
        if caller.gives_up is not None and caller.gives_up < turn:
            free = max(free, caller.gives_up)
            yield None
        else:
            free = turn
            history.append((turn, caller.cost))
            yield turn


patiences = st.none() | st.integers(0, 96).map(lambda number: number / 16 + 1 / 32)


@given(rates, bursts, st.lists(st.tuples(pauses, st.integers(1, 4), patiences), max_size=12))
def test_waiting_is_first_come_first_served_and_who_gives_up_costs_nothing(
    rate: float, burst: int, arrivals: list[tuple[float, int, float | None]]
) -> None:
    at, callers = 0.0, []
    for pause, cost, patience in arrivals:
        at += pause + 1 / 16
        callers.append(Caller(at, min(cost, burst), patience))
    expected = list(reference(callers, rate, burst))

    async def main() -> RateLimiter:
        limiter = RateLimiter(rate, burst=burst)
        await asyncio.gather(*(caller.run(limiter) for caller in callers))
        return limiter

    limiter = testing.run(main)
    assert [caller.admitted for caller in callers] == expected
    assert limiter.stats()["waiting"] == 0
    assert limiter.stats()["admitted"] == sum(turn is not None for turn in expected)


def test_nobody_overtakes_who_waits() -> None:
    async def main() -> None:
        limiter = RateLimiter(1)
        served: list[str] = []

        async def caller(name: str) -> None:
            await limiter.acquire()
            served.append(f"{name} at {loop_time():g}")

        async with asyncio.TaskGroup() as group:
            for name in "abcd":
                group.create_task(caller(name))
            await asyncio.sleep(1)  # b's turn, at this very instant
            assert not limiter.try_acquire()
            group.create_task(caller("late"))
        assert served == ["a at 0", "b at 1", "c at 2", "d at 3", "late at 4"]

    testing.run(main)


def test_a_waiter_cancelled_at_any_step_leaves_its_turn_to_the_next() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        limiter = RateLimiter(1)
        await limiter.acquire()
        turns: dict[str, float] = {}

        async def caller(name: str, arrival: float = 0.0) -> None:
            await asyncio.sleep(arrival)
            await limiter.acquire()
            turns[name] = loop_time()

        others = [asyncio.create_task(caller("before")), asyncio.create_task(caller("behind", 0.5))]
        await asyncio.sleep(0)
        subject = await cancellable(caller("subject"))
        await asyncio.gather(*others)
        assert ("subject" in turns) != subject.cancelled()
        assert turns == {"before": 1, "behind": 2} | ({} if subject.cancelled() else {"subject": 2, "behind": 3})
        await limiter.acquire()
        assert loop_time() == turns["behind"] + 1
        assert limiter.stats()["waiting"] == 0

    assert testing.cancel_at_every_step(scenario) > 2


def test_a_crowd_that_gives_up_owes_nothing() -> None:
    async def main() -> None:
        limiter = RateLimiter(1)
        await limiter.acquire()
        crowd = [asyncio.create_task(limiter.acquire()) for _ in range(100)]
        await asyncio.sleep(0.5)
        for each in crowd:
            each.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        await limiter.acquire()
        assert loop_time() == 1

    testing.run(main)


def test_a_turn_that_comes_too_late_is_refused_at_once() -> None:
    async def main() -> None:
        limiter = RateLimiter(1, per=10, name="search", max_wait=100)
        await limiter.acquire()
        with pytest.raises(RateLimitError, match=r"'search'.*try again in 10 s") as refused:
            await limiter.acquire(9.5)
        assert (refused.value.retry_after, refused.value.code, refused.value.http_status) == (10, "rate_limited", 429)
        with pytest.raises(RateLimitError):
            await limiter.acquire(deadline=Deadline.after(9.5))
        with pytest.raises(RateLimitError):
            async with deadline(9.5):
                await limiter.acquire(50)
        with pytest.raises(RateLimitError):
            await limiter.acquire(0)
        assert loop_time() == 0
        await limiter.acquire(10, deadline=Deadline.after(10.5))
        assert loop_time() == 10
        assert limiter.stats()["rejected"] == 4

    testing.run(main)


def test_max_wait_bounds_the_queue() -> None:
    async def main() -> None:
        limiter = RateLimiter(1, max_wait=2)
        results = await asyncio.gather(*(limiter.acquire() for _ in range(5)), return_exceptions=True)
        assert [type(result) for result in results] == [type(None)] * 3 + [RateLimitError] * 2

    testing.run(main)


def test_a_blocked_event_loop_holds_nobody_else_up(clock: testing.VirtualClock) -> None:
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire_sync()
    blocked = asyncio.new_event_loop()
    waiting = blocked.create_task(limiter.acquire())
    blocked.run_until_complete(asyncio.sleep(0))
    assert limiter.stats()["waiting"] == 1

    async def main() -> None:
        asyncio.get_running_loop().call_later(1.5, clock.advance, 2)
        await limiter.acquire()

    testing.run(main)
    assert limiter.stats()["waiting"] == 1
    waiting.cancel()
    blocked.run_until_complete(asyncio.wait({waiting}))
    blocked.close()
    assert limiter.stats()["waiting"] == 0


def test_who_waited_on_a_loop_that_is_closed_disturbs_nobody(clock: testing.VirtualClock) -> None:
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire_sync()
    gone, going = asyncio.new_event_loop(), asyncio.new_event_loop()
    first = going.create_task(limiter.acquire())
    going.run_until_complete(asyncio.sleep(0))
    coroutine = limiter.acquire()
    second = gone.create_task(coroutine)
    gone.run_until_complete(asyncio.sleep(0))
    gone.close()
    first.cancel()  # the next in the queue cannot be told
    going.run_until_complete(asyncio.wait({first}))
    going.close()
    assert first.cancelled()
    coroutine.close()
    second._log_destroy_pending = False  # type: ignore[attr-defined] # asyncio's own way to say: left behind on purpose
    assert limiter.stats()["waiting"] == 0


def test_plain_code_blocks_for_its_turn(clock: testing.VirtualClock) -> None:
    limiter = RateLimiter(2, burst=2, clock=clock)
    for _ in range(5):
        limiter.acquire_sync()
    assert clock.slept == [0.5, 0.5, 0.5]
    with limiter:
        assert clock.slept[3:] == [0.5]


def test_threads_and_tasks_share_one_queue() -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(1)

        async def task() -> float:
            await limiter.acquire()
            return loop_time()

        def thread() -> float:
            limiter.acquire_sync()
            return loop.time()

        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(task() if number % 2 else asyncio.to_thread(thread) for number in range(6)))

    assert sorted(testing.run(main)) == [0, 1, 2, 3, 4, 5]


class InterruptedClock(testing.VirtualClock):
    """Control-C comes while the thread sleeps."""

    def sleep(self, seconds: float) -> None:
        self.advance(seconds / 2)
        raise KeyboardInterrupt


def test_interrupting_a_blocked_thread_gives_its_turn_back() -> None:
    clock = InterruptedClock()
    limiter = RateLimiter(1, clock=clock)
    limiter.acquire_sync()
    with pytest.raises(KeyboardInterrupt):
        limiter.acquire_sync()
    clock.advance(0.5)
    assert limiter.try_acquire()


@pytest.fixture
def _restless_threads() -> Iterator[None]:
    """The interpreter changes threads as often as it can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-9)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_restless_threads")
def test_threads_never_get_more_than_the_burst(clock: testing.VirtualClock) -> None:
    limiter = RateLimiter(1, burst=1_000, clock=clock)
    start, admitted = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        admitted.extend([limiter.try_acquire() for _ in range(500)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 1_000
    assert limiter.stats()["rejected"] == 1_000


def test_a_clock_that_goes_back_neither_frees_nor_blocks() -> None:
    now = [1_000.0]
    limiter = RateLimiter(1, burst=2, clock=lambda: now[0])
    assert limiter.try_acquire(2)
    now[0] = 0.0
    assert not limiter.try_acquire()
    now[0] = 1.0
    assert limiter.try_acquire()
    assert not limiter.try_acquire()


def test_it_serves_one_loop_after_another() -> None:
    limiter = RateLimiter(1)

    async def main() -> float:
        async with limiter:
            return loop_time()

    assert [testing.run(main), testing.run(main)] == [0, 1]


def test_it_decorates_plain_and_coroutine_functions(clock: testing.VirtualClock) -> None:
    @RateLimiter(1, clock=clock)
    def plain(text: str) -> str:
        return text

    @RateLimiter(1)
    async def coroutine(text: str) -> str:
        return text

    async def main() -> None:
        assert [await coroutine("a"), await coroutine("b")] == ["a", "b"]
        assert loop_time() == 1

    assert [plain("a"), plain("b")] == ["a", "b"]
    assert clock.slept == [1]
    assert plain.__name__ == "plain"
    testing.run(main)


def generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("error", "make"),
    [
        (ValueError, lambda: RateLimiter(0)),
        (ValueError, lambda: RateLimiter(-1)),
        (ValueError, lambda: RateLimiter(float("inf"))),
        (ValueError, lambda: RateLimiter(1, per=0)),
        (ValueError, lambda: RateLimiter(1, burst=0)),
        (ValueError, lambda: RateLimiter(1, max_wait=-1)),
        (ValueError, lambda: RateLimiter(1).try_acquire(2)),
        (ValueError, lambda: RateLimiter(1).try_acquire(0)),
        (ValueError, lambda: RateLimiter(1).acquire_sync(-1)),
        (TypeError, lambda: RateLimiter("1")),  # type: ignore[arg-type]
        (TypeError, lambda: RateLimiter(1, burst=1.5)),  # type: ignore[arg-type]
        (TypeError, lambda: RateLimiter(1, name=1)),  # type: ignore[arg-type]
        (TypeError, lambda: RateLimiter(1, clock=1)),  # type: ignore[arg-type]
        (TypeError, lambda: RateLimiter(1)(generator)),
    ],
)
def test_what_cannot_work_is_refused_before_anything_happens(error: type[Exception], make: Callable[[], Any]) -> None:
    with pytest.raises(error):
        make()


def test_refusals_are_told_to_subscribers(clock: testing.VirtualClock) -> None:
    limiter = RateLimiter(1, name="search", clock=clock)
    events: list[Event] = []
    stop = limiter.subscribe(events.append)
    limiter.try_acquire()
    limiter.try_acquire()
    stop()
    limiter.try_acquire()
    assert [(event.kind, event.name, event.data) for event in events] == [
        ("rate_limiter.rejected", "search", {"retry_after": 1.0})
    ]
    assert limiter.stats() == {
        "name": "search",
        "rate": 1.0,
        "burst": 1,
        "waiting": 0,
        "admitted": 1,
        "delayed": 0,
        "rejected": 2,
        "subscriber_errors": 0,
    }
    assert repr(limiter) == "RateLimiter(rate=1, burst=1, name='search')"
