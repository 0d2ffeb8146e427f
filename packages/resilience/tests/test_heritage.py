"""What users of the first platform's package wrote works here, and the bugs they met are gone."""

from __future__ import annotations

import asyncio
import builtins
import enum
import functools
import importlib
import inspect
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import maestro_resilience
import pytest
from maestro_resilience import (
    Bulkhead,
    CircuitBreaker,
    CircuitBreakerOpenError,
    CircuitState,
    retry,
    retry_with_backoff,
    testing,
    timeout,
    with_fallback,
)
from maestro_resilience.bulkhead import BulkheadFullError, StrictBulkhead
from maestro_resilience.timeout import with_timeout

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {
    "maestro_resilience": (
        *("Bulkhead", "CircuitBreaker", "CircuitBreakerOpenError", "CircuitState", "TimeoutError"),
        *("retry_with_backoff", "timeout", "with_fallback"),
        *("BulkheadFullError", "FallbackChain", "RetryError", "StrictBulkhead", "retry", "with_timeout"),
    ),
    "maestro_resilience.circuit_breaker": ("CircuitBreaker", "CircuitBreakerOpenError", "CircuitState"),
    "maestro_resilience.bulkhead": ("Bulkhead", "BulkheadFullError", "StrictBulkhead"),
    "maestro_resilience.retry": ("RetryError", "retry", "retry_with_backoff"),
    "maestro_resilience.timeout": ("TimeoutError", "timeout", "with_timeout"),
    "maestro_resilience.fallback": ("FallbackChain", "with_fallback"),
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_readme_surface(module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name))


def test_the_parameters_have_their_old_names_order_and_defaults() -> None:
    old: dict[Callable[..., object], dict[str, object]] = {
        CircuitBreaker: {"failure_threshold": 5, "success_threshold": 2, "timeout": 60, "name": "unnamed"},
        Bulkhead: {"max_concurrent": inspect.Parameter.empty, "name": "unnamed"},
        retry_with_backoff: {
            "func": inspect.Parameter.empty,
            "max_retries": 3,
            "initial_delay": 1.0,
            "backoff_factor": 2.0,
            "max_delay": 60.0,
            "retryable_exceptions": (Exception,),
            "on_retry": None,
        },
        with_fallback: {"primary": inspect.Parameter.empty, "fallback": inspect.Parameter.empty},
    }
    for function, expected in old.items():
        found = {name: each.default for name, each in inspect.signature(function).parameters.items()}
        assert list(found.items())[: len(expected)] == list(expected.items())


def test_the_states_are_a_plain_enum_of_the_old_values() -> None:
    assert issubclass(CircuitState, enum.Enum)
    assert {state.value for state in CircuitState} == {"closed", "open", "half_open"}


def test_the_documented_decorators_work_as_documented() -> None:
    breaker = CircuitBreaker(failure_threshold=5, timeout=60, expected_exception=ConnectionError)

    @breaker
    @retry(max_attempts=3, delay=1, backoff=2)
    @timeout(seconds=5)
    async def fetch() -> str:
        return "fetched"

    @timeout(5)
    def fetch_sync() -> str:
        return "fetched"

    assert testing.run(fetch()) == fetch_sync() == "fetched"


def test_the_sibling_variants_spellings_work() -> None:
    async def main() -> None:
        assert await with_timeout(lambda: asyncio.sleep(1, "done"), seconds=2, name="load") == "done"
        assert await with_timeout(asyncio.sleep(1, "done"), 2, "load") == "done"
        assert await Bulkhead(1, wait_timeout=1.0).call(lambda: "done") == "done"
        assert await retry(name="load", max_retries=1).call(lambda: "done") == "done"

    testing.run(main)


# The bugs


def test_half_open_admits_a_bounded_number_not_all_callers() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(failure_threshold=1, timeout=1)
        with pytest.raises(ZeroDivisionError):
            await breaker.call(lambda: 1 / 0)
        await asyncio.sleep(2)
        results = await asyncio.gather(*(breaker.call(asyncio.sleep, 1) for _ in range(5)), return_exceptions=True)
        assert sum(result is None for result in results) == 1
        assert sum(isinstance(result, CircuitBreakerOpenError) for result in results) == 4

    testing.run(main)


