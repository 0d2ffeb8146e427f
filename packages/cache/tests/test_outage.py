"""Redis may be killed, hang, forget or hold what is not ours: a service goes on, and finds back by itself."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from maestro_cache import CacheClosedError, CacheUnavailable, InMemoryCache, LeaseLostError, RedisCache, TieredCache
from maestro_resilience import CircuitBreaker, deadline
from services.redis_server import RedisServer, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from conftest import Run

NOWHERE = "redis://:hunter2@127.0.0.1:1"


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it comes about in other processes
            await asyncio.sleep(0.005)


def hasty() -> CircuitBreaker:
    """A breaker that looks again soon, so that the tests are soon over."""
    return CircuitBreaker(5, 1, 0.05, expected_exception=CacheUnavailable)


def test_redis_killed_and_restarted_under_load(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "maestro_cache")

    async def main() -> None:
        heard: list[str] = []
        async with RedisCache(redis_server.url, key_prefix="load:", breaker=hasty()) as cache:
            cache.subscribe(lambda event: heard.append(event.kind))
            served = {"from redis": 0, "computed": 0, "failed counters": 0}
            running = True

            async def user(number: int) -> None:
                key = f"key {number % 5}"
                while running:
                    made: list[int] = []

                    async def factory(made: list[int] = made) -> str:
                        made.append(1)
                        return key

                    assert await cache.get_or_set(key, factory, 60) == key
                    served["computed" if made else "from redis"] += 1
                    assert await cache.get(key, key) == key
                    await cache.set(f"other {number}", number)
                    try:
                        await cache.increment("counter")
                    except CacheUnavailable:
                        served["failed counters"] += 1
                    await asyncio.sleep(0.001)

            users = [asyncio.create_task(user(number)) for number in range(20)]
            await until(lambda: served["from redis"] > 100)
            assert served["failed counters"] == 0
            await asyncio.to_thread(redis_server.kill)
            await until(lambda: "cache.unavailable" in heard)
            before = served["computed"]
            await until(lambda: served["computed"] > before + 100)
            assert served["failed counters"] > 0
            assert not await cache.health_check()
            assert await cache.set("x", 1) is False
            assert await cache.get_many(["x"]) == {}
            assert await cache.clear() == 0
            assert await cache.invalidate_tags("t") is False
            await asyncio.to_thread(redis_server.start)
            await until(lambda: "cache.recovered" in heard)
            before = served["from redis"]
            await until(lambda: served["from redis"] > before + 100)
            running = False
            await asyncio.gather(*users)
            assert await cache.health_check()
            assert cache.stats()["breaker"] == "closed"

    asyncio.run(main())
    texts = [record.getMessage() for record in caplog.records]
    assert any("does without it" in text for text in texts)
    assert any("answers again" in text for text in texts)
    assert redis_server._password not in caplog.text


def test_who_wants_to_know_is_told(run: Run) -> None:
    async def main() -> None:
        async with RedisCache(NOWHERE, key_prefix="x:", strict=True) as cache:
            calls = (
                *(cache.get("a"), cache.set("a", 1), cache.get_many(["a"]), cache.delete("a"), cache.exists("a")),
                *(cache.get_ttl("a"), cache.expire("a", 1), cache.clear(), cache.invalidate_tags("t")),
                *(cache.get_or_set("a", lambda: 1), cache.set("a", 1, nx=True)),
            )
            for call in calls:
                with pytest.raises(CacheUnavailable) as caught:
                    await call
                assert caught.value.code == "cache_unavailable"
                assert "hunter2" not in str(caught.value)
            assert caught.value.retry_after is not None  # the breaker is open by now

    run(main)


def test_counters_locks_and_throttles_never_guess(run: Run) -> None:
    async def main() -> None:
        async with RedisCache(NOWHERE) as cache:
            for call in (
                cache.increment("n"),
                cache.decrement("n"),
                cache.throttle("n", 1, 1),
                cache.lock("n").acquire(),
            ):
                with pytest.raises(CacheUnavailable):
                    await call

    run(main)


def test_without_redis_a_process_still_computes_once_and_stores_nothing(run: Run) -> None:
    async def main() -> None:
        calls: list[int] = []

        async def slow() -> int:
            calls.append(1)
            await asyncio.sleep(0.01)
            return 7

        async with RedisCache(NOWHERE) as cache:
            assert await asyncio.gather(*(cache.get_or_set("a", slow) for _ in range(50))) == [7] * 50
            assert len(calls) == 1

    run(main)


def test_memory_in_front_goes_on_answering_while_redis_is_away(run: Run) -> None:
    async def main() -> None:
        values = iter(range(7, 100))
        async with TieredCache(InMemoryCache(), RedisCache(NOWHERE), l1_ttl=60) as cache:
            for _ in range(5):
                assert await cache.get_or_set("a", lambda: next(values)) == 7

    run(main)


@asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Takes connections and says nothing."""
    connections: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _reader, writer: connections.append(writer), "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        for writer in connections:
            writer.close()
        server.close()
        await server.wait_closed()


