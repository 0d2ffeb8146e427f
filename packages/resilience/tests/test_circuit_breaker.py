"""The circuit breaker through every door: decorator, call, context manager; sync and async."""

from __future__ import annotations

import asyncio
import functools
import inspect
import random
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from maestro_resilience import BreakerSettings, CircuitBreaker, CircuitBreakerOpenError, CircuitState, testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maestro_resilience.events import Event


def fail() -> None:
    raise ConnectionError("down")


async def fail_async() -> None:
    raise ConnectionError("down")


async def ok() -> str:
    return "ok"


def trip(breaker: CircuitBreaker, times: int | None = None) -> None:
    for _ in range(breaker.settings.failure_threshold if times is None else times):
        with pytest.raises(ConnectionError):
            breaker.call_sync(fail)


# Doors


def test_it_decorates_coroutine_functions() -> None:
    breaker = CircuitBreaker(failure_threshold=1)
    guarded = breaker(fail_async)

    async def main() -> None:
        with pytest.raises(ConnectionError):
            await guarded()
        with pytest.raises(CircuitBreakerOpenError):
            await guarded()

    testing.run(main)


def test_it_decorates_sync_functions() -> None:
    guarded = CircuitBreaker(failure_threshold=1)(fail)
    with pytest.raises(ConnectionError):
        guarded()
    with pytest.raises(CircuitBreakerOpenError):
        guarded()


def test_call_takes_sync_and_async_functions_and_their_arguments() -> None:
    async def double(number: int, *, plus: int = 0) -> int:
        return 2 * number + plus

    async def main() -> None:
        breaker = CircuitBreaker()
        assert await breaker.call(double, 4, plus=1) == 9
        assert await breaker.call(max, 4, 7) == 7
        assert await breaker.call(lambda: double(1)) == 2
        assert breaker.stats()["calls"] == 3

    testing.run(main)


def test_a_sync_function_is_no_failure() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(failure_threshold=1)
        assert await breaker.call(lambda: "fine") == "fine"
        assert breaker.get_metrics()["failures"] == 0
        assert breaker.get_state() is CircuitState.CLOSED

    testing.run(main)


