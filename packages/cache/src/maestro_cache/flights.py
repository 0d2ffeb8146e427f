"""Single flight: of all tasks that need a key at once, one computes it and the others wait for its result."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from maestro_cache.errors import RecursiveFactoryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Flight", "Flights", "leading"]

_AGAIN: Any = object()  # what waiters get when the leader was cancelled: one of them has to lead
leading: ContextVar[tuple[Flight, ...]] = ContextVar("maestro_cache_leading", default=())
"""The flights that this code is the factory of, and must not wait for."""


class Flight:
    """One computation under way, and who waits for it."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[Any], None] = {}

    async def result(self) -> Any:
        """What the leader gets, or `_AGAIN`; raises the leader's error."""
        if self in leading.get():
            raise RecursiveFactoryError(
                "a factory asks for the key that it is to compute; let it compute the value without the cache"
            )
        future = asyncio.get_running_loop().create_future()
        self._waiting[future] = None
        try:
            return await future
        finally:
            self._waiting.pop(future, None)

    def land(self, value: Any) -> None:
        """Give every waiter the value."""
        for future in self._take():
            future.set_result(value)

    def crash(self, error: Exception) -> None:
        """Give every waiter the error."""
        for future in self._take():
            future.set_exception(error)
            future.exception()  # seen: a waiter that is cancelled in this instant shall not make asyncio complain

    def _take(self) -> list[asyncio.Future[Any]]:
        waiting, self._waiting = self._waiting, {}
        return [future for future in waiting if not future.done()]


class Flights:
    """The flights of one cache by key. A flight that is no longer here was voided: its result is for its waiters only.

    Voiding may come from any thread; the rest belongs to one event loop.
    """

    def __init__(self) -> None:
        self.by_key: dict[str, Flight] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        return len(self.by_key)

    def __contains__(self, key: str) -> bool:
        return key in self.by_key

    def void(self, key: str) -> None:
        """The key was written or deleted: what is being computed for it is out of date."""
        self.by_key.pop(key, None)

    def void_matching(self, matches: Callable[[str], object]) -> None:
        """Void the flights of all keys that match."""
        for key in [key for key in list(self.by_key) if matches(key)]:
            self.void(key)

    def current(self, key: str, flight: Flight) -> bool:
        """Whether this flight has not been voided."""
        return self.by_key.get(key) is flight

    async def run(self, key: str, compute: Callable[[Flight], Awaitable[Any]]) -> Any:
        """Await `compute(flight)`, or its result when another task is at it already.

        When the leader is cancelled, a waiter leads in its place. An Exception reaches all who wait.
        """
        self._bind()
        while True:
            flight = self.by_key.get(key)
            if flight is None:
                return await self._lead(key, compute)
            value = await flight.result()
            if value is not _AGAIN:
                return value

    async def _lead(self, key: str, compute: Callable[[Flight], Awaitable[Any]]) -> Any:
        flight = self.by_key[key] = Flight()
        token = leading.set((*leading.get(), flight))
        try:
            value = await compute(flight)
        except Exception as error:
            self._end(key, flight)
            flight.crash(error)
            raise
        except BaseException:
            self._end(key, flight)
            flight.land(_AGAIN)
            raise
        finally:
            leading.reset(token)
        self._end(key, flight)
        flight.land(value)
        return value

    def _end(self, key: str, flight: Flight) -> None:
        if self.by_key.get(key) is flight:
            self.void(key)

    def _bind(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed() and self.by_key:
                raise RuntimeError("this cache is in use on another event loop; make one cache per loop")
            self._loop = loop
