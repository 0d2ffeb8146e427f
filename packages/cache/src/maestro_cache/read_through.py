"""get_or_set: the value from the cache, or computed once, refreshed early, and served stale meanwhile."""

from __future__ import annotations

import asyncio
import inspect
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from maestro_cache.flights import Flight, Flights
    from maestro_cache.runtime import Runtime

__all__ = ["Backend", "Claim", "Found", "Options", "ReadThrough"]

_SHORTEST_POLL, _LONGEST_POLL = 0.005, 0.1  # seconds between looks for what another process computes
_REST_AFTER_ERROR = 1.0  # seconds before a failed refresh is tried again
_RESTING_AT_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a value is stored and refreshed: seconds, except `early`, a factor (0: never early)."""

    ttl: float | None
    tags: tuple[str, ...] = ()
    stale_for: float = 0.0
    early: float = 1.0
    wait: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was in the cache: the value, seconds of freshness left (zero or less: stale), seconds its making took."""

    value: Any
    left: float
    delta: float
    tags: tuple[str, ...] = ()
    mark: Any = None


@dataclass(slots=True, kw_only=True)
class Claim:
    """The right to compute and to store a key; `state` is what a backend needs to store it."""

    granted: bool
    changed: bool = False
    state: Any = None


class Backend(Protocol):
    """What a store has to offer; `None` as claim: it cannot be asked, so compute without storing."""

    async def look(self, key: str) -> tuple[Found | None, Any]:
        """What is there, fresh or stale, and a mark that differs after every change."""
        ...

    async def claim(self, key: str, mark: Any, options: Options, flight: Flight) -> Claim | None:
        """Try to become the one who computes the key, over all processes."""
        ...

    async def commit(self, key: str, claim: Claim, value: Any, options: Options, delta: float) -> bool:
        """Store the value, unless the key was changed since the claim; the claim is over."""
        ...

    async def abandon(self, key: str, claim: Claim) -> None:
        """Give the claim up."""
        ...


class ReadThrough:
    """The algorithm, the same over every store."""

    def __init__(self, backend: Backend, flights: Flights, runtime: Runtime) -> None:
        self._backend = backend
        self._flights = flights
        self._runtime = runtime
        self._counts = runtime.counts
        self._clock = runtime.clock
        self._rng = runtime.rng
        self._refreshing: set[str] = set()
        self._resting: dict[str, float] = {}

    async def look(self, key: str) -> Found | None:
        """What is there, fresh or stale."""
        return (await self._backend.look(key))[0]

    async def get(self, key: str, factory: Callable[[], Any], options: Options) -> Any:
        """The value of the key, by `factory` when need be."""
        found, mark = await self._backend.look(key)
        if found is not None:
            return self.serve(key, found, factory, options)
        self._counts.misses += 1
        return await self._flights.run(key, lambda flight: self._compute(key, factory, options, flight, mark=mark))

    def serve(self, key: str, found: Found, factory: Callable[[], Any], options: Options) -> Any:
        """Give what was found, and begin a refresh when it is stale, or due by chance."""
        if found.left <= 0:
            self._counts.stale_served += 1
            self._refresh(key, found, factory, options)
        else:
            self._counts.hits += 1
            if self.due(found, options.early):
                self._refresh(key, found, factory, options)
        return found.value

    def due(self, found: Found, early: float) -> bool:
        """XFetch (Vattani et al., VLDB 2015): the nearer the expiry and the slower the factory, the likelier."""
        if not early or not found.delta or found.left == math.inf:
            return False
        return -found.delta * early * math.log(1.0 - self._rng.random()) >= found.left

    def _refresh(self, key: str, found: Found, factory: Callable[[], Any], options: Options) -> None:
        if key in self._refreshing or key in self._flights or self._rests(key):
            return
        self._refreshing.add(key)
        self._counts.refreshes += 1
        task = self._runtime.tasks.spawn(self._refreshed(key, found, factory, options))
        task.add_done_callback(lambda _task: self._refreshing.discard(key))

    def _rests(self, key: str) -> bool:
        until = self._resting.get(key)
        if until is None:
            return False
        if until > self._clock.read():
            return True
        del self._resting[key]
        return False

    async def _refreshed(self, key: str, found: Found, factory: Callable[[], Any], options: Options) -> None:
        try:
            await self._flights.run(
                key, lambda flight: self._compute(key, factory, options, flight, mark=found.mark, old=found)
            )
        except Exception as error:  # noqa: BLE001 - the old value goes on being served
            if len(self._resting) >= _RESTING_AT_MOST:
                self._resting.clear()
            self._resting[key] = self._clock.read() + _REST_AFTER_ERROR
            self._runtime.publish("cache.refresh_failed", key=key, error=type(error).__name__)

    async def _compute(
        self,
        key: str,
        factory: Callable[[], Any],
        options: Options,
        flight: Flight,
        *,
        mark: Any,
        old: Found | None = None,
    ) -> Any:
        """Compute what was absent, or `old`, at `mark`; or wait for the process that does."""
        patience = self._clock.read() + options.wait
        poll = _SHORTEST_POLL
        while True:
            claim = await self._backend.claim(key, mark, options, flight)
            if claim is None or claim.granted:
                return await self._made(key, factory, options, claim)
            if not claim.changed:
                if old is not None:
                    return old.value  # another process refreshes it
                left = patience - self._clock.read()
                if left <= 0:
                    return await self._made(key, factory, options, None)
                await asyncio.sleep(min(left, poll * self._rng.uniform(0.5, 1.0)))
                poll = min(2 * poll, _LONGEST_POLL)
            found, mark = await self._backend.look(key)
            if found is not None and found.left > 0:
                return found.value

    async def _made(self, key: str, factory: Callable[[], Any], options: Options, claim: Claim | None) -> Any:
        began = self._clock.read()
        try:
            value = await self._called(factory)
            if claim is not None:
                stored = await self._backend.commit(key, claim, value, options, self._clock.read() - began)
                self._counts.voided += not stored
        except BaseException:
            if claim is not None:
                self._runtime.tasks.spawn(self._backend.abandon(key, claim))
            raise
        return value

    async def _called(self, factory: Callable[[], Any]) -> Any:
        self._counts.factory_calls += 1
        try:
            made: Any | Awaitable[Any] = factory()
            return await made if inspect.isawaitable(made) else made
        except Exception:
            self._counts.factory_errors += 1
            raise
