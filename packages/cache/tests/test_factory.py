"""The environment alone is enough to get the right cache, and what is wrong with it is said at once."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from typing import Any

import pytest
from maestro_cache import CacheService, CacheSettings, InMemoryCache, RedisCache, TieredCache, get_cache


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "TTL", "PREFIX", "MAX_SIZE"):
        monkeypatch.delenv(f"MAESTRO_CACHE_{name}", raising=False)


def test_without_anything_it_is_memory_with_an_hour() -> None:
    cache = CacheService()
    assert isinstance(cache, InMemoryCache)

    async def main() -> None:
        await cache.set("a", 1)
        left = await cache.get_ttl("a")
        assert left is not None
        assert 3_590 < left <= 3_600
        assert cache.stats()["max_size"] == 10_000

    asyncio.run(main())


def test_the_environment_alone_is_enough(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, redis_prefix: str, run: Any
) -> None:
    monkeypatch.setenv("MAESTRO_CACHE_URL", redis_url)
    monkeypatch.setenv("MAESTRO_CACHE_TTL", "90")
    monkeypatch.setenv("MAESTRO_CACHE_PREFIX", redis_prefix)
    cache, other = CacheService(), RedisCache(redis_url, key_prefix=redis_prefix)
    assert isinstance(cache, RedisCache)

    async def main() -> None:
        async with cache, other:
            await cache.set("a", {"b": 1})
            assert await other.get("a") == {"b": 1}
            left = await other.get_ttl("a")
            assert left is not None
            assert 80 < left <= 90

    run(main)


def test_both_tiers_come_from_one_url(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, redis_prefix: str, run: Any
) -> None:
    monkeypatch.setenv("MAESTRO_CACHE_URL", f"tiered+{redis_url}")
    monkeypatch.setenv("MAESTRO_CACHE_PREFIX", redis_prefix)
    monkeypatch.setenv("MAESTRO_CACHE_MAX_SIZE", "7")
    monkeypatch.setenv("MAESTRO_CACHE_TTL", "none")
    cache = CacheService(l1_ttl=3, policy="lru")
    assert isinstance(cache, TieredCache)

    async def main() -> None:
        async with cache:
            await cache.set("a", 1)
            assert [await cache.get("a") for _ in range(3)] == [1, 1, 1]
            assert await cache.get_ttl("a") is None
            stats = cache.stats()
            assert (stats["l1_hits"], stats["l2_hits"], stats["l1_max_size"]) == (2, 1, 7)
            assert (stats["l1_ttl"], stats["l1_policy"]) == (3, "lru")

    run(main)


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_CACHE_URL", "redis://localhost")
    monkeypatch.setenv("MAESTRO_CACHE_TTL", "5")
    cache = CacheService("memory://", math.inf, "app:", max_size=3)
    assert isinstance(cache, InMemoryCache)
    cache.sync.set("a", 1)
    assert (cache.sync.get_ttl("a"), list(cache.sync.keys())) == (None, ["app:a"])
    assert cache.stats()["max_size"] == 3


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        ({"URL": "memcached://localhost"}, "names no cache that exists"),
        ({"URL": "localhost:6379"}, "names no cache that exists"),
        ({"URL": "redis://user:hunter2@host:port"}, "no URL of a Redis"),
        ({"URL": "ftp://user:hunter2@host"}, "names no cache that exists"),
        ({"URL": "memory://shared"}, "says more than memory"),
        ({"TTL": "0"}, "MAESTRO_CACHE_TTL must be seconds above zero"),
        ({"TTL": "-5"}, "MAESTRO_CACHE_TTL"),
        ({"TTL": "nan"}, "MAESTRO_CACHE_TTL"),
        ({"TTL": "soon"}, "MAESTRO_CACHE_TTL"),
        ({"MAX_SIZE": "0"}, "MAESTRO_CACHE_MAX_SIZE must be a whole number"),
        ({"MAX_SIZE": "1.5"}, "MAESTRO_CACHE_MAX_SIZE"),
    ],
)
def test_what_is_wrong_in_the_environment_is_said(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], text: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"MAESTRO_CACHE_{name}", value)
    with pytest.raises(ValueError, match=text) as caught:
        CacheService()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "options", "error"),
    [
        ((5,), {}, TypeError),
        ((None, 0), {}, ValueError),
        ((None, "5"), {}, TypeError),
        ((None, None, 5), {}, TypeError),
        ((), {"max_sice": 5}, TypeError),
        ((), {"operation_timeout": 5}, TypeError),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        CacheService(*arguments, **options)


def test_settings_are_a_frozen_value_that_makes_a_cache() -> None:
    settings = CacheSettings.from_environment({"MAESTRO_CACHE_MAX_SIZE": "5", "MAESTRO_CACHE_URL": " "})
    assert settings == CacheSettings(max_size=5)
    assert settings.cache().stats()["max_size"] == 5


def test_a_process_has_one_cache_of_its_own() -> None:
    program = "from maestro_cache import get_cache; print(get_cache() is get_cache(), get_cache().stats()['max_size'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"MAESTRO_CACHE_MAX_SIZE": "3"},
    )
    assert done.stdout == "True 3\n"
    assert get_cache() is get_cache()
