"""What the parts of one cache share: its clock, its chance, its numbers, its background work, its subscribers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from maestro_resilience.checks import name_of
from maestro_resilience.clock import clock_from
from maestro_resilience.events import Subscribers

from maestro_cache.counts import Counts
from maestro_cache.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Runtime"]


class Runtime:
    """Made once per cache."""

    __slots__ = ("clock", "counts", "name", "rng", "subscribers", "tasks")

    def __init__(self, name: str, clock: Callable[[], float] | None, rng: random.Random | None) -> None:
        self.name = name_of(name)
        self.clock = clock_from(clock)
        self.rng = rng or random.Random()  # noqa: S311 - jitter needs no cryptography
        self.counts = Counts()
        self.tasks = Tasks()
        self.subscribers = Subscribers()

    def publish(self, kind: str, **data: float | str) -> None:
        """Tell the subscribers."""
        self.subscribers.publish(kind, self.name, **data)

    def stats(self) -> dict[str, int | float | str]:
        """The numbers that every cache has."""
        return {"name": self.name, **self.counts.stats(), "subscriber_errors": self.subscribers.errors}
