"""A decorated function is called once per key, and two different calls never meet under one."""

from __future__ import annotations

import asyncio
import enum
import inspect
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maestro_cache import InMemoryCache


class Colour(enum.Enum):
    """An argument that is one of a few."""

    RED = 1


def test_results_are_cached_by_arguments() -> None:
    async def main() -> None:
        cache, calls = InMemoryCache(), []

        @cache.cached(ttl=60)
        async def add(a: int, b: int = 2) -> int:
            """Add."""
            calls.append((a, b))
            return a + b

        assert [await add(1), await add(1, 2), await add(b=2, a=1), await add(1, b=3)] == [3, 3, 3, 4]
        assert calls == [(1, 2), (1, 3)]
        assert (add.__name__, add.__doc__) == ("add", "Add.")  # type: ignore[attr-defined]
        assert inspect.iscoroutinefunction(add)
        assert await cache.get(add.key_for(1)) == 3
        assert await add.invalidate(a=1)
        assert not await add.invalidate(1)
        assert await add(1) == 3
        assert len(calls) == 3

    asyncio.run(main())


def test_keys_and_tags_may_be_templates() -> None:
    async def main() -> None:
        cache = InMemoryCache()

        @cache.cached(key="user:{user_id}:{lang}", tags=("user:{user_id}", "users"))
        async def load(user_id: str, lang: str = "en") -> str:
            return f"{user_id} {lang}"

        assert load.key_for("7") == "user:7:en"
        assert load.key_for("7:en", "x%") == "user:7%3Aen:x%25"
        await load("7")
        await load("8")
        await cache.invalidate_tags("user:7")
        assert not await cache.exists("user:7:en")
        assert await cache.exists("user:8:en")
        await cache.invalidate_tags("users")
        assert not await cache.exists("user:8:en")

    asyncio.run(main())


def test_methods_need_a_key_that_knows_the_instance() -> None:
    cache = InMemoryCache()

    class Repository:
        name = "r1"

        @cache.cached(key="{self.name}:{number}")
        async def get(self, number: int) -> int:
            return number

        @cache.cached(key=lambda self, number: f"{self.name} {number}")
        async def load(self, number: int) -> int:
            return number

        @cache.cached()
        async def find(self, number: int) -> int:
            return number

    async def main() -> None:
        repository = Repository()
        assert await repository.get(5) == await repository.load(5) == 5
        assert await cache.exists("r1:5")
        assert await cache.exists("r1 5")
        with pytest.raises(TypeError, match="pass key= to cached"):
            await repository.find(5)

    asyncio.run(main())


PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.binary(), st.floats(), st.just(Colour.RED))
ARGUMENTS = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(st.text(), inner))
)


def canonical(value: Any) -> Any:
    """What tells values apart that compare as equal."""
    if isinstance(value, list | tuple):
        return (type(value).__name__, *map(canonical, value))
    if isinstance(value, dict):
        return ("dict", *sorted((key, canonical(each)) for key, each in value.items()))
    return (type(value).__name__, repr(value))


@settings(max_examples=40)
@given(ARGUMENTS, ARGUMENTS)
def test_different_arguments_never_have_one_key(one: Any, another: Any) -> None:
    cache = InMemoryCache()

    @cache.cached()
    async def function(value: Any, rest: Any = None) -> Any:
        return value, rest

    assert (function.key_for(one) == function.key_for(another)) == (repr(canonical(one)) == repr(canonical(another)))
    assert function.key_for({1, 2}) == function.key_for({2, 1}) != function.key_for(frozenset({1, 2}))


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"ttl": 0}, ValueError, "ttl"),
        ({"stale_for": -1}, ValueError, "stale_for"),
        ({"early": "much"}, TypeError, "early"),
        ({"key": "user:{nobody}"}, ValueError, "names 'nobody'"),
        ({"key": ""}, ValueError, "must not be empty"),
        ({"key": "{"}, ValueError, "encountered in format"),
        ({"tags": "users"}, TypeError, "collection of strings"),
        ({"tags": ("{nobody}",)}, ValueError, "names 'nobody'"),
    ],
)
def test_misuse_is_told_when_it_decorates(options: dict[str, Any], error: type[Exception], text: str) -> None:
    async def function(a: int) -> int:
        return a

    with pytest.raises(error, match=text):
        InMemoryCache().cached(**options)(function)


def test_plain_functions_are_refused() -> None:
    with pytest.raises(TypeError, match="async def"):
        InMemoryCache().cached()(len)  # type: ignore[arg-type]
