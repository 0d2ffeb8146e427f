"""The virtual-time loop: asyncio's own behaviour, without the waiting."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience import clock, testing


def now() -> float:
    return asyncio.get_running_loop().time()


def test_hours_pass_at_once_and_exactly() -> None:
    async def main() -> float:
        await asyncio.sleep(3 * 3600)
        return now()

    assert testing.run(main) == 10_800.0


def test_a_coroutine_object_runs_as_well_as_a_coroutine_function() -> None:
    async def main(answer: int) -> int:
        return answer

    assert testing.run(main(42)) == 42


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=20))
def test_timers_fire_in_order_each_at_its_exact_time(delays: list[float]) -> None:
    fired: list[tuple[float, float]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for delay in delays:
            loop.call_later(delay, lambda *due: fired.append((*due, loop.time())), delay)
        await asyncio.sleep(max(delays) + 1)

    testing.run(main)
    assert [delay for delay, _ in fired] == sorted(delays)
    assert all(at == pytest.approx(delay, abs=1e-8) for delay, at in fired)


def test_asyncio_timeout_fires_at_its_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        return now()

    assert testing.run(main) == 5.0


def test_timers_that_are_cancelled_take_no_time() -> None:
    async def main() -> float:
        asyncio.get_running_loop().call_later(100, print).cancel()
        await asyncio.sleep(1)
        return now()

    assert testing.run(main) == 1.0


def test_a_wait_longer_than_a_day_is_exact() -> None:
    async def main() -> float:
        await asyncio.sleep(20 * 86_400.1)
        return now()

    assert testing.run(main) == 20 * 86_400.1


def test_the_same_program_gives_the_same_trace_every_run() -> None:
    def trace() -> list[tuple[str, float]]:
        seen: list[tuple[str, float]] = []

        async def worker(name: str, period: float) -> None:
            for _ in range(20):
                await asyncio.sleep(period)
                seen.append((name, now()))

        async def main() -> None:
            await asyncio.gather(worker("a", 0.3), worker("b", 0.2), worker("c", 0.6))

        testing.run(main)
        return seen

    assert trace() == trace()


def test_waiting_for_what_nobody_will_do_is_a_deadlock_that_names_task_and_line() -> None:
    async def main() -> None:
        await asyncio.gather(asyncio.create_task(asyncio.Event().wait(), name="forgotten"))

    with pytest.raises(testing.DeadlockError, match="forgotten waits at"):
        testing.run(main)


def test_a_lock_taken_twice_is_a_deadlock() -> None:
    async def main() -> None:
        lock = asyncio.Lock()
        async with lock, lock:
            pass

    with pytest.raises(testing.DeadlockError, match=r"test_virtual_time\.py:\d+ in .*main"):
        testing.run(main)


def test_a_loop_that_spins_without_time_passing_is_reported() -> None:
    async def main() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0)

    with pytest.raises(testing.NoProgressError, match="turned 50 times at 0 s"):
        testing.run(main, turn_limit=50)


def test_a_program_kept_alive_by_a_heartbeat_ends_at_the_time_limit() -> None:
    async def beat() -> None:
        for _ in itertools.count():
            await asyncio.sleep(1)

    async def main() -> None:
        heart = asyncio.create_task(beat())
        await asyncio.Event().wait()
        heart.cancel()

    with pytest.raises(testing.NoProgressError, match="time_limit"):
        testing.run(main, time_limit=60)


def test_tasks_left_over_are_cancelled_and_may_clean_up() -> None:
    cleaned: list[float] = []

    async def background() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(1)
            cleaned.append(now())

    async def main() -> None:
        cleanup = asyncio.create_task(background())
        await asyncio.sleep(5)
        assert not cleanup.done()

    testing.run(main)
    assert cleaned == [6.0]


@pytest.mark.parametrize("operation", ["connect", "listen", "subprocess", "resolve"])
def test_the_world_outside_is_refused_with_a_sentence(operation: str) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        if operation == "connect":
            await asyncio.open_connection("localhost", 1)
        elif operation == "listen":
            await asyncio.start_server(lambda _reader, _writer: None, "localhost", 0)
        elif operation == "subprocess":
            await asyncio.create_subprocess_exec("true")
        else:
            await loop.getaddrinfo("localhost", 80)

    with pytest.raises(testing.VirtualTimeError, match="in-memory stand-in"):
        testing.run(main)


def test_time_stands_still_while_a_thread_works() -> None:
    release = threading.Event()

    async def main() -> float:
        asyncio.get_running_loop().call_soon(release.set)
        async with asyncio.timeout(1):
            assert await asyncio.to_thread(release.wait, 30)
        return now()

    assert testing.run(main) == 0.0


def test_a_thread_takes_virtual_time_by_sleeping_virtually() -> None:
    def work() -> tuple[float, float]:
        testing.blocking_sleep(7)
        return clock.monotonic(), threading.get_ident()

    async def main() -> None:
        at, thread = await asyncio.to_thread(work)
        assert at == now() == 7.0
        assert thread != threading.get_ident()

    testing.run(main)


def test_a_thread_abandoned_by_a_timeout_holds_time_no_longer() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.to_thread(testing.blocking_sleep, 1_000)
        await asyncio.sleep(5)
        return now()

    assert testing.run(main) == 8.0


def test_a_blocking_sleep_on_the_loop_itself_is_refused() -> None:
    async def main() -> None:
        testing.blocking_sleep(1)

    with pytest.raises(RuntimeError, match=r"await asyncio\.sleep"):
        testing.run(main)


def test_the_librarys_clock_is_virtual_on_the_loop_and_real_elsewhere() -> None:
    real: list[float] = []

    async def main() -> float:
        stranger = threading.Thread(target=lambda: real.append(clock.monotonic()))
        stranger.start()
        stranger.join()
        await asyncio.sleep(12)
        return clock.monotonic()

    before = time.monotonic()
    assert testing.run(main) == 12.0
    assert before <= real[0] <= clock.monotonic() <= time.monotonic()


def test_two_loops_in_two_threads_keep_their_own_time() -> None:
    times: dict[int, float] = {}

    async def main(seconds: float) -> None:
        await asyncio.sleep(seconds)
        times[int(seconds)] = clock.monotonic()

    threads = [threading.Thread(target=lambda s=s: testing.run(main(s))) for s in (10.0, 20.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert times == {10: 10.0, 20: 20.0}


def test_a_virtual_clock_is_wound_by_hand_and_by_sleeping() -> None:
    wound = testing.VirtualClock(100)
    wound.advance(5)
    wound.sleep(2.5)
    assert (wound(), wound.slept) == (107.5, [2.5])
    with pytest.raises(ValueError, match="at least 0"):
        wound.advance(-1)


def test_cancellation_reaches_every_await_of_the_subject_once() -> None:
    reached: list[int] = []

    async def subject(trace: list[int]) -> None:
        try:
            for step in range(3):
                await asyncio.sleep(1)
                trace.append(step)
        except asyncio.CancelledError:
            reached.append(len(trace))
            raise

    async def scenario(cancellable: testing.Cancellable) -> None:
        await cancellable(subject([]))

    points = testing.cancel_at_every_step(scenario)
    assert set(reached) == {0, 1, 2}
    assert points >= len(reached) >= 6  # each sleep is cancelled both waiting and just woken


def test_a_leak_under_cancellation_is_found() -> None:
    async def leaky(lock: asyncio.Lock) -> None:
        await lock.acquire()
        await asyncio.sleep(1)
        lock.release()

    async def scenario(cancellable: testing.Cancellable) -> None:
        lock = asyncio.Lock()
        await cancellable(leaky(lock))
        assert not lock.locked()

    with pytest.raises(AssertionError):
        testing.cancel_at_every_step(scenario)
