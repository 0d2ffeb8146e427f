"""How `get_or_set` looks into the memory of the process and stores there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maestro_cache.read_through import Claim, Found, Options

if TYPE_CHECKING:
    from maestro_cache.flights import Flight, Flights
    from maestro_cache.store import MemoryStore

__all__ = ["MemoryBackend"]


class MemoryBackend:
    """Nobody else computes, so every claim is granted; a flight that was voided stores nothing."""

    def __init__(self, store: MemoryStore, flights: Flights) -> None:
        self._store = store
        self._flights = flights

    async def look(self, key: str) -> tuple[Found | None, Any]:
        """See `Backend.look`; the mark is a number, 0 for what is absent."""
        node = self._store.find_stale(key)
        if node is None:
            return None, 0
        self._store.use(node)
        tags = tuple(tag.name for tag, _version in node.stamps)
        left = self._store.seconds_left(node)
        return Found(value=node.value, left=left, delta=node.delta, tags=tags, mark=node.mark), node.mark

    async def claim(self, key: str, mark: Any, options: Options, flight: Flight) -> Claim:
        """Remember how the tags stand before the computation begins."""
        with self._store.lock:
            node = self._store.find_stale(key)
            if (node.mark if node else 0) != mark:
                return Claim(granted=False, changed=True)
            return Claim(granted=True, state=(flight, self._store.tags.stamps(options.tags)))

    async def commit(self, key: str, claim: Claim, value: Any, options: Options, delta: float) -> bool:
        """Store it with the tags as they stood before."""
        flight, stamps = claim.state
        with self._store.lock:
            if not self._flights.current(key, flight):
                return False
            return self._store.put(key, value, options.ttl, stamps, stale_for=options.stale_for, delta=delta)

    async def abandon(self, key: str, claim: Claim) -> None:
        """Nothing is held."""
