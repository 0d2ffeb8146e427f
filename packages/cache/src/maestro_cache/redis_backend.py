"""`get_or_set` over Redis, going on by itself when Redis is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maestro_cache.errors import CacheUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from maestro_cache.flights import Flight
    from maestro_cache.read_through import Claim, Found, Options
    from maestro_cache.redis_store import RedisStore

__all__ = ["ForgivingBackend"]


class ForgivingBackend:
    """The store, with what to do when it raises CacheUnavailable."""

    def __init__(self, store: RedisStore, forgive: Callable[[CacheUnavailable], object]) -> None:
        self._store = store
        self._forgive = forgive

    async def look(self, key: str) -> tuple[Found | None, bytes]:
        """Nothing is there when nothing can be seen."""
        try:
            return await self._store.look(key)
        except CacheUnavailable as error:
            self._forgive(error)
            return None, b""

    async def claim(self, key: str, mark: bytes, options: Options, flight: Flight) -> Claim | None:
        """None: compute without storing."""
        try:
            return await self._store.claim(key, mark, options, flight)
        except CacheUnavailable as error:
            self._forgive(error)
            return None

    async def commit(self, key: str, claim: Claim, value: Any, options: Options, delta: float) -> bool:
        """Whether it was stored."""
        try:
            return await self._store.commit(key, claim, value, options, delta)
        except CacheUnavailable as error:
            self._forgive(error)
            return False

    async def abandon(self, key: str, claim: Claim) -> None:
        """A claim that cannot be given back ends by itself."""
        try:
            await self._store.abandon(key, claim)
        except CacheUnavailable:
            return
