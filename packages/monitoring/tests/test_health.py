"""Health checks run at once, each within its time, and never block the event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_monitoring import HealthCheck, HealthCheckManager, HealthReport, HealthStatus
from maestro_resilience import testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maestro_core_logging import Event


def results(report: HealthReport) -> dict[str, str]:
    return {each.name: each.status.value for each in report.checks}


def virtual() -> HealthCheckManager:
    """A manager on the time of the running loop."""
    return HealthCheckManager(clock=asyncio.get_running_loop().time)


@given(
    st.lists(
        st.tuples(st.floats(0, 10), st.floats(0.1, 10), st.sampled_from(["good", "false", "raises"]), st.booleans()),
        max_size=8,
    )
)
def test_concurrent_checks_respect_their_timeouts(plan: list[tuple[float, float, str, bool]]) -> None:
    """On virtual time: the report takes what the slowest check takes or is given, and each is judged by itself."""

    def check(seconds: float, end: str) -> Callable[[], Any]:
        async def run() -> bool:
            await asyncio.sleep(seconds)
            if end == "raises":
                raise OSError("no")
            return end == "good"

        return run

    async def main() -> tuple[float, HealthReport]:
        health = virtual()
        for number, (seconds, timeout, end, critical) in enumerate(plan):
            health.register_check(f"c{number}", check(seconds, end), timeout, critical)
        start = asyncio.get_running_loop().time()
        report = await health.acheck_health()
        return asyncio.get_running_loop().time() - start, report

    took, report = testing.run(main)
    expected = max((min(seconds, timeout) for seconds, timeout, _, _ in plan), default=0.0)
    assert took == pytest.approx(expected)
    for (seconds, timeout, end, _), result in zip(plan, report.checks, strict=True):
        if abs(seconds - timeout) > 1e-6:
            assert (result.status is HealthStatus.HEALTHY) == (seconds < timeout and end == "good")
            assert ("took longer" in result.message) == (seconds > timeout)
        assert result.seconds <= timeout + 1e-6
    bad = [critical for (_, _, _, critical), each in zip(plan, report.checks, strict=True) if each.message]
    status = HealthStatus.UNHEALTHY if any(bad) else HealthStatus.DEGRADED if bad else HealthStatus.HEALTHY
    assert report.status is status
    assert report.http_status == (503 if any(bad) else 200)


@pytest.mark.parametrize(
    ("returned", "status", "says"),
    [
        (None, "healthy", ""),
        (True, "healthy", ""),
        (HealthStatus.HEALTHY, "healthy", ""),
        (HealthStatus.DEGRADED, "degraded", "returned 'degraded'"),
        (False, "unhealthy", "returned False"),
        (0, "unhealthy", "returned a int"),
        ("ok", "unhealthy", "returned a str"),
    ],
)
def test_what_a_check_may_return(returned: object, status: str, says: str) -> None:
    health = HealthCheckManager()
    health.register_check("c", lambda: returned)
    (result,) = health.check_health().checks
    assert (result.status.value, says in result.message, bool(result.message)) == (status, True, bool(says))


def test_an_exception_is_told_without_its_secrets() -> None:
    def check() -> None:
        raise ConnectionError("no route to postgres://app:hunter2@db/orders")

    health = HealthCheckManager()
    health.register_check("db", check, critical=False)
    report = health.check_health()
    assert report.to_dict()["status"] == "degraded"
    message = report.to_dict()["checks"]["db"]["message"]
    assert message.startswith("ConnectionError: no route to")
    assert "hunter2" not in str(report)


class Stuck:
    """A plain check that hangs until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()
        self.calls = 0
        self.threads: set[int] = set()

    def __call__(self) -> None:
        self.calls += 1
        self.threads.add(threading.get_ident())
        self.entered.release()
        assert self.go.wait(30)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    made = Stuck()
    yield made
    made.go.set()


