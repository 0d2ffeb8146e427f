"""The retry itself: attempts with waits in between, for coroutine functions and plain ones."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast, overload

from maestro_resilience.attempt import Attempt, current_attempt, running
from maestro_resilience.calls import call_async, is_async, label, require_function
from maestro_resilience.checks import name_of
from maestro_resilience.clock import clock_from
from maestro_resilience.errors import RetryError
from maestro_resilience.events import Event, Subscribers
from maestro_resilience.retry_rules import RetryRules, note

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Retry"]

P = ParamSpec("P")
T = TypeVar("T")


class Retry:
    """What `retry` returns: a decorator for plain and coroutine functions, with `call` and `call_sync` beside it."""

    def __init__(
        self,
        rules: RetryRules,
        *,
        name: str = "",
        on_retry: Callable[[int, Exception], object] | None = None,
        reraise: bool = True,
        nested: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.rules = rules
        self.name = name_of(name)
        self._on_retry = on_retry
        self._reraise = reraise
        self._nested = nested
        self._clock = clock_from(clock)
        self._subscribers = Subscribers()
        self._totals = {"calls": 0, "retries": 0, "gave_up": 0, "nested": 0}

    def __repr__(self) -> str:
        return f"Retry(max_attempts={self.rules.max_attempts}, name={self.name!r})"

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function; TypeError for generators and classes."""
        require_function("a retry", function)
        guarded = cast("Callable[..., Any]", function)

        async def retried(*args: Any, **kwargs: Any) -> Any:
            return await self._run(guarded, args, kwargs)

        def retried_sync(*args: Any, **kwargs: Any) -> Any:
            return self._run_sync(guarded, args, kwargs)

        return cast("Callable[P, T]", functools.wraps(function)(retried if is_async(function) else retried_sync))

    @overload
    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function(*args, **kwargs)` with retries, awaiting what it returns when that is awaitable."""
        if is_async(function):
            return await self._run(function, args, kwargs)
        return await self._run(call_async, (function, *args), kwargs, name=self.name or label(function))

    def call_sync(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a plain function with retries, blocking in between."""
        if is_async(require_function("a retry", function)):
            raise TypeError("call_sync calls plain functions; await call(...) for coroutine functions")
        return cast("T", self._run_sync(function, args, kwargs))

    async def _run(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, name: str = ""
    ) -> Any:
        if self._is_nested():
            return await function(*args, **kwargs)
        attempt = self._first(name or self.name or label(function))
        while True:
            outer = running.set(attempt)
            try:
                return await function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the rules say which ones are meant
                seconds = self._seconds_to_wait(error, attempt)
                told = self._on_retry(attempt.number, error) if self._on_retry else None
            finally:
                attempt.active = False
                running.reset(outer)
            if inspect.isawaitable(told):
                await told
            await asyncio.sleep(seconds)
            attempt = Attempt(attempt.number + 1, attempt.max_attempts, attempt.name)

    def _run_sync(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._is_nested():
            return function(*args, **kwargs)
        attempt = self._first(self.name or label(function))
        while True:
            outer = running.set(attempt)
            try:
                return function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the rules say which ones are meant
                seconds = self._seconds_to_wait(error, attempt)
                if self._on_retry:
                    self._on_retry(attempt.number, error)
            finally:
                attempt.active = False
                running.reset(outer)
            self._clock.sleep(seconds)
            attempt = Attempt(attempt.number + 1, attempt.max_attempts, attempt.name)

    def _is_nested(self) -> bool:
        self._totals["calls"] += 1
        nested = not self._nested and current_attempt() is not None
        self._totals["nested"] += nested
        return nested

    def _first(self, name: str) -> Attempt:
        if self.rules.budget is not None:
            self.rules.budget.deposit()
        return Attempt(1, self.rules.max_attempts, name)

    def _seconds_to_wait(self, error: Exception, attempt: Attempt) -> float:
        """Seconds until the next attempt; raises the error, with a note saying why, when there is none."""
        verdict = self.rules.judge(error, attempt.number)
        if verdict.wait is None:
            self._stop(error, attempt, verdict.why)
        self._totals["retries"] += 1
        self._subscribers.publish(
            "retry.scheduled", attempt.name, attempt=attempt.number, wait=verdict.wait, error=type(error).__name__
        )
        return verdict.wait

    def _stop(self, error: Exception, attempt: Attempt, why: str) -> NoReturn:
        if not why:
            raise error
        self._totals["gave_up"] += 1
        self._subscribers.publish("retry.gave_up", attempt.name, attempt=attempt.number, why=why)
        text = f"gave up after attempt {attempt.number} of {attempt.max_attempts}: {why}"
        note(error, attempt.name, text)
        if self._reraise:
            raise error
        message = f"{attempt.name} {text}; see last_error"
        raise RetryError(message, last_error=error, attempts=attempt.number) from error

    def stats(self) -> dict[str, int | float | str]:
        """Totals since the beginning; `nested` calls left the retrying to a retry around them."""
        return {"name": self.name, **self._totals, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on every `retry.scheduled` and `retry.gave_up`; gives the undo."""
        return self._subscribers.subscribe(callback)
