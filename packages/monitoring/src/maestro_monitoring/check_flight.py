"""One run of a function, plain or coroutine, that anybody may wait for: event loops, threads, several of each."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Flight", "fly", "fly_on_loop"]


class Flight:
    """A run: when it `started` and by when it has to be over, in seconds of the caller's clock, and its `outcome`.

    A coroutine function is cancelled when the last one who waits for it gives up; a thread cannot be stopped.
    """

    def __init__(self, started: float, deadline: float) -> None:
        self.started = started
        self.deadline = deadline
        self.outcome: concurrent.futures.Future[object] = concurrent.futures.Future()
        self.outcome.set_running_or_notify_cancel()  # so that nobody who stops waiting cancels it
        self.task: asyncio.Task[None] | None = None
        self._waiting = 0

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.outcome.done()

    @property
    def lost(self) -> bool:
        """Whether it will never be over, as its event loop was closed under it."""
        return not self.ended and self.task is not None and self.task.get_loop().is_closed()

    async def join(self, seconds: float) -> bool:
        """Wait on an event loop for at most `seconds`; whether it is over."""
        if self.ended:
            return True
        waiter = asyncio.wrap_future(self.outcome)
        self._waiting += 1
        try:
            await asyncio.wait({waiter}, timeout=max(0.0, seconds))
        finally:
            self._waiting -= 1
            if not self.ended:
                waiter.cancel()
                if self.task is not None and not self._waiting and not self.lost:
                    self.task.get_loop().call_soon_threadsafe(self.task.cancel)
        if waiter.done() and not waiter.cancelled():
            waiter.exception()  # seen: asyncio shall not report it as forgotten
        return self.ended

    def wait(self, seconds: float) -> bool:
        """Wait in a thread for at most `seconds`; whether it is over."""
        concurrent.futures.wait({self.outcome}, timeout=max(0.0, seconds))
        return self.ended

    def settle(self, function: Callable[[], Any]) -> None:
        """Run a plain function and keep what comes of it, `SystemExit` too: it must not end a thread unseen."""
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the check has failed
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(result)


def fly(
    function: Callable[[], Any], started: float, deadline: float, loop: asyncio.AbstractEventLoop | None = None
) -> Flight:
    """Run it in a daemon thread; what it returns is awaited on `loop`, where there is none on one of its own."""
    flight = Flight(started, deadline)

    def work() -> Any:
        result = function()
        if not inspect.isawaitable(result):
            return result
        awaited = _within(result, deadline - started)
        if loop is None or loop.is_closed():
            return asyncio.run(awaited)
        return asyncio.run_coroutine_threadsafe(awaited, loop).result(deadline - started)

    threading.Thread(target=flight.settle, args=(work,), name="maestro-health-check", daemon=True).start()
    return flight


async def _within(awaitable: Awaitable[Any], seconds: float) -> Any:
    async with asyncio.timeout(seconds):
        return await awaitable


def fly_on_loop(function: Callable[[], Any], started: float, deadline: float) -> Flight:
    """Run a coroutine function as a task of the running loop, a plain one in a thread; either is awaited here."""
    if not inspect.iscoroutinefunction(inspect.unwrap(function)) and not inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    ):
        return fly(function, started, deadline, asyncio.get_running_loop())
    flight = Flight(started, deadline)

    async def work() -> None:
        try:
            flight.outcome.set_result(await function())
        except asyncio.CancelledError:
            flight.outcome.set_exception(TimeoutError("it was cancelled"))
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the check has failed
            flight.outcome.set_exception(error)

    flight.task = asyncio.get_running_loop().create_task(work())
    return flight
