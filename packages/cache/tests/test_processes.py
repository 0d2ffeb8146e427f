"""Processes share one computation, and one that dies is replaced."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING

from maestro_cache import RedisCache

if TYPE_CHECKING:
    from conftest import Run, Shorten

WORKER = """
import asyncio, json, sys
from maestro_cache import RedisCache

url, prefix, processes, tasks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

async def main():
    # nothing here is about slowness, and the machine may be busy
    async with RedisCache(url, key_prefix=prefix, strict=True, operation_timeout=60) as cache:

        async def factory():
            number = await cache.increment("calls")
            while await cache.get("ready", 0) < processes:  # all the others are there, and none has found a value
                await asyncio.sleep(0.01)
            return {"made by": number}

        waiting = [asyncio.create_task(cache.get_or_set("cold", factory, 60, wait=60)) for _ in range(tasks)]
        await asyncio.sleep(0)
        await cache.increment("ready")
        results = await asyncio.gather(*waiting)
        print(json.dumps([len(results), sorted({str(result) for result in results}), cache.stats()["factory_calls"]]))

asyncio.run(main())
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_four_processes_of_500_tasks_make_one_call(redis_url: str, redis_prefix: str) -> None:
    workers = [start(redis_url, redis_prefix, 4, 500) for _ in range(4)]
    outputs = [worker.communicate() for worker in workers]
    assert not any(errors for _, errors in outputs), outputs
    found = [json.loads(output) for output, _ in outputs]
    assert [number for number, _, _ in found] == [500] * 4
    assert {str(values) for _, values, _ in found} == {str(["{'made by': 1}"])}
    assert sum(calls for _, _, calls in found) == 1


def test_a_process_that_dies_while_it_computes_is_replaced(redis_url: str, redis_prefix: str, shorten: Shorten) -> None:
    never_ready = 99
    worker = start(redis_url, redis_prefix, never_ready, 3)

    async def main() -> None:
        async with RedisCache(redis_url, key_prefix=redis_prefix, operation_timeout=60) as cache:
            async with asyncio.timeout(60):
                while await cache.get("calls") != 1:  # noqa: ASYNC110 - another process counts
                    await asyncio.sleep(0.01)
            task = asyncio.create_task(cache.get_or_set("cold", lambda: "by another", wait=60))
            await asyncio.sleep(0)
            worker.kill()
            worker.communicate()
            assert not task.done()
            while not task.done():
                shorten(redis_url, redis_prefix, 1_000)  # its lease runs out
                await asyncio.sleep(0.01)
            assert await task == "by another"

    asyncio.run(main())


def test_who_has_waited_long_enough_computes_for_himself(redis_url: str, redis_prefix: str, run: Run) -> None:
    async def main() -> None:
        one, another = (RedisCache(redis_url, key_prefix=redis_prefix, operation_timeout=60) for _ in range(2))
        async with one, another:
            gate, began = asyncio.Event(), asyncio.Event()

            async def slow() -> str:
                began.set()
                await gate.wait()
                return "first"

            task = asyncio.create_task(one.get_or_set("a", slow))
            await began.wait()
            assert await another.get_or_set("a", lambda: "second", wait=0.05) == "second"
            assert await another.get("a") is None
            gate.set()
            assert await task == "first"
            assert await another.get("a") == "first"

    run(main)
