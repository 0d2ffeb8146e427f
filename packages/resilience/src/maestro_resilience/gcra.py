"""The generic cell rate algorithm with a first-come queue: who may go now, and who has to wait until when."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Place", "Schedule"]


class Place:
    """A place in the queue for `cost` calls; `planned` is when it conforms if nobody ahead gives up."""

    __slots__ = ("cost", "planned", "sooner")

    def __init__(self, cost: int, planned: float, sooner: Callable[[], object] | None) -> None:
        self.cost = cost
        self.planned = planned
        self.sooner = sooner


class Schedule:
    """Admits `burst` calls at once and one more every `interval` seconds (ITU-T I.371, virtual scheduling).

    A queued call is counted when it goes, not when it queues: one that gives up costs nobody anything. Whoever calls
    these methods holds a lock, and gives the time.
    """

    def __init__(self, interval: float, burst: int, now: float) -> None:
        self.interval = interval
        self.burst = burst
        self._due = self._seen = now  # when the calls admitted so far would all have come, evenly spread
        self._owed = 0  # calls in the queue
        self._queue: OrderedDict[Place, None] = OrderedDict()

    @property
    def waiting(self) -> int:
        """Places in the queue."""
        return len(self._queue)

    def ask(self, cost: int, now: float) -> float:
        """Seconds until `cost` calls conform that queue up now."""
        self._pass_time(now)
        return self._seconds(self._owed + cost, now)

    def admit(self, cost: int, now: float) -> None:
        """Count `cost` calls, which conform now."""
        self._due = max(self._due, now) + cost * self.interval

    def queue(self, cost: int, now: float, sooner: Callable[[], object] | None) -> Place:
        """Queue up for `cost` calls; `sooner()` tells that `take` may succeed earlier than it said."""
        place = Place(cost, now + self.ask(cost, now), sooner)
        self._queue[place] = None
        self._owed += cost
        return place

    def take(self, place: Place, now: float) -> float:
        """Go, if it is this place's turn: 0.0. Otherwise seconds until it is worth asking again.

        Who is not the first goes only when its planned time has come and the ones ahead have not made use of theirs,
        as when their event loop is blocked; they lose nothing by it, because they conform as well.
        """
        self._pass_time(now)
        wait = self._seconds(place.cost, now)
        if place is not next(iter(self._queue)):
            wait = max(wait, place.planned - now)
        if wait > _indistinct(now):
            return wait
        self.leave(place)
        self.admit(place.cost, now)
        return 0.0

    def leave(self, place: Place) -> None:
        """Give the place up."""
        if place in self._queue:
            del self._queue[place]
            self._owed -= place.cost

    def first_to_wake(self) -> Callable[[], object] | None:
        """The `sooner` of the first place, when its turn comes before the time it had planned with."""
        first = next(iter(self._queue), None)
        if first is None:
            return None
        conforms = self._due + (first.cost - self.burst) * self.interval
        if conforms >= first.planned - _indistinct(first.planned):
            return None
        first.planned = conforms
        return first.sooner

    def _seconds(self, cost: int, now: float) -> float:
        wait = max(self._due, now) + (cost - self.burst) * self.interval - now
        return wait if wait > _indistinct(now) else 0.0

    def _pass_time(self, now: float) -> None:
        """A clock that went back changes nothing of what is owed, from the new now on."""
        if now < self._seen:
            self._due -= self._seen - now
            for place in self._queue:
                place.planned -= self._seen - now
        self._seen = now


def _indistinct(now: float) -> float:
    """Seconds that sums of times around `now` cannot tell from none."""
    return 8 * math.ulp(now)