def test_a_plain_check_that_hangs_costs_its_timeout_and_one_thread(stuck: Stuck) -> None:
    """It is not started again while it hangs, and is again once it has ended."""
    health = HealthCheckManager()
    health.register_check("stuck", stuck, timeout=0.001)
    health.register_check("fine", lambda: None, timeout=30)
    for _ in range(3):
        report = health.check_health()
        assert results(report) == {"stuck": "unhealthy", "fine": "healthy"}
        assert "took longer than 0.001 s" in report.checks[0].message
    assert stuck.calls == 1
    flight = health._slots["stuck"]._flight
    assert flight is not None
    stuck.go.set()
    assert flight.wait(30)
    health.register_check("fine", lambda: None, timeout=30)
    health.check_health()
    assert stuck.calls == 2


def test_a_plain_check_does_not_block_the_event_loop(stuck: Stuck) -> None:
    async def main() -> HealthReport:
        health = HealthCheckManager()
        health.register_check("stuck", stuck, timeout=30)
        asking = asyncio.create_task(health.acheck_health())
        assert await asyncio.to_thread(stuck.entered.acquire, timeout=30)  # the loop turns while the check hangs
        assert not asking.done()
        stuck.go.set()
        return await asking

    assert results(asyncio.run(main())) == {"stuck": "healthy"}
    assert threading.get_ident() not in stuck.threads


def test_what_a_plain_check_returns_is_awaited_on_the_loop_that_asks() -> None:
    """Else `lambda: cache.health_check()` would use the cache's connections on a loop they do not belong to."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def check() -> bool:
        loops.append(asyncio.get_running_loop())
        return True

    async def main() -> None:
        health = HealthCheckManager()
        health.register_check("indirect", lambda: check())  # noqa: PLW0108 - as users write it
        assert results(await health.acheck_health()) == {"indirect": "healthy"}
        assert loops == [asyncio.get_running_loop()]

    asyncio.run(main())


def test_those_who_ask_at_once_share_one_run(stuck: Stuck) -> None:
    """From several tasks and from a thread."""

    async def main() -> list[HealthReport]:
        health = HealthCheckManager()
        health.register_check("stuck", stuck, timeout=30)
        asking = [asyncio.create_task(health.acheck_health()) for _ in range(3)]
        elsewhere = asyncio.create_task(asyncio.to_thread(health.check_health))
        assert await asyncio.to_thread(stuck.entered.acquire, timeout=30)
        asking[0].cancel()
        await asyncio.sleep(0)
        stuck.go.set()
        return await asyncio.gather(*asking[1:], elsewhere)

    assert [results(report) for report in asyncio.run(main())] == [{"stuck": "healthy"}] * 3
    assert stuck.calls == 1


def test_a_coroutine_check_is_cancelled_when_nobody_waits_for_it_any_more() -> None:
    async def main() -> list[str]:
        ended: list[str] = []

        async def slow() -> None:
            try:
                await asyncio.sleep(1_000)
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        health = virtual()
        health.register_check("slow", slow, timeout=5)
        assert results(await health.acheck_health()) == {"slow": "unhealthy"}
        await asyncio.sleep(1)
        asking = [asyncio.create_task(health.acheck_health()) for _ in range(2)]
        await asyncio.sleep(1)
        asking[0].cancel()
        await asyncio.sleep(1)
        assert ended == ["cancelled"]  # the second still waits for the second run
        asking[1].cancel()
        await asyncio.sleep(1)
        return ended

    assert testing.run(main) == ["cancelled", "cancelled"]


def test_a_coroutine_check_that_refuses_to_be_cancelled_does_not_hold_the_report_up() -> None:
    async def main() -> tuple[float, dict[str, str]]:
        async def stubborn() -> None:
            for _ in range(3):
                try:
                    await asyncio.sleep(100)
                except asyncio.CancelledError:
                    continue

        health = virtual()
        health.register_check("stubborn", stubborn, timeout=2)
        report = await health.acheck_health()
        return asyncio.get_running_loop().time(), results(report)

    assert testing.run(main) == (2.0, {"stubborn": "unhealthy"})


def test_cancellation_at_every_step_leaves_no_task_behind() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        async def check() -> None:
            await asyncio.sleep(1)

        health = virtual()
        health.register_check("a", check)
        health.register_check("b", check)
        await cancellable(health.acheck_health())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    assert testing.cancel_at_every_step(scenario) > 1


CLOSED_UNDER_IT = """
import asyncio, os
from maestro_monitoring import HealthCheckManager

