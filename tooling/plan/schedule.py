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

    def __init__(self, after: Mapping[str, Collection[str]]) -> None:
        """Take, for each package in order of preference, the packages that go before it; the graph has no cycle."""
        self._after = {name: set(before) for name, before in after.items()}
        self._waiting = list(after)
        self._running: set[str] = set()
        self.held: dict[str, str] = {}

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
        doomed = {name}
        newly: list[str] = []
        for waiting in list(self._waiting):
            if self._reaches(waiting, doomed):
                doomed.add(waiting)
        for waiting in list(self._waiting):
            if waiting in doomed:
                newly.append(waiting)
                self.held[waiting] = name
                self._waiting.remove(waiting)
        return tuple(newly)

    def _reaches(self, name: str, doomed: Collection[str]) -> bool:
        seen, front = set(), [name]
        while front:
            for before in self._after.get(front.pop(), ()):
                if before in doomed:
                    return True
                if before not in seen:
                    seen.add(before)
                    front.append(before)
        return False

    @property
    def done(self) -> bool:
        """Whether nothing is running and nothing waits."""
        return not self._running and not self._waiting
