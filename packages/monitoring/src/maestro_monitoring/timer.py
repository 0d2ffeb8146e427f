"""Measures how long a block or a function takes."""

from __future__ import annotations

import functools
import inspect
import time
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast

from .checks import one_call

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timer"]

P = ParamSpec("P")
T = TypeVar("T")


class Timer:
    """Gives `observe` the seconds that a `with` or `async with` block, or each call of a decorated function, took.

    Failures and cancellations are timed as well. One object may be entered again, and by many tasks as a decorator.
    """

    __slots__ = ("_observe", "_started")

    def __init__(self, observe: Callable[[float], object]) -> None:
        self._observe = observe
        self._started: list[float] = []

    def __enter__(self) -> Self:
        self._started.append(time.perf_counter())
        return self

    def __exit__(self, *_: object) -> None:
        self._observe(time.perf_counter() - self._started.pop())

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Time each call of a plain or coroutine function."""
        one_call("a timer", function)
        if inspect.iscoroutinefunction(function):

            async def timed_async(*args: Any, **kwargs: Any) -> Any:
                with Timer(self._observe):
                    return await function(*args, **kwargs)

            return cast("Callable[P, T]", functools.wraps(function)(timed_async))

        def timed(*args: Any, **kwargs: Any) -> Any:
            with Timer(self._observe):
                return function(*args, **kwargs)

        return cast("Callable[P, T]", functools.wraps(function)(timed))
