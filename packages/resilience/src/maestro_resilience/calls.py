"""What kind of function was given to us, what it is called, and calling it whichever kind it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["call_async", "is_async", "label", "require_async", "require_function"]


def is_async(function: Callable[..., Any]) -> bool:
    """Whether calling `function` gives a coroutine: partials and objects with an async `__call__` included."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def label(function: Callable[..., Any]) -> str:
    """A readable name for any callable; partials, mocks and callable objects need not have `__name__`."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else type(function).__qualname__


def require_function(what: str, function: object) -> Callable[..., Any]:
    """Return `function` when it can be guarded.

    Raises TypeError for what is no plain or coroutine function: a generator only starts its work after it has been
    returned, so nothing that happens in it could be seen.
    """
    if isinstance(function, (staticmethod, classmethod)):
        kind = type(function).__name__
        raise TypeError(f"{what} must decorate the function itself; put @{kind} above it")
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"{what} decorates functions, not {function!r}; decorate one of its methods")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{what} cannot guard the generator {label(function)}; guard the calls inside it")
    return function


def require_async(what: str, function: object) -> Callable[..., Awaitable[Any]]:
    """Return `function` when it is a coroutine function; TypeError otherwise."""
    checked = require_function(what, function)
    if not is_async(checked):
        raise TypeError(f"{what} can only guard coroutine functions, and {label(checked)} is none; make it async")
    return checked


async def call_async(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `function` and await what it returns when that can be awaited."""
    result = function(*args, **kwargs)
    return await result if isinstance(result, Awaitable) else result
