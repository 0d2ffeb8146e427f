"""Code as a user writes it, for the type checker: decorating keeps a signature, calling by a layer checks arguments.

Never run: mypy reads it with the other tests. A line marked as an error must be one, or mypy calls the mark unused.
"""

from __future__ import annotations

from typing import assert_type

from maestro_resilience import (
    AdaptiveLimiter,
    Bulkhead,
    CircuitBreaker,
    Deadline,
    FallbackChain,
    Policy,
    RateLimiter,
    deadline,
    hedge,
    retry,
    retry_with_backoff,
    testing,
    timeout,
    with_fallback,
    with_timeout,
)

breaker = CircuitBreaker()
bulkhead = Bulkhead(1)
policy = Policy(timeout=1)


@policy
@bulkhead
@AdaptiveLimiter()
@RateLimiter(10)
@hedge(0.1)
@FallbackChain()
@retry(3, delay=0.1)
@breaker
@timeout(2)
async def fetch(url: str, *, tries: int = 3) -> bytes:
    return url.encode() * tries


@policy
@retry
@breaker
@timeout(2)
def parse(text: str) -> int:
    return int(text)


async def decorated_coroutine_functions() -> None:
    assert_type(await fetch("x", tries=2), bytes)
    await fetch(5)  # type: ignore[arg-type]
    await fetch("x", times=2)  # type: ignore[call-arg]


def decorated_plain_functions() -> None:
    assert_type(parse("5"), int)
    parse(5)  # type: ignore[arg-type]


async def calls() -> None:
    assert_type(await breaker.call(fetch, "x", tries=1), bytes)
    assert_type(await breaker.call(parse, "5"), int)
    assert_type(breaker.call_sync(parse, "5"), int)
    assert_type(await bulkhead.call(fetch, "x"), bytes)
    assert_type(await retry(3).call(parse, "5"), int)
    assert_type(await policy.call(fetch, "x"), bytes)
    await breaker.call(fetch, 5)  # type: ignore[call-overload]
    breaker.call_sync(parse)  # type: ignore[call-arg]


async def functions_and_blocks() -> None:
    assert_type(await retry_with_backoff(lambda: fetch("x")), bytes)
    assert_type(await with_timeout(fetch("x"), 1), bytes)
    assert_type(await with_fallback(fetch, fetch, "x"), bytes)
    async with breaker, bulkhead, timeout(1), deadline(5) as limit:
        assert_type(limit, Deadline)
    assert_type(Deadline.current(), "Deadline | None")


def tests_of_users() -> None:
    assert_type(testing.run(fetch("x")), bytes)
    assert_type(testing.run(functions_and_blocks), None)