started = []

async def check():
    started.append(1)
    if len(started) == 1:
        await asyncio.Event().wait()

health = HealthCheckManager()
health.register_check("c", check, timeout=30)
loop = asyncio.new_event_loop()
asking = loop.create_task(health.acheck_health())
while not started:
    loop.run_until_complete(asyncio.sleep(0))
loop.close()
print(asyncio.run(health.acheck_health()).status.value, flush=True)
os._exit(0)  # what is left of the loop would complain
"""


def test_a_check_whose_event_loop_was_closed_under_it_is_started_again() -> None:
    """By whoever ran the loop without `asyncio.run`, which would have cancelled it."""
    done = subprocess.run([sys.executable, "-c", CLOSED_UNDER_IT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("healthy\n", "")


def test_a_result_is_served_again_for_its_interval(clock: testing.VirtualClock) -> None:
    calls: list[int] = []
    health = HealthCheckManager(clock=clock)
    health.register_check("c", lambda: calls.append(1), interval=30)
    for _ in range(2):
        assert results(health.check_health()) == {"c": "healthy"}
    clock.advance(29)
    asyncio.run(health.acheck_health())
    assert len(calls) == 1
    clock.advance(1)
    health.check_health()
    assert len(calls) == 2


def test_coroutine_checks_work_without_an_event_loop_too() -> None:
    async def fine() -> bool:
        await asyncio.sleep(0)
        return True

    class AsCallable:
        async def __call__(self) -> bool:
            return True

    async def never() -> None:
        await asyncio.Event().wait()

    health = HealthCheckManager()
    health.register_check("fine", fine, timeout=30)
    health.register_check("object", AsCallable(), timeout=30)
    health.register_check("lambda", lambda: fine(), timeout=30)  # noqa: PLW0108 - it hides that it is a coroutine
    health.register_check("never", never, timeout=0.01)
    expected = {"fine": "healthy", "object": "healthy", "lambda": "healthy", "never": "unhealthy"}
    assert results(health.check_health()) == expected
    assert results(asyncio.run(health.acheck_health())) == expected


def test_the_blocking_call_refuses_to_block_an_event_loop() -> None:
    async def main() -> None:
        HealthCheckManager().check_health()

    with pytest.raises(RuntimeError, match="await acheck_health"):
        asyncio.run(main())


def test_changes_are_told(clock: testing.VirtualClock) -> None:
    heard: list[Event] = []
    answer: list[bool] = [True]
    health = HealthCheckManager(clock=clock)
    assert health.stats()["status"] == "unknown"
    stop = health.subscribe(heard.append)
    health.register_check("c", lambda: answer[0])
    for good in (True, True, False, True):
        answer[0] = good
        health.check_health()
    stop()
    changes = [(event.kind, event.data["was"], event.data["status"]) for event in heard]
    assert changes == [
        ("health.changed", "unknown", "healthy"),
        ("health.changed", "healthy", "unhealthy"),
        ("health.changed", "unhealthy", "healthy"),
    ]
    assert health.stats() == {"status": "healthy", "checks": 1, "reports": 4, "subscriber_errors": 0}


def test_checks_are_replaced_and_removed_by_name() -> None:
    health = HealthCheckManager()
    health.register_check("c", lambda: False)
    health.register_check("c", lambda: True)
    assert health.check_health().status is HealthStatus.HEALTHY
    health.remove_check("c")
    assert health.check_health().to_dict() == {"status": "healthy", "checks": {}}
    with pytest.raises(KeyError, match="there are: none"):
        health.remove_check("c")


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"name": ""}, ValueError, "must be a letter"),
        ({"name": "a b"}, ValueError, "must be a letter"),
        ({"check": None}, TypeError, "must be a function"),
        ({"timeout": 0}, ValueError, "above zero"),
        ({"timeout": float("nan")}, ValueError, "finite"),
        ({"interval": -1}, ValueError, "at least 0"),
        ({"timeout": "2"}, TypeError, "must be a number"),
    ],
)
def test_a_check_that_cannot_work_is_refused(settings: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        HealthCheck(**{"name": "c", "check": lambda: None, **settings})
