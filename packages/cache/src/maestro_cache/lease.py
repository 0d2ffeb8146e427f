"""A lock that ends by itself when its holder dies, with a number that tells a late holder from the present one."""

from __future__ import annotations

import asyncio
import math
import os
from typing import TYPE_CHECKING, Protocol, Self

from maestro_resilience.checks import positive

from maestro_cache.checks import key_of, seconds_of, ttl_of
from maestro_cache.errors import CacheError, LeaseLostError, LockHeldError

if TYPE_CHECKING:
    from types import TracebackType

    from maestro_cache.runtime import Runtime

__all__ = ["Lease", "LeaseStore"]

_SHORTEST_POLL, _LONGEST_POLL = 0.01, 0.25  # seconds


class LeaseStore(Protocol):
    """Where locks are kept. All of these raise CacheUnavailable when it cannot be asked: they never guess."""

    async def take(self, name: str, owner: str, ttl: float) -> tuple[int, float]:
        """The fencing number and the seconds; or 0 and the seconds that another holder has left."""
        ...

    async def keep(self, name: str, owner: str, ttl: float) -> bool:
        """Begin the `ttl` seconds anew; False when the lock is no longer this owner's."""
        ...

    async def give_back(self, name: str, owner: str) -> bool:
        """Free the lock; False when it is not this owner's."""
        ...


class Lease:
    """`async with cache.lock(name, ttl) as lease:` holds the lock, renewed every third of `ttl`, and gives it back.

    Pass `lease.token` to whatever the lock protects, and let it refuse a number lower than one it has seen: a holder
    that was suspended for longer than its lease does not know that it is late. Such a holder gets LeaseLostError at the
    end, and at `check()`. One lease is held once at a time.
    """

    def __init__(self, store: LeaseStore, name: str, ttl: float, wait: float, runtime: Runtime) -> None:
        self.name = key_of(name, "the name of a lock")
        self.ttl = positive("ttl", ttl_of(ttl) or math.inf)
        self.wait = seconds_of("wait", wait)
        self.token = 0
        self._store = store
        self._runtime = runtime
        self._clock = runtime.clock
        self._rng = runtime.rng
        self._tasks = runtime.tasks
        self._owner = ""
        self._sure_until = 0.0
        self._lost = False
        self._renewal: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Lease(name={self.name!r}, token={self.token}, held={self.held})"

    @property
    def held(self) -> bool:
        """Whether the lock is certainly still ours, by our own clock and what the store last said."""
        return self._owner != "" and not self._lost and self._clock.read() < self._sure_until

    def check(self) -> None:
        """Raise LeaseLostError when the lock may be somebody else's by now."""
        if not self.held:
            raise LeaseLostError(f"the lease on {self.name!r} has ended; stop, and take the lock again", name=self.name)

    async def acquire(self, wait: float | None = None) -> bool:
        """Take the lock within `wait` seconds (None: as the lease was made with); whether that succeeded."""
        return await self._acquire(self.wait if wait is None else seconds_of("wait", wait)) is None

    async def _acquire(self, wait: float) -> float | None:
        """None when acquired, else the seconds that the other holder has left."""
        if self._owner:
            raise RuntimeError(f"this lease on {self.name!r} is held already; make another one by lock()")
        owner = self._owner = os.urandom(16).hex()
        patience, poll = self._clock.read() + wait, _SHORTEST_POLL
        try:
            while True:
                asked = self._clock.read()
                token, left = await self._store.take(self.name, owner, self.ttl)
                if token:
                    self.token, self._lost, self._sure_until = token, False, asked + self.ttl
                    self._renewal = self._tasks.spawn(self._renew(owner))
                    return None
                now = self._clock.read()
                if now >= patience:
                    self._owner = ""
                    return left
                await asyncio.sleep(max(0.001, min(patience - now, left, poll * self._rng.uniform(0.5, 1.0))))
                poll = min(2 * poll, _LONGEST_POLL)
        except BaseException:
            self._owner = ""
            self._tasks.spawn(self._forget(owner))  # it may have been granted in the instant of the cancellation
            raise

    async def _forget(self, owner: str) -> None:
        try:
            await self._store.give_back(self.name, owner)
        except CacheError:
            return  # it ends by itself

    async def _renew(self, owner: str) -> None:
        while self._owner == owner:
            await asyncio.sleep(self.ttl / 3)
            asked = self._clock.read()
            try:
                kept = await self._store.keep(self.name, owner, self.ttl)
            except CacheError:
                continue  # unknown; `held` knows how long we may be sure
            if self._owner != owner:
                return
            if not kept:
                self._lost = True
                self._runtime.publish("cache.lease_lost", lock=self.name, token=self.token)
                return
            self._sure_until = asked + self.ttl

    async def release(self) -> None:
        """Give the lock back; LeaseLostError when it was no longer ours. It ends even when this is cancelled."""
        owner, self._owner = self._owner, ""
        if not owner:
            raise LeaseLostError(f"this lease on {self.name!r} is not held; acquire it first", name=self.name)
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        if not await self._tasks.finish(self._store.give_back(self.name, owner)):
            raise LeaseLostError(
                f"the lease on {self.name!r} ended before it was released; "
                "give it a longer ttl, and check what was done meanwhile",
                name=self.name,
            )

    async def __aenter__(self) -> Self:
        left = await self._acquire(self.wait)
        if left is not None:
            raise LockHeldError(
                f"lock {self.name!r} is held by somebody else; try again in {left:.3g} s, or wait longer",
                retry_after=left,
                name=self.name,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            await self.release()
        except CacheError as error:
            if kind is None:
                raise
            self._runtime.publish("cache.release_failed", lock=self.name, error=error.code)
