"""The cache in the memory of the process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from maestro_cache.checks import key_of, ttl_of
from maestro_cache.flights import Flights
from maestro_cache.interface import CacheInterface
from maestro_cache.lease import Lease
from maestro_cache.memory_backend import MemoryBackend
from maestro_cache.memory_locks import MemoryLocks
from maestro_cache.options import options_of
from maestro_cache.read_through import ReadThrough
from maestro_cache.runtime import Runtime
from maestro_cache.store import MemoryStore, Policy
from maestro_cache.sync_view import SyncView
from maestro_cache.throttle import Throttle, Throttles

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Mapping

    from maestro_resilience.events import Event

__all__ = ["InMemoryCache"]


class InMemoryCache(CacheInterface):
    """A cache of this process: nothing is copied, so treat what it gives out as read-only.

    Args:
        default_ttl: seconds for values that are stored without; None: no expiry.
        max_size: entries at most; the policy says which one goes for a new one.
        max_bytes: bytes at most that keys, values and their places take, as measured when they are stored. A value that
            is larger alone is not stored. None: not measured.
        policy: "sieve", or "lru".
        key_prefix: what every key is stored under begins with.
        name: for events.
        clock: function that returns monotonic seconds.
        rng: source of chance for early refreshes and jitter.
    """

    def __init__(
        self,
        default_ttl: float | None = None,
        max_size: int = 10_000,
        *,
        max_bytes: int | None = None,
        policy: Policy = "sieve",
        key_prefix: str = "",
        name: str = "memory",
        clock: Callable[[], float] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._default_ttl = default = None if default_ttl is None else ttl_of(default_ttl, "default_ttl")
        self.key_prefix = key_of(key_prefix, "key_prefix") if key_prefix != "" else ""
        self._runtime = Runtime(name, clock, rng)
        self._clock = self._runtime.clock
        self._counts = self._runtime.counts
        self._flights = Flights()
        threads: dict[str, Any] = {}  # what threads compute
        self._store = MemoryStore(
            max_size=max_size,
            max_bytes=max_bytes,
            policy=policy,
            clock=self._clock,
            computing=(self._flights.by_key, threads),
        )
        self._nodes = self._store.nodes
        self._sieve = policy == "sieve"
        self._locks = MemoryLocks(self._clock)
        self._throttles = Throttles()
        self.through = ReadThrough(MemoryBackend(self._store, self._flights), self._flights, self._runtime)
        self.sync = SyncView(
            self._store,
            self._counts,
            prefix=self.key_prefix,
            default_ttl=default,
            throttles=self._throttles,
            computing=threads,
        )

    def __repr__(self) -> str:
        return f"InMemoryCache(name={self.name!r}, entries={len(self._nodes)}, max_size={self._store.max_size})"

    @property
    def name(self) -> str:
        """Its name in events and metrics."""
        return self._runtime.name

    def lifetime(self, ttl: float | None) -> float | None:
        """Seconds that a value lives which is stored with `ttl`; None: for ever."""
        return self.sync.lifetime(ttl)

    # A key that is found was checked when it was stored, so only misses are checked: reading is most of the work.

    async def get(self, key: str, default: Any = None) -> Any:  # noqa: D102
        node = self._nodes.get(self.key_prefix + key if self.key_prefix else key)
        if node is not None and ((node.until is None and not node.stamps) or self._store.fresh(node)):
            if self._sieve:
                node.visited = True
            else:
                self._store.use(node)
            self._counts.hits += 1
            return node.value
        self._store.find_stale(self.sync.full(key))
        self._counts.misses += 1
        return default

    async def set(  # noqa: D102
        self, key: str, value: Any, ttl: float | None = None, *, tags: Iterable[str] = (), nx: bool = False
    ) -> bool:
        if tags or nx:
            return self.sync.set(key, value, ttl, tags=tags, nx=nx)
        full, seconds = self.key_prefix + key_of(key), self._default_ttl if ttl is None else ttl_of(ttl)
        store = self._store
        with store.lock:
            store.void(full)
            return store.put(full, value, seconds)

    async def delete(self, key: str) -> bool:  # noqa: D102
        return self._store.delete(self.sync.full(key))

    async def exists(self, key: str) -> bool:  # noqa: D102
        return self.sync.exists(key)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:  # noqa: D102
        return self.sync.get_many(keys)

    async def set_many(  # noqa: D102
        self, mapping: Mapping[str, Any], ttl: float | None = None, *, tags: Iterable[str] = ()
    ) -> bool:
        return self.sync.set_many(mapping, ttl, tags=tags)

    async def increment(self, key: str, amount: int = 1, ttl: float | None = None) -> int:  # noqa: D102
        return self.sync.increment(key, amount, ttl)

    async def get_ttl(self, key: str) -> float | None:  # noqa: D102
        return self._store.left(self.sync.full(key))

    async def expire(self, key: str, ttl: float) -> bool:  # noqa: D102
        return self._store.expire(self.sync.full(key), ttl_of(ttl))

    async def clear(self, pattern: str | None = None) -> int:  # noqa: D102
        matches = self.sync.matcher(pattern)
        self._flights.void_matching(matches)
        removed = 0
        for number in self._store.clear(matches):
            removed += number
            await asyncio.sleep(0)
        return removed

    async def invalidate_tags(self, *tags: str) -> bool:  # noqa: D102
        return self.sync.invalidate_tags(*tags)

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
        options = options_of(factory, self.lifetime(ttl), tags=tags, stale_for=stale_for, early=early, wait=wait)
        return await self.through.get(self.sync.full(key), factory, options)

    def lock(self, name: str, ttl: float = 30.0, *, wait: float = 10.0) -> Lease:  # noqa: D102
        return Lease(self._locks, name, ttl, wait, self._runtime)

    async def throttle(self, key: str, limit: int, period: float, *, cost: int = 1) -> Throttle:  # noqa: D102
        return self.sync.throttle(key, limit, period, cost=cost)

    def hit(self) -> None:
        """Count what another cache read through `through`."""
        self._counts.hits += 1

    def missed(self) -> None:
        """Count what another cache did not find through `through`."""
        self._counts.misses += 1

    async def health_check(self) -> bool:
        """True: it is as well as the process."""
        return True

    async def start(self) -> None:
        """Nothing has to be opened."""

    async def close(self) -> None:
        """End refreshes and renewals, and forget all entries."""
        await self._runtime.tasks.aclose()
        await self.clear()

    def stats(self) -> dict[str, int | float | str]:
        """Entries and bytes now (bytes 0 when not measured), and totals since the beginning."""
        return {
            **self._runtime.stats(),
            **self._store.stats(),
            "flights": len(self._flights),
            "locks": len(self._locks),
        }

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `cache.refresh_failed`, `cache.lease_lost` and `cache.release_failed`."""
        return self._runtime.subscribers.subscribe(callback)
