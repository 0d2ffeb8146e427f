"""When to try again, and when to stop: full jitter inside a deadline, and the server's own wish when it has one.

Full jitter (a uniform draw up to an exponentially growing bound) spreads publishers that failed together; see the AWS
Architecture Blog, "Exponential Backoff And Jitter". `Retry-After` is RFC 9110 section 10.2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PASSING: Final = frozenset({"IX02", "IX05", "IX20"})
"""The codes of trouble that can pass by itself: nothing answers, the connection broke, the server is busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How patient to be, in seconds: first bound `base`, doubled up to `cap`; at most `per_file` for one file.

    `total` bounds the whole run: no pause is begun that would end after it.
    """

    base: float = 0.25
    cap: float = 20.0
    per_file: float = 300.0
    total: float = 3600.0

    def pause(
        self, *, attempt: int, draw: float, retry_after: float | None, spent: float, elapsed: float
    ) -> float | None:
        """Return how long to wait before the next attempt; None: give up.

        Args:
            attempt: how many attempts have failed, from 1.
            draw: a random number in [0, 1).
            retry_after: what the server asked for; it is a floor, jitter comes on top.
            spent: seconds since the first attempt for this file.
            elapsed: seconds since the run began.
        """
        bound = min(self.cap, self.base * 2.0 ** min(attempt - 1, 30))
        seconds = draw * bound + (retry_after or 0.0)
        if spent + seconds > self.per_file or elapsed + seconds > self.total:
            return None
        return seconds
