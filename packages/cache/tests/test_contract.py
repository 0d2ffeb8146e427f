"""Every cache does the same, whatever is behind it."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from maestro_cache import CounterOverflowError, NotAnIntegerError, RedisCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import World

VALUES = [
    *("", "text", "123", "true", "null", '{"a": 1}', "ünïcödé 🐍", "\x00\x1f"),
    *(0, 5, -7, 2**63 - 1, -(2**63), 2**80, -(2**80), True, False, None),
    *(0.0, 1.5, -1e300, math.inf, -math.inf, b"", b"\x01raw", b"12"),
    *([], [1, "1", None, [2.5]], {}, {"a": {"b": [1]}}, {"$": 1}, {"$": ["int", "5"]}, {1: "a", (2, 3): "b"}),
    *((1, (2,)), (), {1, 2}, set(), frozenset({"x"}), {"mixed": (b"x", {Decimal("1.50")})}),
    *(datetime(2026, 1, 2, 3, 4, 5, 6), datetime(2026, 1, 2, tzinfo=UTC), date(2026, 1, 2), time(1, 2, 3)),  # noqa: DTZ001
    *(timedelta(days=-1, microseconds=7), Decimal("0.10"), Decimal("NaN"), UUID(int=7)),
]


def test_a_value_comes_back_as_it_was(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            for value in VALUES:
                assert await cache.set("a", value)
                found = await cache.get("a", "absent")
                assert (type(found), repr(found)) == (type(value), repr(value))
            mapping = {str(number): value for number, value in enumerate(VALUES)}
            await cache.set_many(mapping)
            assert repr(await cache.get_many(mapping)) == repr(mapping)

    world.run(main)


def test_what_is_absent_is_the_default_and_a_stored_none_is_none(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            assert await cache.get("a") is None
            assert await cache.get("a", 7) == 7
            await cache.set("a", None)
            assert await cache.get("a", 7) is None
            assert await cache.exists("a")
            assert not await cache.exists("b")

    world.run(main)


def test_deleting_says_whether_there_was_something(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("a", 1)
            assert await cache.delete("a") is True
            assert await cache.delete("a") is False
            assert await cache.get("a") is None

    world.run(main)


def test_a_value_expires(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("a", "x", ttl=100)
            await cache.set("b", "x")
            assert 99 < await cache.get_ttl("a") <= 100
            assert await cache.get_ttl("b") is None
            assert await cache.get_ttl("c") == 0.0
            world.advance(50)
            assert await cache.get("a") == "x"
            assert 49 < await cache.get_ttl("a") <= 50
            world.advance(51)
            assert await cache.get("a") is None
            assert not await cache.exists("a")
            assert not await cache.delete("a")
            assert await cache.get_many(["a", "b"]) == {"b": "x"}

    world.run(main)


def test_the_default_ttl_is_for_values_without_one(world: World) -> None:
    async def main() -> None:
        async with world.make(default_ttl=100) as cache:
            await cache.set("a", 1)
            await cache.set_many({"b": 1})
            await cache.increment("c")
            await cache.get_or_set("d", lambda: 1)
            await cache.set("e", 1, ttl=math.inf)
            await cache.set("f", 1, ttl=200)
            for key in "abcd":
                assert 99 < await cache.get_ttl(key) <= 100, key
            assert await cache.get_ttl("e") is None
            assert 199 < await cache.get_ttl("f") <= 200

    world.run(main)


def test_an_expiry_can_be_changed(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            assert not await cache.expire("a", 10)
            await cache.set("a", 1, tags=("t",))
            assert await cache.expire("a", 100)
            assert 99 < await cache.get_ttl("a") <= 100
            assert await cache.expire("a", math.inf)
            assert await cache.get_ttl("a") is None
            assert await cache.get("a") == 1

    world.run(main)


def test_a_new_value_has_a_new_expiry(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("a", 1, ttl=10)
            await cache.set("a", 2)
            assert await cache.get_ttl("a") is None

    world.run(main)


def test_nx_stores_only_what_is_absent(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            assert await cache.set("a", 1, nx=True, tags=("t",), ttl=100)
            assert not await cache.set("a", 2, nx=True)
            assert await cache.get("a") == 1
            await cache.invalidate_tags("t")
            assert await cache.set("a", 3, nx=True)
            assert await cache.get("a") == 3

    world.run(main)


def test_many_are_stored_at_once(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            mapping = {f"k{number}": number for number in range(1_200)}
            assert await cache.set_many(mapping, ttl=100)
            assert await cache.get_many(reversed(mapping)) == mapping
            assert 99 < await cache.get_ttl("k7") <= 100
            assert await cache.set_many({})
            assert await cache.get_many([]) == {}

    world.run(main)


def test_counters_count(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            assert await cache.increment("n") == 1
            assert await cache.increment("n", 41) == 42
            assert await cache.decrement("n", 2) == 40
            assert await cache.get("n") == 40
            await cache.set("n", 2**62, ttl=100, tags=("t",))
            assert await cache.increment("n", 3) == 2**62 + 3
            assert 99 < await cache.get_ttl("n") <= 100
            await cache.invalidate_tags("t")
            assert await cache.increment("n", ttl=7) == 1
            assert 6 < await cache.get_ttl("n") <= 7

    world.run(main)


@pytest.mark.parametrize("value", ["7", 7.0, True, None, b"7", [7], 2**70])
def test_only_integers_are_counted_and_others_stay_as_they_are(world: World, value: Any) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("a", value)
            with pytest.raises((NotAnIntegerError, CounterOverflowError)):
                await cache.increment("a")
            assert await cache.get("a") == value

    world.run(main)


@pytest.mark.parametrize("tags", [(), ("t",)])
def test_a_counter_does_not_leave_64_bits(world: World, tags: tuple[str, ...]) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("a", 2**63 - 1, tags=tags)
            with pytest.raises(CounterOverflowError, match="64 bits"):
                await cache.increment("a")
            assert await cache.get("a") == 2**63 - 1

    world.run(main)


def test_concurrent_counting_loses_nothing(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            sums = await asyncio.gather(*(cache.increment("n") for _ in range(200)))
            assert sorted(sums) == list(range(1, 201))

    world.run(main)


KEYS = ["user:1", "user:2", "user:10", "User:1", "a*b", "[x]", "x", "ключ:1", "\x1finner", "u" * 600, "\\"]


@pytest.mark.parametrize(
    ("pattern", "removed"),
    [
        ("user:*", {"user:1", "user:2", "user:10"}),
        ("user:?", {"user:1", "user:2"}),
        ("*:1", {"user:1", "User:1", "ключ:1"}),
        ("[uU]ser:[0-1]", {"user:1", "User:1"}),
        ("[^u]ser:1", {"User:1"}),
        (r"a\*b", {"a*b"}),
        (r"\[x\]", {"[x]"}),
        ("[[]x]", {"[x]"}),
        ("\\\\", {"\\"}),
        ("user:1", {"user:1"}),
        ("u" * 50 + "*", {"u" * 600}),
        ("nothing", set()),
        (None, set(KEYS)),
    ],
)
def test_clear_removes_what_matches_and_nothing_else(world: World, pattern: str | None, removed: set[str]) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set_many(dict.fromkeys(KEYS, 1))
            assert await cache.clear(pattern) == len(removed)
            assert set(await cache.get_many(KEYS)) == set(KEYS) - removed

    world.run(main)


def test_clear_leaves_locks_and_throttles(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            async with cache.lock("job") as lease:
                await cache.throttle("api", 1, 100)
                await cache.clear()
                assert not await cache.lock("job").acquire(wait=0)
                assert not await cache.throttle("api", 1, 100)
            assert lease.token

    world.run(main)


def test_a_tag_makes_all_that_have_it_absent(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("a", 1, tags=("red", "big"))
            await cache.set_many({"b": 1, "c": 1}, tags=["red"])
            await cache.set("d", 1, tags=("blue",), ttl=100)
            await cache.set("e", 1)
            assert await cache.invalidate_tags("red", "unknown")
            assert await cache.get_many("abcde") == {"d": 1, "e": 1}
            assert not await cache.exists("a")
            assert not await cache.expire("a", 5)
            assert await cache.get_ttl("a") == 0.0
            assert not await cache.delete("b")
            await cache.set("a", 2, tags=("red", "big"))
            assert await cache.get("a") == 2
            await cache.invalidate_tags()
            assert await cache.get("a") == 2

    world.run(main)


def test_a_tag_outlives_what_has_it(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            await cache.set("short", 1, ttl=10, tags=("t",))
            await cache.set("long", 1, ttl=1_000, tags=("t",))
            world.advance(500)
            assert await cache.get("long") == 1
            await cache.expire("long", 5_000)
            world.advance(2_000)
            assert await cache.get("long") == 1
            await cache.set("for ever", 1, tags=("t",))
            world.advance(10_000)
            assert await cache.get("for ever") == 1
            await cache.invalidate_tags("t")
            assert await cache.get("for ever") is None

    world.run(main)


def test_long_keys_are_told_apart(world: World) -> None:
    async def main() -> None:
        async with world.make() as cache:
            keys = ["k" * 600 + str(number) for number in range(3)]
            await cache.set_many({key: key[-1] for key in keys})
            assert [await cache.get(key) for key in keys] == ["0", "1", "2"]
            assert await cache.delete(keys[0])
            assert await cache.get(keys[1]) == "1"

    world.run(main)


BAD: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda cache: cache.get(""), ValueError, "must not be empty"),
    (lambda cache: cache.get(5), TypeError, "must be a string"),
    (lambda cache: cache.get(b"a"), TypeError, "must be a string"),
    (lambda cache: cache.get("\ud800"), ValueError, "no valid Unicode"),
    (lambda cache: cache.get_many(["a", ""]), ValueError, "must not be empty"),
    (lambda cache: cache.set("", 1), ValueError, "must not be empty"),
    (lambda cache: cache.set("a", 1, ttl=0), ValueError, "above zero"),
    (lambda cache: cache.set("a", 1, ttl=-1), ValueError, "above zero"),
    (lambda cache: cache.set("a", 1, ttl=math.nan), ValueError, "above zero"),
    (lambda cache: cache.set("a", 1, ttl=1e12), ValueError, "a century"),
    (lambda cache: cache.set("a", 1, ttl="5"), TypeError, "number of seconds"),
    (lambda cache: cache.set("a", 1, ttl=True), TypeError, "number of seconds"),
    (lambda cache: cache.set("a", 1, tags="red"), TypeError, "collection of strings"),
    (lambda cache: cache.set("a", 1, tags=("",)), ValueError, "must not be empty"),
    (lambda cache: cache.set("a", 1, tags=("t" * 300,)), ValueError, "at most 256 bytes"),
    (lambda cache: cache.set("a", 1, tags=map(str, range(65))), ValueError, "at most 64 tags"),
    (lambda cache: cache.set_many({"a": 1, "": 2}), ValueError, "must not be empty"),
    (lambda cache: cache.increment("a", 1.5), TypeError, "whole number"),
    (lambda cache: cache.increment("a", True), TypeError, "whole number"),
    (lambda cache: cache.increment("a", 2**64), ValueError, "64 bits"),
    (lambda cache: cache.expire("a", 0), ValueError, "above zero"),
    (lambda cache: cache.expire("a", None), TypeError, "number of seconds"),
    (lambda cache: cache.clear(""), ValueError, "must not be empty"),
    (lambda cache: cache.invalidate_tags(5), TypeError, "must be a string"),
    (lambda cache: cache.get_or_set("a", 5), TypeError, "must be a function"),
    (lambda cache: cache.get_or_set("a", lambda: 1, stale_for=-1), ValueError, "stale_for"),
    (lambda cache: cache.get_or_set("a", lambda: 1, early=-1), ValueError, "early"),
    (lambda cache: cache.get_or_set("a", lambda: 1, wait=-1), ValueError, "wait"),
    (lambda cache: cache.throttle("a", 0, 1), ValueError, "limit"),
    (lambda cache: cache.throttle("a", 5, 0), ValueError, "period"),
    (lambda cache: cache.throttle("a", 5, math.inf), ValueError, "finite"),
    (lambda cache: cache.throttle("a", 5, 1, cost=6), ValueError, "never fits"),
    (lambda cache: cache.throttle("", 5, 1), ValueError, "must not be empty"),
    (lambda cache: cache.lock("").acquire(), ValueError, "must not be empty"),
    (lambda cache: cache.lock("a", 0).acquire(), ValueError, "ttl"),
    (lambda cache: cache.lock("a", math.inf).acquire(), ValueError, "ttl"),
    (lambda cache: cache.lock("a", wait=-1).acquire(), ValueError, "wait"),
]


def test_bad_input_is_refused_with_a_sentence(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            await cache.set("a", 1)
            for call, error, text in BAD:
                with pytest.raises(error, match=text):
                    await call(cache)
            assert await cache.get("a") == 1

    any_world.run(main)


def test_bad_input_is_refused_before_redis_is_asked() -> None:
    cache = RedisCache("redis://127.0.0.1:1", strict=True, key_prefix="x:")  # where nobody answers

    async def main() -> None:
        for call, error, text in BAD:
            with pytest.raises(error, match=text):
                await call(cache)
        assert cache.stats()["errors"] == 0

    asyncio.run(main())


def test_everything_can_be_watched(any_world: World) -> None:
    async def main() -> None:
        async with any_world.make() as cache:
            await cache.set("a", 1)
            await cache.get("a")
            await cache.get("b")
            stats = cache.stats()
            assert all(isinstance(value, int | float | str) for value in stats.values())
            prefix = "l2_" if any_world.kind == "tiered" else ""
            assert stats[f"{prefix}hits"] == 1
            assert stats[f"{prefix}misses"] == 1
            assert await cache.health_check()
            cache.subscribe(print)()
            assert repr(cache)

    any_world.run(main)


def test_opening_and_closing_may_be_repeated(any_world: World) -> None:
    async def main() -> None:
        cache = any_world.make()
        await cache.start()
        await cache.start()
        await cache.set("a", 1)
        await cache.close()
        await cache.aclose()
        await cache.start()
        await cache.set("a", 2)
        assert await cache.get("a") == 2
        await cache.close()

    any_world.run(main)
