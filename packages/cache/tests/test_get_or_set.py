"""A value is computed once, refreshed early, served stale, and never brought back after it was deleted."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import pytest
from maestro_cache import InMemoryCache, RecursiveFactoryError
from maestro_resilience import Deadline, deadline, testing

if TYPE_CHECKING:
    from conftest import Run, World


class Factory:
    """Counts its calls; each waits for `go`, unless that is None, and returns the number of the call."""

    def __init__(self, *, gated: bool = False, error: Exception | None = None) -> None:
        self.calls = 0
        self.go = asyncio.Event() if gated else None
        self.began = asyncio.Event()
        self.error = error

    async def __call__(self) -> int:
        self.calls += 1
        number = self.calls
        self.began.set()
        if self.go is not None:
            await self.go.wait()
        if self.error is not None:
            raise self.error
        return number


async def settled() -> None:
    """Let everything go on that waits for nothing but its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(condition: Any) -> None:
    """Wait for what others bring about, over a real Redis perhaps."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it comes about in other processes
            await asyncio.sleep(0.001)


def test_many_tasks_make_one_call(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            factory = Factory(gated=True)
            tasks = [asyncio.create_task(cache.get_or_set("a", factory, 100)) for _ in range(100)]
            await factory.began.wait()
            await settled()
            assert factory.go
            factory.go.set()
            assert await asyncio.gather(*tasks) == [1] * 100
            assert factory.calls == 1
            assert await cache.get_or_set("a", factory) == await cache.get("a") == 1
            assert 99 < await cache.get_ttl("a") <= 100

    any_world.run(main)


def test_plain_functions_and_none_are_fine(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            calls: list[int] = []
            for _ in range(3):
                assert await cache.get_or_set("a", lambda: calls.append(1)) is None
            assert calls == [1]

    any_world.run(main)


def test_an_error_reaches_all_who_wait_and_is_not_stored(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            factory = Factory(gated=True, error=LookupError("gone"))
            tasks = [asyncio.create_task(cache.get_or_set("a", factory)) for _ in range(10)]
            await factory.began.wait()
            await settled()
            assert factory.go
            factory.go.set()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert {str(result) for result in results} == {"gone"}
            assert factory.calls < 10
            factory.error = None
            assert await cache.get_or_set("a", factory) == factory.calls

    any_world.run(main)


def test_a_cancelled_leader_is_replaced_by_one_who_waits(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            factory = Factory(gated=True)
            leader = asyncio.create_task(cache.get_or_set("a", factory))
            await factory.began.wait()
            others = [asyncio.create_task(cache.get_or_set("a", factory)) for _ in range(10)]
            await settled()
            others[0].cancel()
            leader.cancel()
            await until(lambda: factory.calls == 2)
            assert factory.go
            factory.go.set()
            assert await asyncio.gather(*others[1:]) == [2] * 9
            assert leader.cancelled()
            assert others[0].cancelled()
            assert await cache.get("a") == 2

    any_world.run(main)


def test_a_waiter_who_has_to_lead_looks_whether_there_is_a_value_by_now(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            factory = Factory(gated=True)
            leader = asyncio.create_task(cache.get_or_set("a", factory))
            await factory.began.wait()
            waiter = asyncio.create_task(cache.get_or_set("a", factory))
            await settled()
            await cache.set("a", "set by hand")
            leader.cancel()
            assert await waiter == "set by hand"
            assert factory.calls == 1

    any_world.run(main)


def test_a_computation_may_take_longer_than_its_tags_were_to_live(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            assert await cache.get_or_set("a", lambda: any_world.advance(4), 10, tags=("t",), early=0) is None
            any_world.advance(8)
            assert await cache.exists("a")
            await cache.invalidate_tags("t")
            assert not await cache.exists("a")

    any_world.run(main)


def test_a_refresh_is_not_bound_by_the_deadline_of_who_happened_to_begin_it(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            await cache.get_or_set("a", lambda: "old", 100, stale_for=50)
            any_world.advance(120)
            seen: list[object] = []

            async def factory() -> str:
                seen.append(Deadline.current())
                return "new"

            with deadline(60):
                assert await cache.get_or_set("a", factory, 100, stale_for=50) == "old"
            await until(lambda: seen)
            assert seen == [None]

    any_world.run(main)


CHANGES = {
    "delete": lambda cache: cache.delete("a"),
    "set": lambda cache: cache.set("a", "newer"),
    "set_many": lambda cache: cache.set_many({"a": "newer"}),
    "tag": lambda cache: cache.invalidate_tags("t"),
    "clear": lambda cache: cache.clear(),
    "clear matching": lambda cache: cache.clear("[a-c]"),
}


@pytest.mark.parametrize("by_another", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_during_the_computation_is_not_overwritten_by_it(
    any_world: World, change: str, by_another: bool
) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            other = any_world.make() if by_another and not any_world.is_local else cache
            factory = Factory(gated=True)
            task = asyncio.create_task(cache.get_or_set("a", factory, tags=("t",)))
            await factory.began.wait()
            await CHANGES[change](other)
            assert factory.go
            factory.go.set()
            assert await task == 1
            any_world.advance(6)  # over what another process may see late
            assert await cache.get("a") == ("newer" if change.startswith("set") else None)
            await other.close()

    any_world.run(main)


def test_who_comes_after_the_deletion_does_not_get_what_was_before(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            factory = Factory(gated=True)
            early = asyncio.create_task(cache.get_or_set("a", factory))
            await factory.began.wait()
            await cache.delete("a")
            late = asyncio.create_task(cache.get_or_set("a", factory))
            await until(lambda: factory.calls == 2)
            assert factory.go
            factory.go.set()
            assert (await early, await late) == (1, 2)
            assert await cache.get("a") == 2

    any_world.run(main)


def test_a_stale_value_is_served_while_it_is_computed_anew(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            factory = Factory()
            assert await cache.get_or_set("a", factory, 100, stale_for=50) == 1
            any_world.advance(120)
            assert await cache.get("a") is None
            assert not await cache.exists("a")
            assert await cache.get_ttl("a") == 0.0
            factory.go = asyncio.Event()
            assert await cache.get_or_set("a", factory, 100, stale_for=50) == 1
            await until(lambda: factory.calls == 2)
            assert await cache.get_or_set("a", factory, 100, stale_for=50) == 1
            factory.go.set()
            await until(lambda: cache.stats().get("flights", cache.stats().get("l2_flights")) == 0)
            assert await cache.get_or_set("a", factory, 100, stale_for=50) == 2
            assert factory.calls == 2
            any_world.advance(151)
            assert await cache.get_or_set("a", factory, 100, stale_for=50) == 3

    any_world.run(main)


def test_a_stale_value_is_served_when_the_factory_fails(any_world: World) -> None:
    async def main() -> None:
        heard: list[str] = []
        async with any_world.make() as cache:
            cache.subscribe(lambda event: heard.append(event.kind))
            await cache.get_or_set("a", lambda: "old", 100, stale_for=50)
            any_world.advance(120)
            failing = Factory(error=OSError("down"))
            assert await cache.get_or_set("a", failing, 100, stale_for=50) == "old"
            await until(lambda: heard == ["cache.refresh_failed"])
            for _ in range(5):
                assert await cache.get_or_set("a", failing, 100, stale_for=50) == "old"
            await settled()
            assert failing.calls == 1  # and it is left alone for a while
            any_world.advance(40)
            with pytest.raises(OSError, match="down"):
                await cache.get_or_set("a", failing, 100, stale_for=50)

    any_world.run(main)


class Chance(random.Random):
    """Always says the same."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.mark.parametrize(("chance", "early", "calls"), [(0.99, 1.0, 2), (0.01, 1.0, 1), (0.99, 0, 1), (0.99, 0.1, 1)])
