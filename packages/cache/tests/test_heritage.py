"""What users of the first platform's package wrote works here, and the bugs they met are gone."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import math
from typing import TYPE_CHECKING, Any

import pytest
from maestro_cache import CacheInterface, CacheService, CacheUnavailable, InMemoryCache, NotAnIntegerError, RedisCache
from services.redis_server import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run, World

NAMES = {
    "maestro_cache": ("CacheInterface", "RedisCache", "InMemoryCache", "CacheService", "get_cache"),
    "maestro_cache.interface": ("CacheInterface",),
    "maestro_cache.memory_cache": ("InMemoryCache",),
    "maestro_cache.redis_cache": ("RedisCache",),
    "maestro_cache.factory": ("CacheService", "get_cache"),
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_readme_surface(module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name))


def test_the_parameters_have_their_old_names_and_order() -> None:
    old: dict[Callable[..., object], list[str]] = {
        RedisCache: ["url", "default_ttl", "key_prefix", "decode_responses"],
        InMemoryCache: ["default_ttl", "max_size"],
        CacheService: ["url", "default_ttl", "key_prefix"],
    }
    for function, expected in old.items():
        assert list(inspect.signature(function).parameters)[: len(expected)] == expected


def test_the_interface_has_its_old_methods() -> None:
    old = {
        "get": ["key"],
        "set": ["key", "value", "ttl"],
        "delete": ["key"],
        "exists": ["key"],
        "clear": ["pattern"],
        "get_many": ["keys"],
        "set_many": ["mapping", "ttl"],
        "increment": ["key", "amount"],
        "close": [],
        "decrement": ["key", "amount"],
        "get_ttl": ["key"],
        "expire": ["key", "ttl"],
        "health_check": [],
    }
    for name, expected in old.items():
        found = [each for each in inspect.signature(getattr(CacheInterface, name)).parameters if each != "self"]
        assert found[: len(expected)] == expected


# The bugs


def test_counting_in_memory_does_not_wait_for_itself() -> None:
    async def main() -> None:
        cache = InMemoryCache()
        async with asyncio.timeout(60):
            assert await cache.increment("n") == 1
            assert await cache.decrement("n", 3) == -2

    asyncio.run(main())


@pytest.mark.parametrize("policy", ["sieve", "lru"])
def test_overwriting_a_key_at_capacity_evicts_nothing(policy: Any) -> None:
    async def main() -> None:
        cache = InMemoryCache(max_size=3, policy=policy)
        await cache.set_many({"a": 1, "b": 2, "c": 3})
        for _ in range(5):
            await cache.set("b", 7)
        assert await cache.get_many("abc") == {"a": 1, "b": 7, "c": 3}
        assert cache.stats()["evictions"] == 0

    asyncio.run(main())


def test_the_prefix_counts_in_memory() -> None:
    cache = CacheService("memory://", key_prefix="app:")
    assert isinstance(cache, InMemoryCache)
    cache.sync.set("a", 1)
    assert list(cache.sync.keys()) == ["app:a"]
    assert cache.sync.clear("app:*") == 0
    assert cache.sync.clear("a") == 1


def test_an_unknown_scheme_is_an_error_and_not_memory() -> None:
    with pytest.raises(ValueError, match="names no cache that exists"):
        CacheService("reddis://localhost")


def test_text_stays_text_and_booleans_are_stored(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            for value in ("123", "true", '{"a": 1}', True, False):
                assert await cache.set("a", value) is True
                found = await cache.get("a")
                assert (found, type(found)) == (value, type(value))

    any_world.run(main)


def test_set_many_has_the_default_ttl(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make(default_ttl=50) as cache:
            await cache.set_many({"a": 1})
            left = await cache.get_ttl("a")
            assert 40 < left <= 50

    any_world.run(main)


def test_clear_leaves_what_is_not_under_the_prefix(redis_url: str, redis_prefix: str) -> None:
    async def main() -> None:
        async with RedisCache(redis_url, key_prefix=f"{redis_prefix}ours:") as cache:
            with Wire(redis_url) as wire:
                wire.call("SET", f"{redis_prefix}theirs", "1")
                await cache.set_many({"a": 1, "b": 2})
                assert await cache.clear() == 2
                assert wire.call("GET", f"{redis_prefix}theirs") == "1"

    asyncio.run(main())


def test_clear_without_a_prefix_does_not_empty_redis(redis_url: str, run: Run) -> None:
    async def main() -> None:
        async with RedisCache(redis_url) as cache:
            for pattern in (None, "*"):
                with pytest.raises(ValueError, match="needs a key_prefix"):
                    await cache.clear(pattern)

    run(main)


def test_no_expiry_looks_the_same_everywhere(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            await cache.set("a", 1)
            assert await cache.get_ttl("a") is None
            assert await cache.get_ttl("absent") == 0.0

    any_world.run(main)


def test_counting_keeps_the_expiry_and_leaves_text_alone(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make(default_ttl=1_000) as cache:
            await cache.set("n", 1, ttl=50)
            await cache.increment("n")
            assert 40 < await cache.get_ttl("n") <= 50
            await cache.set("text", "seven")
            with pytest.raises(NotAnIntegerError, match="no integer"):
                await cache.increment("text")
            assert await cache.get("text") == "seven"

    any_world.run(main)


def test_a_cached_none_is_no_miss(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            calls: list[int] = []
            for _ in range(2):
                await cache.get_or_set("a", lambda: calls.append(1))
            assert (await cache.get("a", "absent"), len(calls)) == (None, 1)

    any_world.run(main)


def test_a_ttl_of_zero_is_refused_and_no_expiry_can_be_said() -> None:
    with pytest.raises(ValueError, match="above zero"):
        CacheService("memory://", default_ttl=0)
    cache = CacheService("memory://", default_ttl=math.inf)
    assert isinstance(cache, InMemoryCache)
    cache.sync.set("a", 1)
    assert cache.sync.get_ttl("a") is None


def test_failures_can_be_told_from_misses(run: Run) -> None:
    async def main() -> None:
        async with (
            RedisCache("redis://127.0.0.1:1") as forgiving,
            RedisCache("redis://127.0.0.1:1", strict=True) as strict,
        ):
            heard: list[str] = []
            forgiving.subscribe(lambda event: heard.append(event.kind))
            for _ in range(5):
                assert await forgiving.get("a") is None
            assert forgiving.stats()["errors"] == 5
            assert heard == ["cache.unavailable"]
            with pytest.raises(CacheUnavailable, match="does not answer"):
                await strict.get("a")

    run(main)


def test_memcached_is_said_not_to_be_there() -> None:
    with pytest.raises(ValueError, match="there is none for Memcached"):
        CacheService("memcached://localhost:11211")