def test_it_is_a_context_manager_sync_and_async(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(failure_threshold=2, clock=clock)

    async def main() -> None:
        with pytest.raises(ConnectionError):
            async with breaker:
                fail()

    with pytest.raises(ConnectionError), breaker:
        fail()
    testing.run(main)
    assert breaker.get_state() is CircuitState.OPEN
    with pytest.raises(CircuitBreakerOpenError), breaker:
        pass


def test_one_breaker_is_entered_by_many_tasks_and_nested_at_once() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(slow_call_seconds=5, slow_rate=1, minimum_calls=1, window=1)

        async def user(seconds: float) -> None:
            async with breaker, breaker:
                await asyncio.sleep(seconds)

        await asyncio.gather(*(user(seconds) for seconds in (1, 2, 3, 4)))
        assert breaker.stats()["calls"] == 8
        assert breaker.stats()["slow_calls"] == 0

    testing.run(main)


def test_leaving_in_another_task_than_entering_is_refused() -> None:
    async def main() -> None:
        breaker = CircuitBreaker()
        await asyncio.create_task(breaker.__aenter__())
        with pytest.raises(RuntimeError, match="one task"):
            await breaker.__aexit__(None, None, None)

    testing.run(main)


def test_decorating_keeps_name_docstring_and_signature() -> None:
    @CircuitBreaker()
    async def fetch(url: str, *, tries: int = 3) -> bytes:
        """Get it."""
        return url.encode() * tries

    assert (fetch.__name__, fetch.__doc__) == ("fetch", "Get it.")
    assert list(inspect.signature(fetch).parameters) == ["url", "tries"]
    assert inspect.iscoroutinefunction(fetch)


def test_partials_mocks_and_callable_objects_are_guarded() -> None:
    class Client:
        async def __call__(self, text: str) -> str:
            return text

    async def main() -> None:
        breaker = CircuitBreaker()
        assert await breaker(functools.partial(Client().__call__, "a"))() == "a"
        assert await breaker(Client())("b") == "b"
        assert await breaker(mock.AsyncMock(return_value="c"))() == "c"
        assert breaker(mock.Mock(return_value="d"))() == "d"
        assert await breaker.call(functools.partial(Client(), "e")) == "e"
        assert breaker.stats()["calls"] == 5

    testing.run(main)


def test_methods_are_guarded_with_their_self() -> None:
    class Client:
        breaker = CircuitBreaker()

        @breaker
        def get(self, key: str) -> tuple[Client, str]:
            return self, key

        @staticmethod
        @breaker
        def version() -> int:
            return 3

    client = Client()
    assert client.get("x") == (client, "x")
    assert Client.version() == 3


# Opening


def test_it_opens_after_so_many_failures_in_a_row_and_says_when_to_come_back(
    clock: testing.VirtualClock, no_jitter: random.Random
) -> None:
    breaker = CircuitBreaker(3, timeout=30, name="payments", clock=clock, rng=no_jitter)
    trip(breaker, 2)
    assert breaker.call_sync(lambda: 1) == 1
    trip(breaker, 3)
    clock.advance(10)
    with pytest.raises(CircuitBreakerOpenError, match=r"'payments' is open .* try again in 20\.0 s") as caught:
        breaker.call_sync(fail)
    assert (caught.value.retry_after, caught.value.code, caught.value.http_status) == (20, "circuit_open", 503)
    assert breaker.stats()["rejected"] == 1


def test_a_rate_opens_it_only_after_the_minimum_of_calls() -> None:
    breaker = CircuitBreaker(mode="rate", failure_rate=0.5, window=10, minimum_calls=4)
    trip(breaker, 1)
    for _ in range(2):
        breaker.call_sync(lambda: None)
    assert breaker.get_state() is CircuitState.CLOSED
    trip(breaker, 1)
    assert breaker.get_state() is CircuitState.OPEN


@pytest.mark.parametrize("door", ["decorator", "context"])
def test_a_good_call_never_opens_it_though_it_completes_the_minimum(door: str) -> None:
    breaker = CircuitBreaker(mode="rate", failure_rate=0.5, window=10, minimum_calls=4)
    trip(breaker, 3)
    if door == "decorator":
        breaker(len)("x")
    else:
        with breaker:
            pass
    assert breaker.get_state() is CircuitState.CLOSED
    trip(breaker, 1)
    assert breaker.get_state() is CircuitState.OPEN


def test_failures_that_left_the_window_are_forgotten() -> None:
    breaker = CircuitBreaker(mode="rate", failure_rate=0.5, window=4, minimum_calls=4)
    trip(breaker, 1)
    for _ in range(3):
        breaker.call_sync(lambda: None)
    trip(breaker, 1)
    assert breaker.get_state() is CircuitState.CLOSED
    assert breaker.stats()["window_failures"] == 1


def test_slow_calls_open_it_in_both_modes(clock: testing.VirtualClock) -> None:
    for mode in ("consecutive", "rate"):
        breaker = CircuitBreaker(
            mode=mode,
            slow_call_seconds=2,
            slow_rate=0.5,
            window=4,
            minimum_calls=4,
            clock=clock,
        )
        for seconds in (1, 3, 2, 4):
            assert breaker.get_state() is CircuitState.CLOSED
            breaker(clock.sleep)(seconds)
        assert breaker.get_state() is CircuitState.OPEN
        assert breaker.stats()["slow_calls"] == 2


def test_errors_that_are_no_failures_count_neither_way() -> None:
    breaker = CircuitBreaker(2, expected_exception=(OSError,), exclude=FileNotFoundError)
    trip(breaker, 1)
    for error in (ValueError, FileNotFoundError):
        with pytest.raises(error):
            breaker.call_sync(raise_, error)
    assert breaker.stats()["consecutive_failures"] == 1
    trip(breaker, 1)
    assert breaker.get_state() is CircuitState.OPEN


def raise_(error: BaseException | type[BaseException]) -> None:
    raise error


def test_a_function_may_say_which_errors_are_failures() -> None:
    breaker = CircuitBreaker(1, expected_exception=lambda error: "down" in str(error))
    with pytest.raises(ValueError, match="other"):
        breaker.call_sync(int_of, "other")
    assert breaker.get_state() is CircuitState.CLOSED
    trip(breaker)
    assert breaker.get_state() is CircuitState.OPEN


def int_of(text: str) -> int:
    return int(text)


@pytest.mark.parametrize("error", [asyncio.CancelledError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_cancellation_and_exit_count_neither_way(error: type[BaseException]) -> None:
    breaker = CircuitBreaker(1)
    with pytest.raises(error):
        breaker.call_sync(raise_, error)
    assert breaker.get_state() is CircuitState.CLOSED
    assert breaker.stats()["ignored"] == 1


# Half-open


def test_enough_good_probes_close_it(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(2, success_threshold=2, timeout=10, clock=clock)
    trip(breaker)
    clock.advance(11)
    assert breaker.call_sync(lambda: 1) == 1
    assert breaker.get_state() is CircuitState.HALF_OPEN
    assert breaker.call_sync(lambda: 1) == 1
    assert breaker.get_state() is CircuitState.CLOSED
    trip(breaker, 1)
    assert breaker.get_state() is CircuitState.CLOSED


def test_a_slow_probe_has_failed(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, timeout=10, slow_call_seconds=2, clock=clock)
    trip(breaker)
    clock.advance(11)
    breaker.call_sync(clock.sleep, 5)
    assert breaker.get_state() is CircuitState.OPEN


def test_the_open_time_doubles_up_to_ten_times_while_probes_fail(
    clock: testing.VirtualClock, no_jitter: random.Random
) -> None:
    breaker = CircuitBreaker(1, 1, timeout=10, clock=clock, rng=no_jitter)
    times = []
    for _ in range(6):
        trip(breaker)
        times.append(breaker.stats()["retry_after"])
        clock.advance(float(times[-1]))
    assert times == [10, 20, 40, 80, 100, 100]
    breaker.call_sync(lambda: None)
    trip(breaker)
    assert breaker.stats()["retry_after"] == 10


def test_the_open_time_is_jittered_by_a_tenth() -> None:
    times = []
    for seed in range(200):
        breaker = CircuitBreaker(1, timeout=100, clock=testing.VirtualClock(), rng=random.Random(seed))
        trip(breaker)
        times.append(float(breaker.stats()["retry_after"]))
    assert 90 <= min(times) < 92
    assert 108 < max(times) <= 110


def test_a_clock_that_goes_back_does_not_keep_it_open_longer_than_its_time(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, 1, timeout=10, clock=clock)
    trip(breaker)
    clock.now = 0
    assert float(breaker.stats()["retry_after"]) <= 11
    clock.advance(11)
    assert breaker.call_sync(lambda: 1) == 1


@pytest.mark.parametrize("probes", [1, 3])
def test_of_a_thousand_tasks_at_half_open_only_the_probes_reach_the_callee(probes: int) -> None:
    async def main() -> None:
        breaker = CircuitBreaker(1, timeout=10, half_open_max=probes, success_threshold=probes)
        reached = running = peak = 0

        @breaker
        async def callee() -> None:
            nonlocal reached, running, peak
            reached += 1
            running += 1
            peak = max(peak, running)
            await asyncio.sleep(1)
            running -= 1

        with pytest.raises(ConnectionError):
            await breaker.call(fail_async)
        await asyncio.sleep(11)
        results = await asyncio.gather(*(callee() for _ in range(1_000)), return_exceptions=True)
        rejected = [result for result in results if isinstance(result, CircuitBreakerOpenError)]
        assert (reached, peak, len(rejected)) == (probes, probes, 1_000 - probes)
        assert all(error.retry_after == 1 for error in rejected)
        assert breaker.get_state() is CircuitState.CLOSED

    testing.run(main)


def test_a_success_from_before_the_trip_does_not_close_it() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(1, success_threshold=1, timeout=10, half_open_max=5)
        guarded = breaker(asyncio.sleep)
        early = [asyncio.create_task(guarded(seconds)) for seconds in (5, 15)]
        await asyncio.sleep(1)
        with pytest.raises(ConnectionError):
            await breaker.call(fail_async)
        await early[0]
        assert breaker.get_state() is CircuitState.OPEN
        await asyncio.sleep(8)
        probe = asyncio.create_task(guarded(100))
        await early[1]  # ends while the breaker is half-open
        assert breaker.get_state() is CircuitState.HALF_OPEN
        probe.cancel()

    testing.run(main)


def test_a_failure_from_before_the_trip_does_not_open_it_again() -> None:
    async def fail_late() -> None:
        await asyncio.sleep(20)
        fail()

    async def main() -> None:
        breaker = CircuitBreaker(1, success_threshold=1, timeout=10)
        late = asyncio.create_task(breaker.call(fail_late))
        await asyncio.sleep(1)
        with pytest.raises(ConnectionError):
            await breaker.call(fail_async)
        await asyncio.sleep(12)
        await breaker.call(ok)
        assert breaker.get_state() is CircuitState.CLOSED
        with pytest.raises(ConnectionError):
            await late
        assert breaker.get_state() is CircuitState.CLOSED
        assert breaker.stats()["late"] == 1

    testing.run(main)


@pytest.mark.parametrize("door", ["decorator", "call", "context"])
def test_a_cancelled_probe_is_given_back_whenever_it_is_cancelled(door: str) -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        breaker = CircuitBreaker(1, timeout=10, success_threshold=1)

        async def context() -> None:
            async with breaker:
                await asyncio.sleep(2)

        doors: dict[str, Callable[[], Any]] = {
            "decorator": lambda: breaker(asyncio.sleep)(2),
            "call": lambda: breaker.call(asyncio.sleep, 2),
            "context": context,
        }
        with pytest.raises(ConnectionError):
            await breaker.call(fail_async)
        await asyncio.sleep(12)
        task = await cancellable(doors[door]())
        if task.cancelled() and breaker.get_state() is CircuitState.HALF_OPEN:
            assert breaker.stats()["probes_in_flight"] == 0
        assert await breaker.call(ok) == "ok"

    assert testing.cancel_at_every_step(scenario) >= 3


def test_an_error_that_is_no_failure_gives_the_probe_back(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, exclude=KeyError, timeout=10, clock=clock)
    trip(breaker)
    clock.advance(11)
    for _ in range(3):
        with pytest.raises(KeyError):
            breaker.call_sync(raise_, KeyError)
    assert breaker.get_state() is CircuitState.HALF_OPEN
    assert breaker.stats()["probes_in_flight"] == 0


# Threads


def test_threads_at_half_open_send_no_more_than_the_allowed_probes(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, timeout=10, half_open_max=2, success_threshold=2, clock=clock)
    trip(breaker)
    clock.advance(11)
    start, all_rejected = threading.Barrier(16), threading.Event()
    inside: list[int] = []
    rejected: list[int] = []

    @breaker
    def callee() -> None:
        inside.append(threading.get_ident())
        assert all_rejected.wait(30)

    def user() -> None:
        start.wait()
        try:
            callee()
        except CircuitBreakerOpenError:
            rejected.append(threading.get_ident())
            if len(rejected) == 14:
                all_rejected.set()

    run_threads(user, 16)
    assert (len(inside), len(rejected)) == (2, 14)
    assert breaker.get_state() is CircuitState.CLOSED


def test_no_outcome_is_lost_between_threads() -> None:
    breaker = CircuitBreaker(mode="rate", failure_rate=1, window=10_000)

    def user() -> None:
        for number in range(500):
            if number % 5:
                breaker.call_sync(lambda: None)
            else:
                trip(breaker, 1)

    run_threads(user, 8)
    stats = breaker.stats()
    assert (stats["calls"], stats["failures"], stats["window_failures"]) == (4_000, 800, 800)


def run_threads(target: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# Watching and settings


def test_subscribers_hear_every_transition_and_their_faults_disturb_nobody(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, 1, timeout=10, name="db", clock=clock)
    heard: list[Event] = []
    stop = breaker.subscribe(heard.append)
    breaker.subscribe(lambda event: int_of(event.kind))
    trip(breaker)
    with pytest.raises(CircuitBreakerOpenError):
        breaker.call_sync(fail)
    clock.advance(11)
    breaker.call_sync(lambda: None)
    stop()
    breaker.reset()
    happened = [event.kind.removeprefix("circuit_breaker.") for event in heard]
    assert happened == ["opened", "rejected", "half_open", "closed"]
    assert {event.name for event in heard} == {"db"}
    assert breaker.stats()["subscriber_errors"] == 5


def test_a_subscriber_may_use_the_breaker(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, clock=clock)
    states: list[object] = []
    breaker.subscribe(lambda _event: states.append(breaker.stats()["state"]))
    trip(breaker)
    assert states == ["open"]


def test_reset_closes_it_and_forgets(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(2, clock=clock)
    trip(breaker)
    breaker.reset()
    trip(breaker, 1)
    assert breaker.get_state() is CircuitState.CLOSED
    assert breaker.stats()["failures"] == 3


def test_stats_hold_numbers_and_strings_only(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, timeout=10, clock=clock)
    for state in ("closed", "open"):
        stats = breaker.stats()
        assert stats["state"] == state
        assert all(isinstance(value, (int, float, str)) for value in stats.values())
        trip(breaker, 1 if state == "closed" else 0)


def test_a_filter_that_fails_itself_loses_no_probe(clock: testing.VirtualClock) -> None:
    breaker = CircuitBreaker(1, timeout=10, expected_exception=lambda error: bool(error.args[1]), clock=clock)
    with pytest.raises(OSError, match="two"):
        breaker.call_sync(raise_, OSError("one", "two"))
    clock.advance(11)
    for _ in range(3):
        with pytest.raises(IndexError):
            breaker.call_sync(raise_, OSError("only one"))
        assert breaker.stats()["probes_in_flight"] == 0


def test_settings_from_elsewhere_make_the_same_breaker() -> None:
    settings = BreakerSettings(failure_threshold=7, mode="rate", slow_call_seconds=2.0)
    breaker = CircuitBreaker.from_settings(settings, "x", exclude=KeyError)
    assert (breaker.settings, breaker.name) == (settings, "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"failure_threshold": 0},
        {"success_threshold": -1},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"failure_rate": 0},
        {"failure_rate": 1.1},
        {"slow_rate": 50},
        {"slow_call_seconds": 0},
        {"window": 0},
        {"half_open_max": 0},
        {"mode": "sometimes"},
        {"window": 5, "minimum_calls": 6},
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CircuitBreaker(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"failure_threshold": 1.5},
        {"failure_threshold": True},
        {"timeout": "60"},
        {"expected_exception": KeyboardInterrupt},
        {"exclude": (asyncio.CancelledError,)},
        {"expected_exception": "OSError"},
        {"clock": 5},
        {"name": 3},
    ],
    ids=str,
)
def test_settings_of_the_wrong_kind_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(wrong))):
        CircuitBreaker(**wrong)


def test_generators_classes_and_async_functions_out_of_place_are_refused() -> None:
    def generate() -> Iterator[int]:
        yield 1

    breaker = CircuitBreaker()
    for wrong in (generate, CircuitBreaker, staticmethod(generate), 5):
        with pytest.raises(TypeError, match="circuit breaker"):
            breaker(wrong)  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match="await call"):
        breaker.call_sync(asyncio.sleep, 0)  # type: ignore[unused-coroutine] # it is refused before it is made
