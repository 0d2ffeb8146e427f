"""Fallbacks: what to do instead when a call fails."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast, overload

from maestro_resilience.calls import call_async, is_async, label, require_function
from maestro_resilience.checks import ErrorFilter, error_matcher, name_of
from maestro_resilience.events import Event, Subscribers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["FallbackChain", "with_fallback"]

P = ParamSpec("P")
T = TypeVar("T")


class FallbackChain:
    """Functions tried in order, each with the same arguments, until one succeeds; plain and coroutine functions mixed.

    `await chain.call(*args)`, or `@chain` on a function that is then tried before all of them. When all fail the last
    error is raised, and the earlier ones are its context. Cancellation is no failure: nothing is tried after it.

    Args:
        functions: what to try, in order.
        fallback_exceptions: which errors lead to the next function: exception classes, or a function of the error.
        name: for events and metrics.
    """

    def __init__(
        self,
        *functions: Callable[..., Any],
        fallback_exceptions: ErrorFilter = (Exception,),
        name: str = "unnamed",
    ) -> None:
        self.name = name_of(name)
        self._functions = [require_function("a fallback", function) for function in functions]
        self._matches = error_matcher("fallback_exceptions", fallback_exceptions)
        self._subscribers = Subscribers()
        self._totals = {"fallbacks": 0, "failed": 0}

    def __repr__(self) -> str:
        return f"FallbackChain({', '.join(map(label, self._functions))})"

    def add(self, function: Callable[..., Any]) -> Self:
        """Try `function` after all others; returns the chain."""
        self._functions.append(require_function("a fallback", function))
        return self

    async def call(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the first function that succeeds with these arguments."""
        return await self._try([*self._functions], args, kwargs)

    execute = call

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function, which is then the first to be tried; a plain one needs plain fallbacks."""
        first = require_function("a fallback", function)

        async def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return await first(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - the filter says which ones are meant
                rest = [*self._functions]
                self._failed(error, rest)
                return await self._try(rest, args, kwargs)

        def guarded_sync(*args: Any, **kwargs: Any) -> Any:
            return self._try_sync([first, *self._functions], args, kwargs)

        if is_async(function):
            return cast("Callable[P, T]", functools.wraps(function)(guarded))
        if any(is_async(fallback) for fallback in self._functions):
            raise TypeError(f"{label(function)} is a plain function and cannot await {self!r}; make it async")
        return cast("Callable[P, T]", functools.wraps(function)(guarded_sync))

    async def _try(self, functions: list[Callable[..., Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function, rest = self._next(functions), functions[1:]
        try:
            return await call_async(function, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the filter says which ones are meant
            self._failed(error, rest)
            return await self._try(rest, args, kwargs)

    def _try_sync(self, functions: list[Callable[..., Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        function, rest = self._next(functions), functions[1:]
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the filter says which ones are meant
            self._failed(error, rest)
            return self._try_sync(rest, args, kwargs)

    def _next(self, functions: list[Callable[..., Any]]) -> Callable[..., Any]:
        if not functions:
            raise ValueError("the fallback chain is empty; add a function first")
        return functions[0]

    def _failed(self, error: Exception, rest: list[Callable[..., Any]]) -> None:
        """Count a failure; raises the error when nothing is to be tried after it."""
        if not self._matches(error) or not rest:
            self._totals["failed"] += 1
            raise error
        self._totals["fallbacks"] += 1
        self._subscribers.publish("fallback.used", self.name, error=type(error).__name__, next=label(rest[0]))

    def stats(self) -> dict[str, int | float | str]:
        """Totals since the beginning."""
        return {"name": self.name, **self._totals, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on every `fallback.used`; gives the undo."""
        return self._subscribers.subscribe(callback)


@overload
async def with_fallback(
    primary: Callable[..., Awaitable[T]],
    fallback: Callable[..., Awaitable[T]] | Callable[..., T],
    *args: Any,
    fallback_exceptions: ErrorFilter = (Exception,),
    **kwargs: Any,
) -> T: ...
@overload
async def with_fallback(
    primary: Callable[..., T],
    fallback: Callable[..., T],
    *args: Any,
    fallback_exceptions: ErrorFilter = (Exception,),
    **kwargs: Any,
) -> T: ...
async def with_fallback(
    primary: Callable[..., Any],
    fallback: Callable[..., Any],
    *args: Any,
    fallback_exceptions: ErrorFilter = (Exception,),
    **kwargs: Any,
) -> Any:
    """Call `primary(*args, **kwargs)`, and `fallback` with the same arguments when it fails with one of the errors."""
    return await FallbackChain(primary, fallback, fallback_exceptions=fallback_exceptions).call(*args, **kwargs)
