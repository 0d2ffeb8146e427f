# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "aiobreaker>=1.2",
#     "circuitbreaker>=2.1",
#     "hyx>=0.0.2",
#     "interlock-cb>=2.8",
#     "purgatory>=3.0",
#     "stamina>=26.1",
#     "tenacity>=9.2",
# ]
# ///
"""What a call costs under a breaker, a retry and a whole policy, beside the libraries people use today.

Run from the repository root: `python benchmarks/resilience.py [--json DIR]`. Every contender guards the same coroutine
function, and runs it by the thousand on one event loop; all of them succeed, which is what nearly all calls do.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiobreaker
import circuitbreaker
import hyx.circuitbreaker
import interlock
import purgatory
import stamina
import tenacity
from harness import Row, interleave, report, rows
from maestro_resilience import (
    AdaptiveLimiter,
    Bulkhead,
    CircuitBreaker,
    Policy,
    RateLimiter,
    RetryBudget,
    retry,
    timeout,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

CALLS = 2_000
ROUNDS = 9
ERRORS = (ConnectionError,)


async def callee() -> int:
    """What is guarded."""
    return 1


def per_call(
    loop: asyncio.AbstractEventLoop, contenders: Mapping[str, Callable[[], Awaitable[Any]]]
) -> dict[str, float]:
    """Median seconds of one call of each contender."""

    def batch(guarded: Callable[[], Awaitable[Any]]) -> Callable[[], None]:
        async def run() -> None:
            for _ in range(CALLS):
                await guarded()

        return lambda: loop.run_until_complete(run())

    medians = interleave({name: batch(guarded) for name, guarded in contenders.items()}, rounds=ROUNDS)
    return {name: seconds / CALLS for name, seconds in medians.items()}


def breakers(loop: asyncio.AbstractEventLoop) -> list[Row]:
    """A closed breaker around a coroutine function."""
    factory = purgatory.AsyncCircuitBreakerFactory()

    async def purgatory_context() -> int:
        async with await factory.get_breaker("context"):
            return await callee()

    aio = aiobreaker.CircuitBreaker()

    async def aio_call() -> Any:
        return await aio.call_async(callee)

    medians = per_call(
        loop,
        {
            "ours": CircuitBreaker(mode="rate", slow_call_seconds=1)(callee),
            "ours, consecutive": CircuitBreaker()(callee),
            "bare call": callee,
            "circuitbreaker": circuitbreaker.CircuitBreaker()(callee),
            "interlock-cb": interlock.CircuitBreaker(name="bench")(callee),
            "purgatory": factory("decorator")(callee),
            "purgatory context": purgatory_context,
            "hyx": hyx.circuitbreaker.consecutive_breaker()(callee),
            "aiobreaker": aio_call,
        },
    )
    targets = {
        "circuitbreaker": 1.0,
        "interlock-cb": 0.2,
        **dict.fromkeys(("purgatory", "purgatory context", "hyx", "aiobreaker", "bare call"), None),
    }
    windows = rows("closed breaker, rate and slow windows", medians, ours="ours", targets=targets)
    plain = rows("closed breaker, consecutive", medians, ours="ours, consecutive", targets={"circuitbreaker": 1.0})
    return windows + plain


def retries(loop: asyncio.AbstractEventLoop) -> list[Row]:
    """A retry, and the whole policy, around a coroutine function that succeeds at once."""

    @stamina.retry(on=ERRORS, attempts=3)
    async def by_stamina() -> int:
        return await callee()

    @tenacity.retry(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_random_exponential(max=60),
        retry=tenacity.retry_if_exception_type(ERRORS),
    )
    async def by_tenacity() -> int:
        return await callee()

    budget = RetryBudget()
    policy = Policy(
        fallback=lambda: 0,
        deadline=5,
        bulkhead=Bulkhead(10),
        retry=retry(3, on=ERRORS, budget=budget),
        breaker=CircuitBreaker(mode="rate", slow_call_seconds=1),
        timeout=1,
    )
    medians = per_call(
        loop,
        {
            "retry": retry(3, on=ERRORS)(callee),
            "retry with budget": retry(3, on=ERRORS, budget=budget)(callee),
            "policy": policy(callee),
            "stamina": by_stamina,
            "tenacity": by_tenacity,
        },
    )
    return [
        *rows("full policy, success", medians, ours="policy", targets={"stamina": 0.6, "tenacity": None}),
        *rows("retry, success", medians, ours="retry", targets={"stamina": None, "tenacity": None}),
        *rows("retry with budget, success", medians, ours="retry with budget", targets={"stamina": None}),
    ]


def limits(loop: asyncio.AbstractEventLoop) -> list[Row]:
    """What waits or ends calls, beside what asyncio itself offers."""

    async def by_asyncio_timeout() -> int:
        async with asyncio.timeout(1):
            return await callee()

    semaphore = asyncio.Semaphore(10)

    async def by_semaphore() -> int:
        async with semaphore:
            return await callee()

    medians = per_call(
        loop,
        {
            "timeout": timeout(1)(callee),
            "asyncio.timeout": by_asyncio_timeout,
            "bulkhead": Bulkhead(10)(callee),
            "adaptive": AdaptiveLimiter()(callee),
            "rate limiter": RateLimiter(1e9, burst=1_000_000)(callee),
            "asyncio.Semaphore": by_semaphore,
        },
    )
    return [
        *rows("timeout, in time", medians, ours="timeout", targets={"asyncio.timeout": None}),
        *rows("bulkhead, free", medians, ours="bulkhead", targets={"asyncio.Semaphore": None}),
        *rows("adaptive limiter, free", medians, ours="adaptive", targets={"asyncio.Semaphore": None}),
        *rows("rate limiter, conforming", medians, ours="rate limiter", targets={"asyncio.Semaphore": None}),
    ]


def main() -> None:
    """Measure and print; `--json DIR` also writes the rows there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=None, metavar="DIR")
    chosen = parser.parse_args()
    logging.getLogger("stamina").setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()
    try:
        report("resilience", [*breakers(loop), *retries(loop), *limits(loop)], into=chosen.json)
    finally:
        loop.close()


if __name__ == "__main__":
    main()
