"""Whatever is done in whatever order, a cache agrees with a dict and a clock."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from conftest import World

KEYS = st.sampled_from(["a", "b", "a:1", "a:2"])
TTLS = st.sampled_from([None, 10, 100, math.inf])
TAGS = st.sets(st.sampled_from(["red", "blue"])).map(tuple)
VALUES = st.sampled_from([None, 0, 5, "text", "5", [1], b"x"])
STEPS = st.one_of(
    st.tuples(st.just("set"), KEYS, VALUES, TTLS, TAGS, st.booleans()),
    st.tuples(st.just("set_many"), st.dictionaries(KEYS, VALUES), TTLS, TAGS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("increment"), KEYS, st.integers(-5, 5), TTLS),
    st.tuples(st.just("expire"), KEYS, st.sampled_from([7, 70, math.inf])),
    st.tuples(st.just("clear"), st.sampled_from([None, "a*", "?", "a:[12]"])),
    st.tuples(st.just("invalidate_tags"), st.sampled_from(["red", "blue"])),
    st.tuples(st.just("get_or_set"), KEYS, VALUES, TTLS, TAGS),
    st.tuples(st.just("advance"), st.sampled_from([4, 40, 400])),
)


@dataclass
class Entry:
    """What the model knows of a key."""

    value: Any
    until: float
    tags: tuple[str, ...]


class Model:
    """A cache as one would write it without caring for anything else."""

    def __init__(self) -> None:
        self.now = 0.0
        self.entries: dict[str, Entry] = {}

    def live(self) -> dict[str, Entry]:
        return {key: entry for key, entry in self.entries.items() if entry.until > self.now}

    def _store(self, key: str, value: Any, ttl: float | None, tags: tuple[str, ...]) -> None:
        self.entries[key] = Entry(value, math.inf if ttl is None else self.now + ttl, tags)

    def set(self, key: str, value: Any, ttl: float | None, tags: tuple[str, ...], nx: bool) -> bool:
        if nx and key in self.live():
            return False
        self._store(key, value, ttl, tags)
        return True

    def set_many(self, mapping: dict[str, Any], ttl: float | None, tags: tuple[str, ...]) -> bool:
        for key, value in mapping.items():
            self._store(key, value, ttl, tags)
        return True

    def delete(self, key: str) -> bool:
        was = key in self.live()
        self.entries.pop(key, None)
        return was

    def increment(self, key: str, amount: int, ttl: float | None) -> Any:
        entry = self.live().get(key)
        if entry is None:
            self._store(key, amount, ttl, ())
            return amount
        if type(entry.value) is not int:
            return "not_an_integer"
        entry.value += amount
        return entry.value

    def expire(self, key: str, ttl: float) -> bool:
        entry = self.live().get(key)
        if entry is not None:
            entry.until = self.now + ttl
        return entry is not None

    def clear(self, pattern: str | None) -> int:
        matching = {None: "a b a:1 a:2", "a*": "a a:1 a:2", "?": "a b", "a:[12]": "a:1 a:2"}[pattern].split()
        return sum(self.delete(key) for key in matching)

    def invalidate_tags(self, tag: str) -> bool:
        self.entries = {key: entry for key, entry in self.entries.items() if tag not in entry.tags}
        return True

    def get_or_set(self, key: str, value: Any, ttl: float | None, tags: tuple[str, ...]) -> Any:
        if key not in self.live():
            self._store(key, value, ttl, tags)
        return self.entries[key].value

    def advance(self, seconds: float) -> None:
        self.now += seconds


async def do(cache: Any, step: tuple[Any, ...]) -> Any:
    """The same step on the real thing."""
    what, *arguments = step
    if what == "set":
        key, value, ttl, tags, nx = arguments
        return await cache.set(key, value, ttl, tags=tags, nx=nx)
    if what == "set_many":
        mapping, ttl, tags = arguments
        return await cache.set_many(mapping, ttl, tags=tags)
    if what == "get_or_set":
        key, value, ttl, tags = arguments
        return await cache.get_or_set(key, lambda: value, ttl, tags=tags, early=0)
    try:
        return await getattr(cache, what)(*arguments)
    except TypeError as error:
        return getattr(error, "code", error)


async def compare(cache: Any, model: Model) -> None:
    live = model.live()
    for key in ("a", "b", "a:1", "a:2"):
        entry = live.get(key)
        assert await cache.exists(key) == (entry is not None)
        assert await cache.get(key, "absent") == (entry.value if entry else "absent")
        left = await cache.get_ttl(key)
        expected = 0.0 if entry is None else entry.until - model.now
        assert left is None if expected == math.inf else expected - 3 < left <= expected, key
    assert await cache.get_many(["a", "b", "a:1", "a:2"]) == {key: entry.value for key, entry in live.items()}


def check(world: World, steps: list[tuple[Any, ...]]) -> None:
    async def main() -> None:
        model = Model()
        async with world.make() as cache:
            await cache.clear()
            for step in steps:
                what, *arguments = step
                if what == "advance":
                    model.advance(arguments[0])
                    world.advance(arguments[0])
                else:
                    expected = getattr(model, what)(*arguments)
                    assert await do(cache, step) == expected, step
            await compare(cache, model)

    asyncio.run(main())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=20))
def test_a_cache_agrees_with_the_model(world: World, steps: list[tuple[Any, ...]]) -> None:
    check(world, steps)
