"""How long to wait before the next attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from maestro_resilience.checks import at_least, positive

if TYPE_CHECKING:
    import random

__all__ = ["Backoff", "Jitter"]

Jitter: TypeAlias = Literal["full", "equal", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential backoff: `delay` seconds, times `factor` after every attempt, at most `max_delay`.

    `jitter` spreads callers that failed together: "full" waits anywhere between nothing and that time, "equal" between
    its half and all of it, "none" exactly it (AWS Architecture Blog, "Exponential Backoff And Jitter").
    """

    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 60.0
    jitter: Jitter = "full"

    def __post_init__(self) -> None:
        """Refuse what would never wait, or wait less and less."""
        positive("delay", self.delay)
        at_least("backoff", self.factor, 1)
        positive("max_delay", self.max_delay)
        if self.max_delay < self.delay:
            raise ValueError(f"max_delay ({self.max_delay:g}) is below delay ({self.delay:g}); raise it")
        if self.jitter not in {"full", "equal", "none"}:
            raise ValueError(f'jitter must be "full", "equal" or "none", not {self.jitter!r}; choose one')

    def longest(self, attempt: int) -> float:
        """The longest wait after attempt number `attempt`, from 1."""
        try:
            return min(self.max_delay, self.delay * self.factor ** (attempt - 1))
        except OverflowError:
            return self.max_delay

    def seconds(self, attempt: int, rng: random.Random) -> float:
        """The wait after attempt number `attempt`, from 1."""
        longest = self.longest(attempt)
        if self.jitter == "none":
            return longest
        return rng.uniform(0 if self.jitter == "full" else longest / 2, longest)
