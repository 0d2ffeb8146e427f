"""Locks among the tasks of one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maestro_resilience.clock import Clock

__all__ = ["MemoryLocks"]


class MemoryLocks:
    """Who holds which name until when. The fencing number is one for all names, so it never goes back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, tuple[str, float]] = {}
        self._fence = 0

    def __len__(self) -> int:
        return len(self._held)

    async def take(self, name: str, owner: str, ttl: float) -> tuple[int, float]:
        """See `LeaseStore.take`."""
        now = self._clock.read()
        holder, until = self._held.get(name, ("", now))
        if holder and until > now:
            return 0, until - now
        self._held[name] = (owner, now + ttl)
        self._fence += 1
        return self._fence, ttl

    async def keep(self, name: str, owner: str, ttl: float) -> bool:
        """See `LeaseStore.keep`."""
        if not self._is_held_by(name, owner):
            return False
        self._held[name] = (owner, self._clock.read() + ttl)
        return True

    async def give_back(self, name: str, owner: str) -> bool:
        """See `LeaseStore.give_back`."""
        is_ours = self._is_held_by(name, owner)
        if self._held.get(name, ("", 0.0))[0] == owner:
            del self._held[name]
        return is_ours

    def _is_held_by(self, name: str, owner: str) -> bool:
        holder, until = self._held.get(name, ("", 0.0))
        return holder == owner and until > self._clock.read()
