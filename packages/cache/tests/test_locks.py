"""A lock is held by one at a time, ends with its holder and tells a late one; a throttle admits what it says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_cache import InMemoryCache, LeaseLostError, LockHeldError, RedisCache
from maestro_resilience import testing
from maestro_resilience.testing import VirtualClock

if TYPE_CHECKING:
    from conftest import Run, World


def test_one_holds_it_at_a_time_and_numbers_rise(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            inside, tokens = 0, []

            async def worker() -> None:
                nonlocal inside
                async with cache.lock("job", wait=60) as lease:
                    inside += 1
                    assert inside == 1
                    assert lease.held
                    lease.check()
                    await asyncio.sleep(0.001)
                    tokens.append(lease.token)
                    inside -= 1

            await asyncio.gather(*(worker() for _ in range(20)))
            assert tokens == sorted(set(tokens))

    any_world.run(main)


def test_who_does_not_get_it_is_told_for_how_long_it_is_held(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache, cache.lock("job", 100):
            with pytest.raises(LockHeldError, match="held by somebody else") as caught:
                async with cache.lock("job", wait=0):
                    pass
            assert caught.value.retry_after is not None
            assert 90 < caught.value.retry_after <= 100
            assert await cache.lock("job").acquire(wait=0) is False
            async with cache.lock("another", wait=0):
                pass

    any_world.run(main)


def test_a_lease_that_ran_out_is_lost_and_the_next_one_has_a_higher_number(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            late = cache.lock("job", 100)
            assert await late.acquire()
            any_world.advance(101)  # without a renewal in between, as when the holder was suspended
            async with cache.lock("job", 100, wait=0) as present:
                assert present.token > late.token
                with pytest.raises(LeaseLostError, match="ended before it was released"):
                    await late.release()
                assert not await cache.lock("job").acquire(wait=0)
            with pytest.raises(LeaseLostError, match="not held"):
                await late.release()
            assert await late.acquire(wait=0)
            await late.release()

    any_world.run(main)


def test_an_error_inside_is_not_hidden_by_a_lost_lease(any_world: World) -> None:
    async def main() -> None:
        heard: list[str] = []
        async with any_world.make() as cache:
            cache.subscribe(lambda event: heard.append(event.kind))

            async def work() -> None:
                async with cache.lock("job", 100):
                    any_world.advance(101)
                    raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await work()
            assert heard == ["cache.release_failed"]

    any_world.run(main)


def test_a_lease_is_held_once_at_a_time(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            lease = cache.lock("job")
            async with lease:
                assert "held=True" in repr(lease)
                with pytest.raises(RuntimeError, match="held already"):
                    await lease.acquire()

    any_world.run(main)


def test_it_is_renewed_as_long_as_it_is_held() -> None:
    async def main() -> None:
        async with InMemoryCache() as cache:
            async with cache.lock("job", 30) as lease:
                await asyncio.sleep(3_600)
                assert lease.held
                assert not await cache.lock("job").acquire(wait=0)
            assert await cache.lock("job").acquire(wait=0)

    testing.run(main)


def test_redis_renews_it_too(redis_url: str, redis_prefix: str, run: Run) -> None:
    async def main() -> None:
        async with RedisCache(redis_url, key_prefix=redis_prefix) as cache, cache.lock("job", 1) as lease:
            first = lease._sure_until
            async with asyncio.timeout(60):
                while lease._sure_until == first:  # noqa: ASYNC110 - a real clock renews it
                    await asyncio.sleep(0.01)
            lease.check()

    run(main)


def test_a_loss_is_heard_of_at_the_next_renewal() -> None:
    async def main() -> None:
        heard: list[str] = []
        async with InMemoryCache() as cache:
            cache.subscribe(lambda event: heard.append(event.kind))
            lease = cache.lock("job", 30)
            await lease.acquire()
            cache._locks._held.clear()
            await asyncio.sleep(11)
            assert heard == ["cache.lease_lost"]
            assert not lease.held
            with pytest.raises(LeaseLostError, match="stop, and take the lock again"):
                lease.check()
            with pytest.raises(LeaseLostError):
                await lease.release()

    testing.run(main)


def test_cancelling_at_any_await_frees_the_lock() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        async with InMemoryCache() as cache:

            async def work() -> None:
                async with cache.lock("job", 30):
                    await asyncio.sleep(50)

            async def holder() -> None:
                async with cache.lock("job", 30):
                    await asyncio.sleep(1)

            first = asyncio.create_task(holder())
            await asyncio.sleep(0.5)
            await cancellable(work())
            await first
            await asyncio.sleep(0)
            assert await cache.lock("job").acquire(wait=0)

    assert testing.cancel_at_every_step(scenario) > 3


# Throttles


def test_a_throttle_admits_its_limit_and_then_one_by_one(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            answers = [await cache.throttle("api", 5, 1_000) for _ in range(7)]
            assert [bool(answer) for answer in answers] == [True] * 5 + [False] * 2
            assert [answer.remaining for answer in answers] == [4, 3, 2, 1, 0, 0, 0]
            assert all(answer.retry_after == 0 for answer in answers[:5])
            assert 190 < answers[-1].retry_after <= 200
            assert 990 < answers[-1].reset <= 1_000
            assert await cache.throttle("another", 5, 1_000)
            assert await cache.throttle("bulk", 5, 1_000, cost=4)
            assert not await cache.throttle("bulk", 5, 1_000, cost=2)
            assert await cache.throttle("bulk", 5, 1_000, cost=1)

    any_world.run(main)


@given(
    limit=st.integers(1, 10),
    period=st.floats(0.1, 1_000),
    steps=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 3)), max_size=60),
)
def test_in_any_time_it_admits_at_most_burst_plus_rate(
    limit: int, period: float, steps: list[tuple[float, int]]
) -> None:
    clock = VirtualClock(1_000)
    view = InMemoryCache(clock=clock).sync
    admitted: list[tuple[float, int]] = []
    for pause, cost in steps:
        clock.advance(pause * period / limit)
        if cost > limit:
            continue
        answer = view.throttle("x", limit, period, cost=cost)
        if answer:
            admitted.append((clock.now, cost))
        else:
            clock.advance(answer.retry_after)
            assert view.throttle("x", limit, period, cost=cost)  # it keeps its promise
            admitted.append((clock.now, cost))
    for start in range(len(admitted)):
        total = 0
        for when, cost in admitted[start:]:
            total += cost
            assert total <= limit + (when - admitted[start][0]) * limit / period + 1e-6


def test_both_stores_agree_on_a_throttle(redis_url: str, redis_prefix: str, run: Run) -> None:
    async def main() -> None:
        async with RedisCache(redis_url, key_prefix=redis_prefix) as shared:
            local = InMemoryCache()
            for limit, cost in [(3, 1), (3, 2), (100, 7)]:
                for _ in range(2 * limit // cost):
                    here = await local.throttle(f"{limit} {cost}", limit, 86_400, cost=cost)
                    there = await shared.throttle(f"{limit} {cost}", limit, 86_400, cost=cost)
                    assert (here.allowed, here.remaining) == (there.allowed, there.remaining)
                    assert there.reset == pytest.approx(here.reset, abs=30)

    run(main)