def test_a_redis_that_hangs_is_given_up_and_then_left_alone(run: Run) -> None:
    async def main() -> None:
        async with silent_server() as url, RedisCache(url, operation_timeout=0.02) as cache:
            for _ in range(6):
                assert await cache.get("a", "default") == "default"
            assert cache.stats()["breaker"] == "open"
            assert not await cache.health_check()

    run(main)


def test_a_deadline_shortens_the_patience_and_is_no_sign_of_an_outage(run: Run) -> None:
    async def main() -> None:
        async with silent_server() as url, RedisCache(url, operation_timeout=60) as cache:
            for _ in range(6):
                with deadline(0.02):
                    assert await cache.get("a", "default") == "default"
            assert cache.stats()["breaker"] == "closed"
            assert cache.stats()["errors"] == 6

    run(main)


def test_what_cannot_be_read_is_deleted_counted_and_a_miss(redis_url: str, redis_prefix: str) -> None:
    hostile = [
        "garbage",
        "\x01",
        "\x01j\x00\x10" + "x" * 12 + "{not json",
        "\x01j\x00\x10" + "x" * 12 + '{"$":["eval","1"]}',
        "\x01j\x00\x10" + "x" * 12 + "[" * 100_000,
        "\x01p\x00\x10" + "x" * 12 + "cos\nsystem\n(S'true'\ntR.",
        "\x01s\x7f\x7f" + "x" * 40,
        "9" * 30,
        "--5",
    ]

    async def main() -> None:
        heard: list[str] = []
        async with RedisCache(redis_url, key_prefix=redis_prefix, operation_timeout=30) as cache:
            cache.subscribe(lambda event: heard.append(event.kind))
            for number, raw in enumerate(hostile):
                with Wire(redis_url) as wire:
                    wire.call("SET", f"{redis_prefix}a", raw)
                    assert await cache.get("a", "absent") == "absent", raw
                    assert wire.call("EXISTS", f"{redis_prefix}a") == 0
                    wire.call("SET", f"{redis_prefix}a", raw)
                    assert await cache.get_or_set("a", lambda: "new", 60) == "new"
                    assert await cache.get_many(["a"]) == {"a": "new"}
                assert cache.stats()["undecodable"] == 2 * (number + 1)
            assert heard == ["cache.undecodable"] * 2 * len(hostile)

    asyncio.run(main())


def test_what_others_keep_under_our_keys_is_left_alone(redis_url: str, redis_prefix: str) -> None:
    async def main() -> None:
        async with RedisCache(redis_url, key_prefix=redis_prefix, operation_timeout=30) as cache:
            with Wire(redis_url) as wire:
                wire.call("RPUSH", f"{redis_prefix}queue", "job")
                assert await cache.get("queue", "absent") == "absent"
                assert not await cache.exists("queue")
                assert await cache.clear() == 0
                assert wire.call("LLEN", f"{redis_prefix}queue") == 1
                assert cache.stats()["breaker"] == "closed"

    asyncio.run(main())


def test_a_lease_that_redis_forgot_is_lost(redis_server: RedisServer) -> None:
    async def main() -> None:
        heard: list[str] = []
        async with RedisCache(redis_server.url, breaker=hasty()) as cache:
            cache.subscribe(lambda event: heard.append(event.kind))
            lease = cache.lock("job", 1)
            assert await lease.acquire()
            await asyncio.to_thread(redis_server.restart)
            await until(lambda: "cache.lease_lost" in heard)
            with pytest.raises(LeaseLostError):
                lease.check()
            with pytest.raises(LeaseLostError):
                await lease.release()
            token = lease.token
            async with cache.lock("job", 1) as present:
                assert present.token > token  # though Redis has forgotten the number

    asyncio.run(main())


