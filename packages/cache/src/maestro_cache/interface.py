"""What every cache here does, whatever is behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from maestro_cache.checks import seconds_of, ttl_of
from maestro_cache.decorator import CachedFunction, cached_function

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from maestro_resilience.events import Event

    from maestro_cache.lease import Lease
    from maestro_cache.throttle import Throttle

__all__ = ["CacheInterface"]

P = ParamSpec("P")
R = TypeVar("R")


class CacheInterface(ABC):
    """An async cache.

    Keys are texts that are not empty. A `ttl` is in seconds above zero; None means the cache's default, `math.inf` no
    expiry. Bad arguments raise ValueError or TypeError before anything is asked of the store. What happens when the
    store cannot be reached says each class; counters, locks and throttles always raise CacheUnavailable then.
    """

    @abstractmethod
    async def get(self, key: str, default: Any = None) -> Any:
        """The value, which may be None; `default` when there is none."""

    @abstractmethod
    async def set(
        self, key: str, value: Any, ttl: float | None = None, *, tags: Iterable[str] = (), nx: bool = False
    ) -> bool:
        """Store a value; with `nx` only when there is none. Whether it was stored."""

    @abstractmethod
    async def delete(self, key: str) -> bool:
        """Remove the value; whether there was one."""

    @abstractmethod
    async def exists(self, key: str) -> bool:
        """Whether there is a value."""

    @abstractmethod
    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values that are there, by key."""

    @abstractmethod
    async def set_many(self, mapping: Mapping[str, Any], ttl: float | None = None, *, tags: Iterable[str] = ()) -> bool:
        """Store each value; whether all were."""

    @abstractmethod
    async def increment(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Add to an integer, an absent one counting from 0, and return the sum.

        An existing counter keeps its expiry; `ttl` is for a new one. Raises NotAnIntegerError for another value, also
        for a text of digits and a bool, and CounterOverflowError beyond 64 bits; the value then stays as it is.
        """

    async def decrement(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """Subtract from an integer; see `increment`."""
        return await self.increment(key, -amount, ttl)

    @abstractmethod
    async def get_ttl(self, key: str) -> float | None:
        """Seconds until the value expires; None when it never does, 0.0 when there is none."""

    @abstractmethod
    async def expire(self, key: str, ttl: float) -> bool:
        """Give a value another expiry, from now; False when there is none."""

    @abstractmethod
    async def clear(self, pattern: str | None = None) -> int:
        """Remove the values of this cache whose keys match (`*`, `?`, `[a-z]`, as in Redis); how many there were.

        Locks and throttles stay. It takes as long as there are keys, and does not block meanwhile.
        """

    @abstractmethod
    async def invalidate_tags(self, *tags: str) -> bool:
        """Make every value that has one of the tags absent at once, whatever their number; whether that succeeded."""

    @abstractmethod
    async def get_or_set(
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
        """The value; or what `factory()` returns or awaits, which is stored.

        Of all tasks (and processes, over Redis) that need the key at once, one calls the factory and the others get its
        result. Its errors reach all of them in its process, and are not stored. What was set, deleted or invalidated
        while it was computed is not overwritten by the result.

        Args:
            key: the key.
            factory: a function without arguments, plain or async.
            ttl: seconds; None: the default, `math.inf`: no expiry.
            tags: what `invalidate_tags` may name.
            stale_for: seconds after `ttl` for which the old value is given out while a new one is computed in the
                background, or cannot be computed.
            early: how eagerly a value is refreshed in the background before it expires (XFetch); 0 never, 1 is optimal
                when the time that the factory takes is exponentially distributed.
            wait: seconds to wait for a result of another process before computing it here, without storing it.
        """

    def cached(
        self,
        ttl: float | None = None,
        *,
        key: str | Callable[..., str] | None = None,
        tags: Iterable[str] = (),
        stale_for: float = 0,
        early: float = 1.0,
        wait: float = 10.0,
    ) -> Callable[[Callable[P, Awaitable[R]]], CachedFunction[P, R]]:
        """Decorate a coroutine function: its results go through `get_or_set`.

        `key` is a template such as `"user:{user_id}"`, a function of the same arguments, or None: the function's name
        and arguments. `tags` may be templates too. The decorated function has `key_for(...)` and `invalidate(...)`.
        """
        options = {"ttl": ttl, "stale_for": stale_for, "early": early, "wait": wait}
        if ttl is not None:
            ttl_of(ttl)
        for name in ("stale_for", "early", "wait"):
            seconds_of(name, options[name] or 0)

        def decorate(function: Callable[P, Awaitable[R]]) -> CachedFunction[P, R]:
            return cached_function(self, function, key=key, tags=tags, options=options)

        return decorate

    @abstractmethod
    def lock(self, name: str, ttl: float = 30.0, *, wait: float = 10.0) -> Lease:
        """A lock over all users of the store, by `async with`; `wait` seconds for it, then LockHeldError.

        It lasts `ttl` seconds and is renewed while it is held.
        """

    @abstractmethod
    async def throttle(self, key: str, limit: int, period: float, *, cost: int = 1) -> Throttle:
        """Count `cost` calls against `limit` in `period` seconds, spread evenly; a refused one costs nothing."""

    @abstractmethod
    async def health_check(self) -> bool:
        """Whether the store answers; never raises."""

    @abstractmethod
    async def start(self) -> None:
        """Open it; not needed before use, only after `close`. Idempotent."""

    @abstractmethod
    async def close(self) -> None:
        """End what goes on in the background and let go of connections. Idempotent."""

    async def aclose(self) -> None:
        """`close`, by the name that the platform has for it."""
        await self.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    @abstractmethod
    def stats(self) -> dict[str, int | float | str]:
        """What there is now, and totals since the beginning."""

    @abstractmethod
    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on what operators want to know; it must not block. Returns the undo."""
