"""Memory in front of a shared cache: a process sees its own changes at once, and others' within a known time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from maestro_cache import InMemoryCache, TieredCache
from maestro_resilience import testing

if TYPE_CHECKING:
    from collections.abc import Callable


class SlowCache(InMemoryCache):
    """A shared cache that takes a second for every answer."""

    def __init__(self) -> None:
        super().__init__()
        look = self.through.look

        async def slow(key: str) -> Any:
            found = await look(key)
            await asyncio.sleep(1)
            return found

        self.through.look = slow  # type: ignore[method-assign] # the wire between the tiers


def test_a_foreign_change_is_seen_when_the_time_of_the_first_tier_is_over() -> None:
    async def main() -> None:
        shared = InMemoryCache()
        here, there = (TieredCache(InMemoryCache(), shared, l1_ttl=5) for _ in range(2))
        await here.set("a", 1)
        assert [await here.get("a"), await there.get("a")] == [1, 1]
        await here.set("a", 2)
        assert await here.get("a") == 2
        await asyncio.sleep(4.9)
        assert await there.get("a") == 1
        await asyncio.sleep(0.2)
        assert await there.get("a") == 2

    testing.run(main)


def test_nothing_lives_longer_in_the_first_tier_than_in_the_second() -> None:
    async def main() -> None:
        cache = TieredCache(InMemoryCache(), InMemoryCache(), l1_ttl=60)
        await cache.set("a", 1, ttl=10)
        await cache.get_or_set("b", lambda: 1, ttl=10)
        await asyncio.sleep(9)
        assert await cache.get_many(["a", "b"]) == {"a": 1, "b": 1}
        assert [await cache.get("a"), await cache.get_or_set("b", lambda: 2)] == [1, 1]
        await asyncio.sleep(2)
        assert [await cache.get("a"), await cache.get("b")] == [None, None]

    testing.run(main)


CHANGES: dict[str, Callable[[TieredCache], Any]] = {
    "set": lambda cache: cache.set("a", "new"),
    "set_many": lambda cache: cache.set_many({"a": "new"}),
    "delete": lambda cache: cache.delete("a"),
    "clear": lambda cache: cache.clear(),
    "invalidate_tags": lambda cache: cache.invalidate_tags("t"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("read", ["get", "get_or_set"])
def test_an_old_answer_that_arrives_late_does_not_get_into_the_first_tier(change: str, read: str) -> None:
    async def main() -> None:
        cache = TieredCache(InMemoryCache(), SlowCache(), l1_ttl=60)
        await cache.set("a", "old", tags=("t",))
        late = asyncio.create_task(cache.get("a") if read == "get" else cache.get_or_set("a", lambda: "made"))
        await asyncio.sleep(0.5)
        await CHANGES[change](cache)
        assert await late == "old"
        assert await cache.get("a") == ("new" if change.startswith("set") else None)

    testing.run(main)


def test_many_readers_ask_the_second_tier_once() -> None:
    async def main() -> None:
        shared = SlowCache()
        cache = TieredCache(InMemoryCache(), shared, l1_ttl=60)
        await cache.set("a", 1)
        assert await asyncio.gather(*(cache.get("a") for _ in range(50))) == [1] * 50
        assert shared.stats()["hits"] == 1

    testing.run(main)


def test_cancelling_a_reader_leaves_the_others_and_nothing_behind() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        cache = TieredCache(InMemoryCache(), SlowCache(), l1_ttl=60)
        await cache.set("a", 1)
        others = [asyncio.create_task(cache.get("a")) for _ in range(2)]
        await cancellable(cache.get("a"))
        assert await asyncio.gather(*others) == [1, 1]
        await cancellable_free(cache)

    async def cancellable_free(cache: TieredCache) -> None:
        assert len(cache._reads) == 0
        assert await cache.get("a") == 1

    assert testing.cancel_at_every_step(scenario) >= 1
