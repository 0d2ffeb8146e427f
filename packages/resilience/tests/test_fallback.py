"""Fallbacks: what is tried next, and what is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from maestro_resilience import FallbackChain, testing, with_fallback

if TYPE_CHECKING:
    from maestro_resilience import Event


async def down(key: str) -> str:
    raise ConnectionError(f"no {key}")


def broken(key: str) -> str:
    raise ValueError(f"bad {key}")


async def cached(key: str, *, suffix: str = "") -> str:
    return f"cached {key}{suffix}"


def plain(key: str) -> str:
    return f"plain {key}"


def test_the_fallback_is_called_with_the_same_arguments() -> None:
    async def main() -> None:
        assert await with_fallback(down, cached, "x") == "cached x"
        assert await with_fallback(down, plain, "x") == "plain x"
        assert await with_fallback(cached, down, "x", suffix="!") == "cached x!"
        assert await with_fallback(primary=broken, fallback=plain, key="x") == "plain x"

    testing.run(main)


def test_only_the_errors_named_lead_to_the_fallback() -> None:
    async def main() -> None:
        with pytest.raises(ConnectionError):
            await with_fallback(down, plain, "x", fallback_exceptions=(ValueError,))
        assert await with_fallback(down, plain, "x", fallback_exceptions=OSError) == "plain x"

    testing.run(main)


def test_a_chain_tries_in_order_until_one_succeeds() -> None:
    async def main() -> None:
        chain = FallbackChain(down, broken).add(cached).add(plain)
        assert await chain.call("x") == "cached x"
        assert await chain.execute("x") == "cached x"
        assert chain.stats()["fallbacks"] == 4
        assert repr(chain) == "FallbackChain(down, broken, cached, plain)"

    testing.run(main)


def test_when_all_fail_the_last_error_is_raised_in_the_context_of_the_earlier() -> None:
    async def main() -> None:
        chain = FallbackChain(down, broken)
        with pytest.raises(ValueError, match="bad x") as caught:
            await chain.call("x")
        assert isinstance(caught.value.__context__, ConnectionError)
        assert chain.stats()["failed"] == 1

    testing.run(main)


def test_cancellation_is_no_failure() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        used: list[int] = []
        chain = FallbackChain(asyncio.sleep, used.append)
        task = await cancellable(chain.call(1))
        assert used == []
        assert task.cancelled() or task.exception() is None

    assert testing.cancel_at_every_step(scenario) >= 2


def test_it_decorates_coroutine_and_plain_functions() -> None:
    heard: list[Event] = []
    chain = FallbackChain(plain, name="profiles")
    chain.subscribe(heard.append)
    assert testing.run(chain(down)("x")) == "plain x"
    assert chain(broken)("x") == "plain x"
    assert chain(plain)("y") == "plain y"
    assert chain(down).__name__ == "down"
    assert [(event.kind, event.data["error"], event.data["next"]) for event in heard] == [
        ("fallback.used", "ConnectionError", "plain"),
        ("fallback.used", "ValueError", "plain"),
    ]


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot await"):
        FallbackChain(cached)(plain)
    with pytest.raises(TypeError, match="decorates functions"):
        FallbackChain("cached")  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="empty"):
        testing.run(FallbackChain().call())
    with pytest.raises(TypeError, match="fallback_exceptions"):
        FallbackChain(plain, fallback_exceptions=(asyncio.CancelledError,))  # type: ignore[arg-type] # that too
