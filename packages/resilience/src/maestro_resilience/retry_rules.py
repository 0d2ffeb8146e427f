"""Whether a failed attempt is followed by another one, and when: the decision, without the waiting."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maestro_resilience.deadline import Deadline
from maestro_resilience.errors import CircuitBreakerOpenError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from maestro_resilience.backoff import Backoff
    from maestro_resilience.budget import RetryBudget

__all__ = ["RetryRules", "Verdict", "note", "requested_wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Wait so many seconds and try again; or stop, with `wait` None. No `why`: this error is never retried."""

    wait: float | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """All that the decision depends on."""

    max_attempts: int
    backoff: Backoff
    matches: Callable[[Exception], bool]
    budget: RetryBudget | None
    rng: random.Random = field(repr=False)

    def judge(self, error: Exception, attempt: int) -> Verdict:
        """What follows when attempt number `attempt` ended with `error`; to wait is taken from the budget."""
        if isinstance(error, CircuitBreakerOpenError) or not self.matches(error):
            return Verdict(wait=None)
        if attempt >= self.max_attempts:
            return Verdict(wait=None, why="no attempt is left")
        wait, asked = self.backoff.seconds(attempt, self.rng), requested_wait(error)
        if asked is not None:
            if asked > self.backoff.max_delay:
                return Verdict(wait=None, why=f"it asks for {asked:g} s of patience, max_delay is shorter")
            # added to the random wait, else all who were told the same time would come back at the same time
            wait = max(asked, wait) if self.backoff.jitter == "none" else asked + wait
        deadline = Deadline.current()
        if deadline is not None and wait >= deadline.remaining():
            return Verdict(wait=None, why=f"the next wait of {wait:.3g} s would pass the deadline")
        if self.budget is not None and not self.budget.withdraw():
            return Verdict(wait=None, why="the retry budget is empty")
        return Verdict(wait=wait)


def requested_wait(error: Exception) -> float | None:
    """The error's `retry_after` when it is a sensible number of seconds."""
    asked = getattr(error, "retry_after", None)
    if isinstance(asked, bool) or not isinstance(asked, (int, float)) or not math.isfinite(asked) or asked <= 0:
        return None
    return float(asked)


def note(error: Exception, name: str, text: str) -> None:
    """Add a note, in place of an earlier one by the same retry: an error object may be raised many times."""
    prefix = f"retry {name!r}: "
    notes = [kept for kept in getattr(error, "__notes__", ()) if not str(kept).startswith(prefix)]
    error.__notes__ = [*notes, prefix + text]