def test_cancelling_anywhere_mixes_no_answers_and_leaves_nothing_running(
    redis_url: str, redis_prefix: str, run: Run
) -> None:
    async def main() -> None:
        chance = random.Random(3)
        cache = RedisCache(redis_url, key_prefix=redis_prefix, max_connections=4, operation_timeout=30)
        async with cache:
            await cache.set_many({str(number): number for number in range(50)})

            async def work(number: int) -> None:
                assert await cache.get(str(number)) == number
                assert await cache.get_or_set(f"made {number}", lambda: number, 60, tags=("t",)) == number
                async with cache.lock(f"lock {number}"):
                    assert await cache.get_many([str(number)]) == {str(number): number}

            tasks = [asyncio.create_task(work(number % 50)) for number in range(300)]
            for task in tasks:
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                if chance.random() < 0.7:
                    task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                assert result is None or isinstance(result, asyncio.CancelledError), result
            await until(lambda: len(cache._runtime.tasks) == 0)
            assert cache.stats()["flights"] == 0
            assert cache._link._turns._value == 4
            for number in range(50):
                assert await cache.get(str(number)) == number

    run(main)


def test_a_right_that_was_granted_to_one_who_was_cancelled_is_given_back(
    redis_url: str, redis_prefix: str, run: Run
) -> None:
    async def main() -> None:
        cache, other = (RedisCache(redis_url, key_prefix=redis_prefix, operation_timeout=30) for _ in range(2))
        async with cache, other:

            async def hold(number: int) -> None:
                async with cache.lock(f"lock {number}"):
                    await asyncio.sleep(0)

            for turns in range(40):
                tasks = [
                    asyncio.create_task(cache.get_or_set(f"key {turns}", lambda: 1)),
                    asyncio.create_task(hold(turns)),
                ]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await until(lambda: len(cache._runtime.tasks) == 0)
                assert await other.lock(f"lock {turns}").acquire(wait=0)
                await other.get_or_set(f"key {turns}", lambda: 2, wait=0)
                assert await other.get(f"key {turns}") in (1, 2)  # it could be stored, so nobody holds the right

    run(main)


def test_a_closed_cache_says_so(redis_url: str, run: Run) -> None:
    async def main() -> None:
        cache = RedisCache(redis_url)
        await cache.close()
        with pytest.raises(CacheClosedError, match="closed"):
            await cache.get("a")

    run(main)


def test_a_cache_belongs_to_one_loop(redis_url: str) -> None:
    cache = RedisCache(redis_url)
    with asyncio.Runner() as one:
        one.run(cache.get("a"))
        with asyncio.Runner() as another, pytest.raises(RuntimeError, match="another event loop"):
            another.run(cache.get("a"))
        one.run(cache.close())


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        (("http://localhost",), {}, ValueError, "no URL of a Redis"),
        (("redis://",), {}, ValueError, "no URL of a Redis"),
        (("redis://user:hunter2@host:port",), {}, ValueError, "no URL of a Redis"),
        ((5,), {}, TypeError, "must be a string"),
        ((NOWHERE, 0), {}, ValueError, "default_ttl"),
        ((NOWHERE, 5, 5), {}, TypeError, "key_prefix"),
        ((NOWHERE, 5, "", False), {}, ValueError, "decode_responses is gone"),
        ((NOWHERE,), {"operation_timeout": 0}, ValueError, "operation_timeout"),
        ((NOWHERE,), {"max_connections": 0}, ValueError, "max_connections"),
        ((NOWHERE,), {"pickle_key": b"short"}, ValueError, "at least 16 bytes"),
        ((NOWHERE,), {"pickle_key": "x" * 32}, TypeError, "must be bytes"),
    ],
)
def test_settings_that_can_never_work_are_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text) as caught:
        RedisCache(*arguments, **options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "text"),
    [
        ((InMemoryCache(), 5), {}, TypeError, "l2 must be"),
        ((RedisCache(NOWHERE), InMemoryCache()), {}, TypeError, "l1 must be"),
        ((InMemoryCache(), RedisCache(NOWHERE)), {"l1_ttl": 0}, ValueError, "l1_ttl"),
        ((InMemoryCache(), RedisCache(NOWHERE), "other"), {}, ValueError, 'must be "ttl"'),
    ],
)
def test_tiers_that_can_never_work_are_refused(
    arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        TieredCache(*arguments, **options)
