"""The memory store keeps within its bounds, keeps what is used, and serves threads."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_cache import InMemoryCache, NotAnIntegerError, RecursiveFactoryError
from maestro_resilience.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable

MEASURE = """
import gc, random, sys, tracemalloc
from maestro_cache import InMemoryCache

limit, kind = 1_500_000, sys.argv[1]
chance = random.Random(7)

def value(number):
    if kind == "bytes": return chance.randbytes(chance.randrange(1, 2_000))
    if kind == "small": return float(number)
    if kind == "nested": return {f"k{i}": [number + 0.5, str(number) * 5, (number, {i})] for i in range(10)}
    return Thing(number)

class Thing:
    def __init__(self, number):
        self.name, self.parts = f"thing {number}", [float(number)] * 3

gc.collect()
tracemalloc.start()
cache = InMemoryCache(max_size=10**9, max_bytes=limit, policy=sys.argv[2])
before = tracemalloc.get_traced_memory()[0]
number = 0
while cache.stats()["evictions"] < 500:
    cache.sync.set(f"key {number}", value(number), tags=("tag",) if number % 3 == 0 else ())
    number += 1
gc.collect()
print(tracemalloc.get_traced_memory()[0] - before, cache.stats()["bytes"], limit)
"""


@pytest.mark.parametrize(
    ("kind", "policy"), [("bytes", "lru"), ("small", "sieve"), ("nested", "lru"), ("things", "sieve")]
)
def test_the_bound_in_bytes_is_that_of_the_memory_really_taken(kind: str, policy: str) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE, kind, policy], capture_output=True, text=True, check=True)
    taken, counted, limit = map(int, done.stdout.split())
    assert limit * 0.6 < taken <= limit
    assert counted <= limit


def test_a_value_larger_than_all_is_refused_and_the_old_one_is_gone() -> None:
    cache = InMemoryCache(max_bytes=10_000).sync
    assert cache.set("a", "small")
    assert cache.set("b", "small")
    assert not cache.set("a", "x" * 20_000)
    assert cache.get("a") is None
    assert cache.get("b") == "small"


def test_bytes_return_to_zero() -> None:
    cache = InMemoryCache(max_bytes=1_000_000)
    for number in range(100):
        cache.sync.set(str(number % 50), "x" * number)
    for number in range(25):
        cache.sync.delete(str(number))
    cache.sync.clear()
    assert cache.stats()["bytes"] == 0
    assert len(cache.sync) == 0


@pytest.mark.parametrize("policy", ["sieve", "lru"])
@given(st.lists(st.tuples(st.sampled_from("gs"), st.integers(0, 12), st.integers(1, 2_000)), max_size=60))
def test_what_was_stored_within_the_bytes_is_there(policy: Any, steps: list[tuple[str, int, int]]) -> None:
    cache = InMemoryCache(max_bytes=4_000, policy=policy)
    for what, number, size in steps:
        if what == "g":
            cache.sync.get(str(number))
        else:
            assert cache.sync.set(str(number), b"x" * size)
            assert cache.sync.get(str(number)) == b"x" * size
        assert int(cache.stats()["bytes"]) <= 4_000


@pytest.mark.parametrize("policy", ["sieve", "lru"])
@given(st.lists(st.tuples(st.sampled_from("gsd"), st.integers(0, 12)), max_size=200))
def test_no_more_entries_than_allowed_and_each_has_its_value(policy: Any, steps: list[tuple[str, int]]) -> None:
    cache = InMemoryCache(max_size=5, policy=policy).sync
    for what, number in steps:
        key = str(number)
        if what == "g":
            assert cache.get(key) in (None, number)
        elif what == "s":
            cache.set(key, number)
            assert cache.get(key) == number
        else:
            cache.delete(key)
            assert cache.get(key) is None
        assert len(cache) <= 5


@given(st.lists(st.integers(0, 8), max_size=100))
def test_lru_keeps_exactly_what_was_used_last(keys: list[int]) -> None:
    cache = InMemoryCache(max_size=3, policy="lru").sync
    order: list[int] = []
    for key in keys:
        if cache.get(str(key)) is None:
            cache.set(str(key), key)
        order = [*(each for each in order if each != key), key][-3:]
        assert sorted(cache.keys()) == sorted(map(str, order))


def hit_ratio(policy: Any, requests: list[str]) -> float:
    cache = InMemoryCache(max_size=1_000, policy=policy)
    for key in requests:
        if cache.sync.get(key) is None:
            cache.sync.set(key, 1)
    stats = cache.stats()
    return int(stats["hits"]) / len(requests)


def test_sieve_keeps_what_is_popular_through_scans() -> None:
    chance = random.Random(1)
    weights = [1 / rank**0.8 for rank in range(1, 10_001)]
    requests: list[str] = []
    for scan in range(20):
        requests += [f"popular {key}" for key in chance.choices(range(10_000), weights, k=2_000)]
        requests += [f"scan {scan} {number}" for number in range(500)]
    assert hit_ratio("sieve", requests) >= hit_ratio("lru", requests) + 0.04


def test_expired_entries_are_dropped_when_they_are_met() -> None:
    clock = VirtualClock()
    cache = InMemoryCache(clock=clock)
    cache.sync.set("a", 1, ttl=5)
    cache.sync.set("b", 1, tags=("t",))
    clock.advance(5)
    cache.sync.invalidate_tags("t")
    assert cache.sync.get_many(["a", "b"]) == {}
    assert asyncio.run(cache.get_or_set("a", lambda: 2)) == 2
    assert cache.stats()["tags"] == 0


def test_tags_live_as_long_as_what_has_them() -> None:
    cache = InMemoryCache(max_size=10)
    for number in range(1_000):
        cache.sync.set(str(number), number, tags=(f"tag {number}",))
    assert cache.stats()["tags"] == 10


def test_throttles_are_forgotten_when_they_no_longer_matter() -> None:
    clock = VirtualClock()
    cache = InMemoryCache(clock=clock)
    for number in range(20_000):
        cache.sync.throttle(f"address {number}", 1, 1)
        clock.advance(0.01)
    assert len(cache._throttles) <= 1_100


def in_threads(work: Callable[[int], None], number: int = 8) -> None:
    errors: list[BaseException] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except BaseException as error:  # noqa: BLE001 - reported below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


@pytest.mark.parametrize("policy", ["sieve", "lru"])
def test_threads_may_use_the_sync_view_at_once(policy: Any) -> None:
    cache = InMemoryCache(max_size=50, max_bytes=20_000, policy=policy)
    view = cache.sync

    def work(index: int) -> None:
        chance = random.Random(index)
        for _ in range(1_500):
            key = str(chance.randrange(100))
            view.get(key)
            view.set(key, "x" * chance.randrange(300), ttl=chance.choice([None, 0.0001]), tags=(str(index),))
            view.increment("counter")
            if chance.random() < 0.05:
                view.delete(key)
                view.invalidate_tags(str(index))

    in_threads(work)
    assert len(view) <= 50
    assert int(cache.stats()["bytes"]) <= 20_000
    view.clear()
    assert (len(view), cache.stats()["bytes"]) == (0, 0)


def test_counting_in_threads_loses_nothing() -> None:
    view = InMemoryCache().sync

    def work(_index: int) -> None:
        for _ in range(1_000):
            view.increment("n")

    in_threads(work)
    assert view.get("n") == 8_000


def test_threads_compute_a_value_once() -> None:
    view = InMemoryCache().sync
    together, calls = threading.Barrier(8), []

    def slow() -> int:
        calls.append(1)
        return len(calls)

    def work(_index: int) -> None:
        together.wait()
        assert view.get_or_set("a", slow) == 1

    in_threads(work)
    assert calls == [1]


def test_an_error_in_a_thread_reaches_those_who_wait_and_nothing_is_stored() -> None:
    view = InMemoryCache().sync
    with pytest.raises(ZeroDivisionError):
        view.get_or_set("a", lambda: 1 / 0)
    assert view.get_or_set("a", lambda: 7) == 7
    with pytest.raises(RecursiveFactoryError):
        view.get_or_set("b", lambda: view.get_or_set("b", lambda: 1))


def test_what_a_thread_deletes_during_a_computation_stays_deleted() -> None:
    cache = InMemoryCache()

    def deleting() -> int:
        cache.sync.delete("a")
        return 1

    assert cache.sync.get_or_set("a", deleting) == 1
    assert cache.sync.get("a") is None
    assert asyncio.run(cache.get_or_set("a", deleting)) == 1
    assert cache.sync.get("a") is None
    assert cache.stats()["voided"] == 2


def test_the_views_see_the_same() -> None:
    async def main() -> None:
        cache = InMemoryCache(key_prefix="app:")
        await cache.set("a", 1)
        view = cache.sync
        assert "a" in view
        assert view.get("a") == 1
        assert list(view.keys()) == ["app:a"]
        assert view.set_many({"b": 2}, 100)
        assert view.get_ttl("b") is not None
        assert view.expire("b", 5)
        assert view.decrement("a", 2) == -1
        assert not view.set("a", 5, nx=True)
        view.set("c", "x")
        with pytest.raises(NotAnIntegerError):
            view.increment("c")
        assert view.clear("?") == 3

    asyncio.run(main())


def test_clearing_lets_other_tasks_run() -> None:
    async def main() -> None:
        cache = InMemoryCache(max_size=20_000)
        for number in range(20_000):
            cache.sync.set(str(number), number)
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        assert await cache.clear("*") == 20_000
        assert turns >= 20
        task.cancel()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"max_size": 0}, ValueError, "max_size"),
        ({"max_size": 1.5}, TypeError, "max_size"),
        ({"max_bytes": 0}, ValueError, "max_bytes"),
        ({"policy": "fifo"}, ValueError, 'must be "sieve" or "lru"'),
        ({"default_ttl": 0}, ValueError, "default_ttl"),
        ({"default_ttl": -1}, ValueError, "default_ttl"),
        ({"key_prefix": 5}, TypeError, "key_prefix"),
        ({"name": 5}, TypeError, "name"),
        ({"clock": 5}, TypeError, "clock"),
    ],
)
def test_settings_that_can_never_work_are_refused(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        InMemoryCache(**options)