def test_threads_may_share_a_breaker() -> None:
    breaker = CircuitBreaker(failure_threshold=400)

    def user() -> None:
        for _ in range(100):
            with pytest.raises(ZeroDivisionError):
                breaker.call_sync(lambda: 1 / 0)

    threads = [threading.Thread(target=user) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaker.get_state() is CircuitState.OPEN
    assert breaker.get_metrics()["failures"] == 400


def test_the_wall_clock_does_not_matter() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(failure_threshold=1, success_threshold=1, timeout=10)
        with pytest.raises(ZeroDivisionError):
            await breaker.call(lambda: 1 / 0)
        with mock.patch("time.time", return_value=4e9), pytest.raises(CircuitBreakerOpenError):
            await breaker.call(lambda: 1)
        await asyncio.sleep(11)
        with mock.patch("time.time", return_value=0.0):
            assert await breaker.call(lambda: 1) == 1

    testing.run(main)


def test_sync_functions_are_called_and_are_no_failure() -> None:
    async def main() -> None:
        breaker = CircuitBreaker(failure_threshold=1)
        assert await breaker.call(len, "four") == 4
        assert await Bulkhead(1).call(len, "four") == 4
        assert await retry_with_backoff(lambda: 4) == 4
        assert await with_fallback(len, len, "four") == 4
        assert breaker.get_metrics()["failures"] == 0

    testing.run(main)


def test_errors_can_be_filtered_and_decorating_with_a_filter_raises_no_type_error() -> None:
    breaker = CircuitBreaker(1, expected_exception=OSError)

    @breaker
    def parse(text: str) -> int:
        return int(text)

    for _ in range(3):
        with pytest.raises(ValueError, match="invalid literal"):
            parse("x")
    assert breaker.get_state() is CircuitState.CLOSED


def test_a_bulkhead_counts_only_rejections_as_rejections() -> None:
    async def main() -> None:
        bulkhead = Bulkhead(1)
        await asyncio.gather(*(bulkhead.call(asyncio.sleep, 1) for _ in range(5)))
        assert bulkhead.get_metrics()["rejected"] == 0

    testing.run(main)


def test_a_bulkhead_rejects_when_its_queue_is_full() -> None:
    async def main() -> None:
        for bulkhead in (StrictBulkhead(1), Bulkhead(1, max_queue=0)):
            async with bulkhead:
                with pytest.raises(BulkheadFullError):
                    await bulkhead.call(asyncio.sleep, 1)

    testing.run(main)


def test_waits_are_jittered() -> None:
    async def main() -> set[float]:
        loop = asyncio.get_running_loop()
        ends: set[float] = set()

        async def user() -> None:
            answers = iter((OSError(), None))
            await retry_with_backoff(mock.Mock(side_effect=answers))
            ends.add(loop.time())

        await asyncio.gather(*(user() for _ in range(20)))
        return ends

    assert len(testing.run(main)) == 20


@pytest.mark.parametrize("kind", ["partial", "mock"])
def test_functions_without_a_name_are_guarded(kind: str) -> None:
    async def main() -> None:
        for layer in (CircuitBreaker(), retry(3), timeout(5), Bulkhead(1)):
            nameless: dict[str, Callable[..., Any]] = {
                "partial": functools.partial(asyncio.sleep, 1, "done"),
                "mock": mock.AsyncMock(return_value="done"),
            }
            assert await layer(nameless[kind])() == "done"

    testing.run(main)


def test_decorators_keep_the_functions_metadata() -> None:
    async def fetch(url: str) -> str:
        """Get it."""
        return url

    for layer in (CircuitBreaker(), retry(3), timeout(5), Bulkhead(1)):
        guarded = layer(fetch)
        assert (guarded.__name__, guarded.__doc__) == ("fetch", "Get it.")
        assert inspect.signature(guarded) == inspect.signature(fetch)


def test_the_timeout_error_is_the_builtin_one_as_well() -> None:
    assert issubclass(maestro_resilience.TimeoutError, builtins.TimeoutError)
