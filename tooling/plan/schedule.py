"""Which package may start now: everything it needs in this run has been verified in the index (laws 3 and 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Schedule:
    """Walks a dependency graph as results come in.

    `take` hands out what may start; `verified` and `failed` report results. A failure holds back everything that
    depends on it, directly or not, and nothing else. Not thread-safe: one thread owns it.
    """

    __slots__ = ("_after", "_running", "_waiting")

    def __init__(self, after: Mapping[str, Collection[str]]) -> None:
        """Take, for each package in order of preference, the packages that go before it.

        The graph has no cycle, and names nothing that is not in it.
        """
        self._after = {name: set(before) for name, before in after.items()}
        self._waiting = list(after)
        self._running: set[str] = set()

    def take(self) -> list[str]:
        """Return what may start now and was not handed out before."""
        ready = [name for name in self._waiting if not self._after[name]]
        self._waiting = [name for name in self._waiting if self._after[name]]
        self._running.update(ready)
        return ready

    def verified(self, name: str) -> None:
        """Note that a package is in the index as wanted: what waited for it may start."""
        self._running.discard(name)
        for before in self._after.values():
            before.discard(name)

    def failed(self, name: str) -> tuple[str, ...]:
        """Note that a package failed; return what is held back because of it, in order."""
        self._running.discard(name)
        held: set[str] = set()
        front = {name}
        while front:
            front = {waiting for waiting in self._waiting if waiting not in held and self._after[waiting] & front}
            held |= front
        newly = tuple(waiting for waiting in self._waiting if waiting in held)
        self._waiting = [waiting for waiting in self._waiting if waiting not in held]
        return newly

    @property
    def done(self) -> bool:
        """Whether nothing is running and nothing waits."""
        return not self._running and not self._waiting
