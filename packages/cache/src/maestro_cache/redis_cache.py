"""The cache in Redis, shared by all processes that use the same prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from maestro_cache.checks import amount_of, key_of, tags_of, ttl_of
from maestro_cache.errors import CacheUnavailable
from maestro_cache.flights import Flights
from maestro_cache.interface import CacheInterface
from maestro_cache.lease import Lease
from maestro_cache.options import options_of
from maestro_cache.pattern import compiled
from maestro_cache.read_through import ReadThrough
from maestro_cache.runtime import Runtime
from maestro_cache.store import MISSING
from maestro_cache.throttle import Throttle, rate_of

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from maestro_resilience import CircuitBreaker, Event

__all__ = ["RedisCache"]

T = TypeVar("T")


class RedisCache(CacheInterface):
    """A cache in one Redis, 6.2 or later. Needs the extra `redis`.

    When Redis does not answer, reading finds nothing, writing returns False, `get_or_set` computes, one call per key in
    this process; after five failures in a row Redis is left alone for a second, and longer if that does not help.
    With `strict=True` all of that raises CacheUnavailable (503); counters, locks and throttles always do.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`.
        default_ttl: seconds for values that are stored without; None: no expiry.
        key_prefix: what everything in Redis begins with; `clear()` needs one.
        operation_timeout: seconds that Redis has for an answer; the deadline in force shortens it.
        max_connections: at once; who needs more waits.
        strict: raise instead of doing without.
        pickle_key: at least 16 secret bytes; allows values of all types, pickled and signed.
        breaker: a circuit breaker of your own.
        name: for events.
        clock: function that returns monotonic seconds, for measuring.
        rng: source of chance for early refreshes and jitter.
        decode_responses: as the first platform had it; values keep their types, so only True is left.
    """

    def __init__(
        self,
        url: str,
        default_ttl: float | None = None,
        key_prefix: str = "",
        decode_responses: bool = True,
        *,
        operation_timeout: float = 0.25,
        max_connections: int = 50,
        strict: bool = False,
        pickle_key: bytes | None = None,
        breaker: CircuitBreaker | None = None,
        name: str = "redis",
        clock: Callable[[], float] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        # imported here: who has no Redis need not wait for what only that needs
        from maestro_cache.codec import Codec
        from maestro_cache.redis_backend import ForgivingBackend
        from maestro_cache.redis_keys import RedisKeys
        from maestro_cache.redis_link import RedisLink
        from maestro_cache.redis_store import RedisStore

        if decode_responses is not True:
            raise ValueError("decode_responses is gone: bytes come back as bytes and texts as texts; leave it out")
        self._default_ttl = None if default_ttl is None else ttl_of(default_ttl, "default_ttl")
        self.key_prefix = key_of(key_prefix, "key_prefix") if key_prefix != "" else ""
        self.strict = strict
        self._runtime = Runtime(name, clock, rng)
        self._counts = self._runtime.counts
        self._link = RedisLink(
            url,
            operation_timeout=operation_timeout,
            max_connections=max_connections,
            breaker=breaker,
            happened=self._runtime.publish,
        )
        self._store = RedisStore(self._link, RedisKeys(self.key_prefix), Codec(pickle_key), self._runtime)
        self._flights = Flights()
        self.through = ReadThrough(ForgivingBackend(self._store, self._forgive), self._flights, self._runtime)

    def __repr__(self) -> str:
        return f"RedisCache(name={self.name!r}, key_prefix={self.key_prefix!r})"

    @property
    def name(self) -> str:
        """Its name in events and metrics."""
        return self._runtime.name

    def lifetime(self, ttl: float | None) -> float | None:
        """Seconds that a value lives which is stored with `ttl`; None: for ever."""
        return self._default_ttl if ttl is None else ttl_of(ttl)

    def _forgive(self, error: CacheUnavailable) -> None:
        """Do without Redis, unless the user wants to know."""
        self._counts.errors += 1
        if self.strict:
            raise error

    async def _or(self, instead: T, work: Awaitable[T]) -> T:
        try:
            return await work
        except CacheUnavailable as error:
            self._forgive(error)
            return instead

    async def get(self, key: str, default: Any = None) -> Any:  # noqa: D102
        try:
            value = await self._store.read(key_of(key))
        except CacheUnavailable as error:
            self._forgive(error)
            value = MISSING
        if value is MISSING:
            self._counts.misses += 1
            return default
        self._counts.hits += 1
        return value

    async def set(  # noqa: D102
        self, key: str, value: Any, ttl: float | None = None, *, tags: Iterable[str] = (), nx: bool = False
    ) -> bool:
        seconds, names = self.lifetime(ttl), tags_of(tags) if tags else ()
        self._flights.void(key_of(key))
        return await self._or(False, self._store.write(key, value, seconds, names, absent=nx))

    async def delete(self, key: str) -> bool:  # noqa: D102
        self._flights.void(key_of(key))
        return await self._or(False, self._store.delete(key))

    async def exists(self, key: str) -> bool:  # noqa: D102
        return await self._or(False, self._store.exists(key_of(key)))

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:  # noqa: D102
        wanted = list(dict.fromkeys(map(key_of, keys)))
        found = await self._or({}, self._store.read_many(wanted))
        self._counts.hits += len(found)
        self._counts.misses += len(wanted) - len(found)
        return found

    async def set_many(  # noqa: D102
        self, mapping: Mapping[str, Any], ttl: float | None = None, *, tags: Iterable[str] = ()
    ) -> bool:
        seconds, names = self.lifetime(ttl), tags_of(tags)
        for key in mapping:
            self._flights.void(key_of(key))
        return await self._or(False, self._store.write_many(mapping, seconds, names))

    async def increment(self, key: str, amount: int = 1, ttl: float | None = None) -> int:  # noqa: D102
        seconds, step = self.lifetime(ttl), amount_of(amount)
        self._flights.void(key_of(key))
        return await self._store.count_up(key, step, seconds)

    async def get_ttl(self, key: str) -> float | None:  # noqa: D102
        return await self._or(0.0, self._store.left(key_of(key)))

    async def expire(self, key: str, ttl: float) -> bool:  # noqa: D102
        return await self._or(False, self._store.expire(key_of(key), ttl_of(ttl)))

    async def clear(self, pattern: str | None = None) -> int:
        """Remove the values under the prefix whose keys match; ValueError without a prefix: others live there too."""
        if not self.key_prefix:
            raise ValueError("clear() needs a key_prefix, or it would empty the whole Redis; make the cache with one")
        matches = compiled(key_of(pattern, "pattern")).fullmatch if pattern is not None else bool
        self._flights.void_matching(matches)
        return await self._or(0, self._store.clear(pattern))

    async def invalidate_tags(self, *tags: str) -> bool:  # noqa: D102
        names = tags_of(tags)
        try:
            await self._store.invalidate(names)
        except CacheUnavailable as error:
            self._forgive(error)
            return False
        return True

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
        return await self.through.get(key_of(key), factory, options)

    def lock(self, name: str, ttl: float = 30.0, *, wait: float = 10.0) -> Lease:  # noqa: D102
        return Lease(self._store, name, ttl, wait, self._runtime)

    async def throttle(self, key: str, limit: int, period: float, *, cost: int = 1) -> Throttle:  # noqa: D102
        return await self._store.throttle(key, limit, rate_of(key, limit, period, cost), cost)

    def hit(self) -> None:
        """Count what another cache read through `through`."""
        self._counts.hits += 1

    def missed(self) -> None:
        """Count what another cache did not find through `through`."""
        self._counts.misses += 1

    async def health_check(self) -> bool:  # noqa: D102
        return await self._link.answers()

    async def start(self) -> None:  # noqa: D102
        self._link.open()

    async def close(self) -> None:  # noqa: D102
        await self._runtime.tasks.aclose()
        await self._link.close()

    def stats(self) -> dict[str, int | float | str]:
        """Totals since the beginning, and the state of the circuit breaker."""
        breaker = self._link.breaker.stats()
        return {
            **self._runtime.stats(),
            "flights": len(self._flights),
            "breaker": breaker["state"],
            "breaker_opened": breaker["opened"],
        }

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `cache.unavailable`, `cache.recovered`, `cache.undecodable` and as in memory."""
        return self._runtime.subscribers.subscribe(callback)
