"""Retries with jittered backoff that respect the deadline, the budget, what the callee asks for, and each other."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from maestro_resilience.attempt import Attempt, current_attempt
from maestro_resilience.backoff import Backoff, Jitter
from maestro_resilience.budget import RetryBudget
from maestro_resilience.checks import ErrorFilter, error_matcher, whole
from maestro_resilience.errors import RetryError
from maestro_resilience.retry_rules import RetryRules
from maestro_resilience.retrying import Retry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Attempt", "Retry", "RetryBudget", "RetryError", "current_attempt", "retry", "retry_with_backoff"]

P = ParamSpec("P")
T = TypeVar("T")


@overload
def retry(max_attempts: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def retry(
    max_attempts: int = 3,
    delay: float = 1.0,
    backoff: float = 2.0,
    max_delay: float = 60.0,
    jitter: Jitter = "full",
    on: ErrorFilter = (Exception,),
    budget: RetryBudget | None = None,
    *,
    max_retries: int | None = None,
    initial_delay: float | None = None,
    backoff_factor: float | None = None,
    retryable_exceptions: ErrorFilter | None = None,
    on_retry: Callable[[int, Exception], object] | None = None,
    name: str = "",
    reraise: bool = True,
    nested: bool = False,
    clock: Callable[[], float] | None = None,
    rng: random.Random | None = None,
) -> Retry: ...
def retry(  # noqa: PLR0917 - users pass them by position
    max_attempts: Any = 3,
    delay: float = 1.0,
    backoff: float = 2.0,
    max_delay: float = 60.0,
    jitter: Jitter = "full",
    on: ErrorFilter = (Exception,),
    budget: RetryBudget | None = None,
    *,
    max_retries: int | None = None,
    initial_delay: float | None = None,
    backoff_factor: float | None = None,
    retryable_exceptions: ErrorFilter | None = None,
    on_retry: Callable[[int, Exception], object] | None = None,
    name: str = "",
    reraise: bool = True,
    nested: bool = False,
    clock: Callable[[], float] | None = None,
    rng: random.Random | None = None,
) -> Any:
    """Try a function again when it fails.

    Write `@retry`, `@retry(5, delay=0.1)`, or `await retry(5).call(function, ...)`; plain functions work as well.
    Cancellation is never retried, nor is `CircuitBreakerOpenError`. An error with a `retry_after` in seconds is waited
    for that long, or not retried when that is more than `max_delay`. A wait that would pass the deadline in force is
    not begun. Inside an attempt of another retry it makes a single attempt, so that layers do not multiply.

    Args:
        max_attempts: attempts in all, the first one included.
        delay: seconds before the second attempt; later ones are `backoff` times longer each, up to `max_delay`.
        backoff: at least 1.
        max_delay: the longest wait, in seconds.
        jitter: "full", "equal" or "none"; see `Backoff`.
        on: which errors are retried: exception classes, or a function of the error.
        budget: a `RetryBudget` that every retry is taken from.
        max_retries: attempts after the first one, instead of `max_attempts`.
        initial_delay: another name for `delay`.
        backoff_factor: another name for `backoff`.
        retryable_exceptions: another name for `on`.
        on_retry: called as `on_retry(attempt, error)` before each wait; may be a coroutine function for async calls.
        name: for notes and events; the function's own name unless given.
        reraise: True raises the last error, with a note; False raises `RetryError` from it.
        nested: True retries also inside an attempt of another retry.
        clock: a clock whose `sleep` is used by plain functions, such as `testing.VirtualClock`.
        rng: source of the jitter.
    """
    if callable(max_attempts):
        return retry()(max_attempts)
    if max_retries is not None:
        max_retries = whole("max_retries", max_retries, lowest=0) + 1
    rules = RetryRules(
        max_attempts=whole("max_attempts", _either("max_attempts", max_attempts, 3, "max_retries", max_retries)),
        backoff=Backoff(
            delay=_either("delay", delay, 1.0, "initial_delay", initial_delay),
            factor=_either("backoff", backoff, 2.0, "backoff_factor", backoff_factor),
            max_delay=max_delay,
            jitter=jitter,
        ),
        matches=error_matcher("on", _either("on", on, (Exception,), "retryable_exceptions", retryable_exceptions)),
        budget=_budget(budget),
        rng=rng or random.Random(),  # noqa: S311 - jitter needs no cryptography
    )
    return Retry(rules, name=name, on_retry=on_retry, reraise=reraise, nested=nested, clock=clock)


def _either(name: str, value: Any, default: Any, synonym: str, other: Any) -> Any:
    if other is None:
        return value
    if value != default:
        raise TypeError(f"{name} and {synonym} are the same setting; pass one of them")
    return other


def _budget(budget: RetryBudget | None) -> RetryBudget | None:
    if budget is not None and not isinstance(budget, RetryBudget):
        raise TypeError(f"budget must be a RetryBudget, not {budget!r}; make one and share it")
    return budget


@overload
async def retry_with_backoff(
    func: Callable[[], Awaitable[T]],
    max_retries: int = 3,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    max_delay: float = 60.0,
    retryable_exceptions: ErrorFilter = (Exception,),
    on_retry: Callable[[int, Exception], object] | None = None,
    **settings: Any,
) -> T: ...
@overload
async def retry_with_backoff(
    func: Callable[[], T],
    max_retries: int = 3,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    max_delay: float = 60.0,
    retryable_exceptions: ErrorFilter = (Exception,),
    on_retry: Callable[[int, Exception], object] | None = None,
    **settings: Any,
) -> T: ...
async def retry_with_backoff(  # noqa: PLR0917 - users pass them by position
    func: Callable[[], Any],
    max_retries: int = 3,
    initial_delay: float = 1.0,
    backoff_factor: float = 2.0,
    max_delay: float = 60.0,
    retryable_exceptions: ErrorFilter = (Exception,),
    on_retry: Callable[[int, Exception], object] | None = None,
    **settings: Any,
) -> Any:
    """Call `func()` up to `max_retries + 1` times; `settings` are those of `retry`, such as `budget` or `jitter`."""
    return await retry(
        max_retries=max_retries,
        initial_delay=initial_delay,
        backoff_factor=backoff_factor,
        max_delay=max_delay,
        retryable_exceptions=retryable_exceptions,
        on_retry=on_retry,
        **settings,
    ).call(func)
