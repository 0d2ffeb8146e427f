"""Timeouts for coroutine functions, blocks and plain functions, all within the deadline in force."""

from __future__ import annotations

import asyncio
import builtins
import functools
import inspect
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from maestro_resilience.alarm import Alarm
from maestro_resilience.calls import is_async, label, require_function
from maestro_resilience.checks import positive
from maestro_resilience.deadline import DeadlineScope, earliest, published
from maestro_resilience.errors import DeadlineExceededError, TimeoutError  # noqa: A004 - the name users know
from maestro_resilience.threads import Job, Workers, abandoned_threads

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Timeout", "TimeoutError", "abandoned_threads", "timeout", "with_timeout"]

P = ParamSpec("P")
T = TypeVar("T")
_workers = Workers()


class Timeout(DeadlineScope):
    """What `timeout` returns: a decorator, and an async context manager that many tasks may enter at once."""

    def __init__(self, seconds: float, operation: str = "") -> None:
        super().__init__(seconds)
        self.operation = operation

    def __repr__(self) -> str:
        return f"timeout({self.seconds:g})"

    def __enter__(self) -> Any:
        """Refused: a block of plain code cannot be ended from outside."""
        raise TypeError("a timeout cannot end a plain block; use it as decorator, or write `with deadline(...)`")

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function. A plain one runs in a thread, which is left behind when it takes too long."""
        require_function("a timeout", function)
        what, guarded = self.operation or label(function), cast("Callable[..., Any]", function)

        async def limited(*args: Any, **kwargs: Any) -> Any:
            return await within(self.seconds, what, guarded, *args, **kwargs)

        def limited_sync(*args: Any, **kwargs: Any) -> Any:
            return within_sync(self.seconds, what, guarded, *args, **kwargs)

        return cast("Callable[P, T]", functools.wraps(function)(limited if is_async(function) else limited_sync))

    def _late(self, *, own: bool) -> TimeoutError:
        return _late(self.operation or "operation", self.seconds, own=own)


def timeout(seconds: float, operation: str = "") -> Timeout:
    """Limit a function or a block to `seconds`.

    Write `@timeout(2)` above any function, or `async with timeout(2, "load"):`. Raises `TimeoutError`, also the
    builtin one, or its subclass `DeadlineExceededError` when the deadline in force was the earlier limit. The layers
    inside see the shorter time as their deadline. A plain function runs in a thread of its own that cannot be killed:
    the call raises on time, and `abandoned_threads()` counts what runs on.
    """
    return Timeout(seconds, operation)


@overload
async def with_timeout(
    subject: Callable[[], Awaitable[T]], seconds: float, operation: str = "", *, name: str = ""
) -> T: ...
@overload
async def with_timeout(subject: Awaitable[T], seconds: float, operation: str = "", *, name: str = "") -> T: ...
@overload
async def with_timeout(subject: Callable[[], T], seconds: float, operation: str = "", *, name: str = "") -> T: ...
async def with_timeout(subject: Any, seconds: float, operation: str = "", *, name: str = "") -> Any:
    """Await a coroutine, or call a function without arguments, for at most `seconds`; `name` is another `operation`.

    A plain function runs in a thread, so that the event loop goes on meanwhile.
    """
    if inspect.isawaitable(subject):
        return await _awaited(subject, seconds, operation or name or _name_of(subject))
    what = operation or name or label(require_function("a timeout", subject))
    if is_async(subject):
        return await within(positive("seconds", seconds), what, subject)
    return await within(positive("seconds", seconds), what, off_loop(subject))


async def within(seconds: float, operation: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Await `function(*args, **kwargs)` for `seconds` or until the deadline in force, whichever is earlier."""
    limit, left, own = earliest(seconds)
    alarm = Alarm(left)
    outer = published.set(limit)
    try:
        result = await function(*args, **kwargs)
    except BaseException as error:
        if alarm.off(error):
            raise _late(operation, seconds, own=own) from error
        raise
    else:
        alarm.off()
        return result
    finally:
        published.reset(outer)


def within_sync(seconds: float, operation: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call `function` in a thread and wait for `seconds` or until the deadline in force, whichever is earlier."""
    limit, left, own = earliest(seconds)
    outer = published.set(limit)
    try:
        job = Job(function, args, kwargs)
    finally:
        published.reset(outer)
    future = _workers.submit(job)
    try:
        return future.result(left)
    except builtins.TimeoutError as error:
        if future.done():
            raise
        job.abandon()
        raise _late(operation, seconds, own=own) from error


async def _awaited(subject: Awaitable[T], seconds: float, operation: str) -> T:
    async def wait() -> T:
        return await subject

    try:
        return cast("T", await within(positive("seconds", seconds), operation, wait))
    finally:
        if inspect.iscoroutine(subject):
            subject.close()  # refused before it began: it shall not be reported as forgotten


def _name_of(subject: object) -> str:
    name = getattr(subject, "__qualname__", None)
    return name if isinstance(name, str) else "operation"


def off_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """A coroutine function that calls the plain `function` in a thread, left behind when nobody waits any more."""

    @functools.wraps(function)
    async def threaded(*args: Any, **kwargs: Any) -> Any:
        job = Job(function, args, kwargs)
        try:
            result = await asyncio.get_running_loop().run_in_executor(_workers, job)
        except asyncio.CancelledError:
            job.abandon()
            raise
        return await result if inspect.isawaitable(result) else result

    return threaded


def _late(operation: str, seconds: float, *, own: bool) -> TimeoutError:
    if own:
        message = f"{operation} took longer than {seconds:g} s; give it more time, or do less in it"
        return TimeoutError(message, operation=operation, seconds=seconds)
    return DeadlineExceededError(
        f"{operation} was ended by the deadline around it; give the whole more time", operation=operation
    )
