"""A small cache in the process in front of a shared one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from maestro_resilience.checks import name_of

from maestro_cache.checks import key_of, tags_of, ttl_of
from maestro_cache.flights import Flight, Flights
from maestro_cache.interface import CacheInterface
from maestro_cache.memory_cache import InMemoryCache
from maestro_cache.options import options_of
from maestro_cache.redis_cache import RedisCache
from maestro_cache.store import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from maestro_resilience import Event

    from maestro_cache.lease import Lease
    from maestro_cache.throttle import Throttle

__all__ = ["TieredCache"]


class TieredCache(CacheInterface):
    """Reads from `l1`, else from `l2` into `l1`; writes to `l2`, and takes the key out of `l1`.

    A change made by this process is seen by it at once; one made by another process within `l1_ttl` seconds. While
    `l2` is away, `l1` goes on answering for that long, and keeps what `get_or_set` computes.

    Args:
        l1: the cache in the process.
        l2: the shared one; counters, locks and throttles are there alone.
        coherence: "ttl": an entry of `l1` lives `l1_ttl` seconds, less when it expires earlier in `l2`.
        l1_ttl: seconds.
        name: for events and metrics.
    """

    def __init__(
        self,
        l1: InMemoryCache,
        l2: RedisCache | InMemoryCache,
        coherence: Literal["ttl"] = "ttl",
        *,
        l1_ttl: float = 1.0,
        name: str = "tiered",
    ) -> None:
        if not isinstance(l1, InMemoryCache):
            raise TypeError(f"l1 must be an InMemoryCache, not {l1!r}; the first tier is in the process")
        if l2 is l1 or not isinstance(l2, RedisCache | InMemoryCache):
            raise TypeError(f"l2 must be a RedisCache, or another InMemoryCache, not {l2!r}; give the shared cache")
        if coherence != "ttl":
            raise ValueError(f'coherence must be "ttl", not {coherence!r}; there is no other')
        self._l1 = l1
        self._l2 = l2
        self._l1_ttl = ttl_of(l1_ttl, "l1_ttl") or math.inf
        self.coherence = coherence
        self.name = name_of(name)
        self._reads = Flights()
        self._flights = Flights()

    def __repr__(self) -> str:
        return f"TieredCache(l1={self._l1!r}, l2={self._l2!r}, coherence={self.coherence!r})"

    def _void(self, key: str) -> None:
        """What is under way from `l2` to `l1` is out of date."""
        self._reads.void(key)
        self._flights.void(key)

    async def _forget(self, key: str) -> None:
        """`l2` has changed: nothing that was read before may stay in, or still get into, `l1`."""
        self._void(key)
        await self._l1.delete(key)

    async def get(self, key: str, default: Any = None) -> Any:  # noqa: D102
        value = await self._l1.get(key, MISSING)
        if value is MISSING:
            value = await self._reads.run(key, lambda flight: self._read(key, flight))
        return default if value is MISSING else value

    async def _read(self, key: str, flight: Flight) -> Any:
        found = await self._l2.through.look(key)
        if found is None or found.left <= 0:
            self._l2.missed()
            return MISSING
        if self._reads.current(key, flight):
            await self._l1.set(key, found.value, min(self._l1_ttl, found.left), tags=found.tags)
        self._l2.hit()
        return found.value

    async def set(  # noqa: D102
        self, key: str, value: Any, ttl: float | None = None, *, tags: Iterable[str] = (), nx: bool = False
    ) -> bool:
        try:
            return await self._l2.set(key, value, ttl, tags=tags, nx=nx)
        finally:
            await self._forget(key)

    async def delete(self, key: str) -> bool:  # noqa: D102
        try:
            return await self._l2.delete(key)
        finally:
            await self._forget(key)

    async def exists(self, key: str) -> bool:  # noqa: D102
        return await self._l1.exists(key) or await self._l2.exists(key)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:  # noqa: D102
        wanted = list(dict.fromkeys(map(key_of, keys)))
        near = await self._l1.get_many(wanted)
        far = await self._l2.get_many([key for key in wanted if key not in near])
        return {key: near.get(key, far.get(key)) for key in wanted if key in near or key in far}

    async def set_many(  # noqa: D102
        self, mapping: Mapping[str, Any], ttl: float | None = None, *, tags: Iterable[str] = ()
    ) -> bool:
        try:
            return await self._l2.set_many(mapping, ttl, tags=tags)
        finally:
            for key in mapping:
                await self._forget(key)

    async def increment(self, key: str, amount: int = 1, ttl: float | None = None) -> int:  # noqa: D102
        try:
            return await self._l2.increment(key, amount, ttl)
        finally:
            await self._forget(key)

    async def get_ttl(self, key: str) -> float | None:  # noqa: D102
        return await self._l2.get_ttl(key)

    async def expire(self, key: str, ttl: float) -> bool:  # noqa: D102
        try:
            return await self._l2.expire(key, ttl)
        finally:
            await self._forget(key)

    async def clear(self, pattern: str | None = None) -> int:  # noqa: D102
        try:
            return await self._l2.clear(pattern)
        finally:
            await self._forget_all(pattern)

    async def _forget_all(self, pattern: str | None = None) -> None:
        self._reads.void_matching(bool)
        self._flights.void_matching(bool)
        await self._l1.clear(pattern)

    async def invalidate_tags(self, *tags: str) -> bool:  # noqa: D102
        names = tags_of(tags)
        try:
            return await self._l2.invalidate_tags(*names)
        finally:
            self._reads.void_matching(bool)
            self._flights.void_matching(bool)
            await self._l1.invalidate_tags(*names)

    async def get_or_set(  # noqa: D102
        self,
        key: str,
        factory: Callable[[], Any],
        ttl: float | None = None,
        *,
        tags: Iterable[str] = (),
        stale_for: float = 0,
        early: float = 1.0,
        wait: float = 10.0,
    ) -> Any:
        value = await self._l1.get(key, MISSING)
        if value is not MISSING:
            return value
        lifetime = self._l2.lifetime(ttl)
        options = options_of(factory, lifetime, tags=tags, stale_for=stale_for, early=early, wait=wait)

        async def fill(flight: Flight) -> Any:
            found = await self._l2.through.look(key)
            if found is not None:
                if found.left > 0 and self._flights.current(key, flight):
                    await self._l1.set(key, found.value, min(self._l1_ttl, found.left), tags=found.tags)
                return self._l2.through.serve(key, found, factory, options)
            made_here = False

            def make() -> Any:
                nonlocal made_here
                made_here = True
                return factory()

            value = await self._l2.through.get(key, make, options)
            if made_here and self._flights.current(key, flight):
                await self._l1.set(key, value, min(self._l1_ttl, lifetime or math.inf), tags=options.tags)
            return value

        return await self._flights.run(key, fill)

    def lock(self, name: str, ttl: float = 30.0, *, wait: float = 10.0) -> Lease:  # noqa: D102
        return self._l2.lock(name, ttl, wait=wait)

    async def throttle(self, key: str, limit: int, period: float, *, cost: int = 1) -> Throttle:  # noqa: D102
        return await self._l2.throttle(key, limit, period, cost=cost)

    async def health_check(self) -> bool:
        """Whether the shared cache answers."""
        return await self._l2.health_check()

    async def start(self) -> None:  # noqa: D102
        await self._l1.start()
        await self._l2.start()

    async def close(self) -> None:  # noqa: D102
        await self._l1.close()
        await self._l2.close()

    def stats(self) -> dict[str, int | float | str]:
        """The numbers of both, as `l1_...` and `l2_...`."""
        tiers = {"l1": self._l1.stats(), "l2": self._l2.stats()}
        numbers = {f"{tier}_{name}": value for tier, found in tiers.items() for name, value in found.items()}
        return {"name": self.name, "coherence": self.coherence, "l1_ttl": self._l1_ttl, **numbers}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on the events of both."""
        undo = (self._l1.subscribe(callback), self._l2.subscribe(callback))

        def unsubscribe() -> None:
            for each in undo:
                each()

        return unsubscribe
