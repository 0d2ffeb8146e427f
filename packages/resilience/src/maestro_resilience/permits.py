"""A bounded number of permits and a first-come queue for them, on one event loop; no cancellation loses a permit."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Permits"]


class Permits:
    """`limit` permits, of which `active` are out and `waiting` are asked for. The limit may change at any time.

    Bound to the event loop it is first used on: from another one it raises RuntimeError, unless the first is closed.
    """

    def __init__(self, limit: int, owner: str) -> None:
        self.limit = limit
        self.active = 0
        self._owner = owner
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait in the queue."""
        return len(self._queue)

    def try_take(self) -> bool:
        """Take a permit if one is free and nobody waits for it."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._bind(loop)
        if self.active < self.limit and not self._queue:
            self.active += 1
            return True
        return False

    async def wait(self, seconds: float | None, too_late: Callable[[], Exception]) -> None:
        """Queue for a permit for at most `seconds` (None: as long as it takes), then raise what `too_late` makes."""
        loop = asyncio.get_running_loop()
        place = loop.create_future()
        self._queue[place] = None
        timer = None if seconds is None else loop.call_later(seconds, self._give_up, place, too_late)
        try:
            await place
        except BaseException:
            # cancelled, either in the queue or in the instant after the permit was handed over
            if place.done() and not place.cancelled() and place.exception() is None:
                self.give_back()
            raise
        finally:
            self._queue.pop(place, None)
            if timer is not None:
                timer.cancel()

    def give_back(self) -> None:
        """Return a permit; it goes straight to the first in the queue."""
        self.active -= 1
        self.hand_out()

    def hand_out(self) -> None:
        """Give free permits to those who wait, first come first served."""
        while self._queue and self.active < self.limit:
            place, _ = self._queue.popitem(last=False)
            if not place.done():
                self.active += 1
                place.set_result(None)

    @staticmethod
    def _give_up(place: asyncio.Future[None], too_late: Callable[[], Exception]) -> None:
        if not place.done():
            place.set_exception(too_late())

    def _bind(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError(f"{self._owner} belongs to another event loop; make one for each loop")
        self._loop = loop
        self.active = 0  # whoever held permits on the closed loop is gone
        self._queue.clear()