def test_a_slow_value_is_refreshed_before_it_expires(chance: float, early: float, calls: int) -> None:
    async def main() -> None:
        async with InMemoryCache(rng=Chance(chance)) as cache:
            made: list[int] = []

            async def slow() -> int:
                await asyncio.sleep(10)
                made.append(1)
                return len(made)

            assert await cache.get_or_set("a", slow, 100, early=early) == 1
            await asyncio.sleep(70)  # 30 s are left, a computation takes 10 s: -10 x ln(0.01) = 46 s
            assert await cache.get_or_set("a", slow, 100, early=early) == 1
            await asyncio.sleep(11)
            assert len(made) == calls
            assert await cache.get_or_set("a", slow, 100, early=0) == calls

    testing.run(main)


def test_redis_remembers_how_long_a_computation_took(redis_url: str, redis_prefix: str, run: Run) -> None:
    from maestro_cache import RedisCache
    from maestro_resilience.testing import VirtualClock

    clock = VirtualClock()

    async def main() -> None:
        async with RedisCache(redis_url, key_prefix=redis_prefix, clock=clock, rng=Chance(0.99)) as cache:
            made: list[int] = []

            def slow() -> int:
                clock.advance(10)
                made.append(1)
                return len(made)

            assert await cache.get_or_set("a", slow, 40) == 1
            assert await cache.get_or_set("a", slow, 40) == 1
            await until(lambda: len(made) == 2)
            await until(lambda: cache.stats()["flights"] == 0)
            assert await cache.get("a") == 2

    run(main)


def test_a_factory_that_asks_for_its_own_key_is_told(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:

            async def recursive() -> Any:
                return await cache.get_or_set("a", recursive)

            with pytest.raises(RecursiveFactoryError, match="without the cache"):
                await cache.get_or_set("a", recursive)

    any_world.run(main)


def test_factories_may_ask_for_other_keys(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:

            async def outer() -> int:
                return 1 + int(await cache.get_or_set("inner", lambda: 1))

            assert await asyncio.gather(*(cache.get_or_set("outer", outer) for _ in range(5))) == [2] * 5

    any_world.run(main)


def test_cancelling_at_any_await_leaves_nothing_behind() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        async with InMemoryCache() as cache:

            async def slow() -> int:
                await asyncio.sleep(1)
                return 1

            waiting = [asyncio.create_task(cache.get_or_set("a", slow)) for _ in range(2)]
            await cancellable(cache.get_or_set("a", slow))
            assert await asyncio.gather(*waiting) == [1, 1]
            assert cache.stats()["flights"] == 0
            assert await cache.get("a") == 1

    assert testing.cancel_at_every_step(scenario) >= 1


@pytest.mark.parametrize("turns", [0, 1, 5])
def test_closing_ends_refreshes(turns: int) -> None:
    async def main() -> None:
        cache = InMemoryCache()
        for round_number in range(1, 3):
            await cache.get_or_set("a", lambda: 1, 1, stale_for=100)
            await asyncio.sleep(2)
            await cache.get_or_set("a", lambda: asyncio.sleep(1_000), 1, stale_for=100)
            for _ in range(turns):
                await asyncio.sleep(0)
            await cache.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert cache.stats()["refreshes"] == round_number

    testing.run(main)
