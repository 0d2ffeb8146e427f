"""What a throttle answers, and the generic cell rate algorithm behind it (ITU-T I.371, virtual scheduling)."""

from __future__ import annotations

from dataclasses import dataclass

from maestro_resilience.checks import whole

from maestro_cache.checks import key_of, ttl_of

__all__ = ["Throttle", "Throttles", "rate_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """Whether this call is within its limit.

    `remaining`: calls that would be allowed right now; `retry_after`: seconds until one is (0.0 when allowed);
    `reset`: seconds until all of the limit is free again.
    """

    allowed: bool
    remaining: int
    retry_after: float
    reset: float

    def __bool__(self) -> bool:
        """Whether it is allowed."""
        return self.allowed


def rate_of(key: str, limit: int, period: float, cost: int) -> float:
    """Check the arguments of a throttle; the seconds one call takes up."""
    key_of(key)
    whole("limit", limit)
    whole("cost", cost)
    if cost > limit:
        raise ValueError(f"cost {cost} never fits a limit of {limit}; raise the limit or split the call")
    seconds = ttl_of(period, "period")
    if seconds is None:
        raise ValueError("period must be finite, not inf; pass seconds")
    return seconds / limit


def answer(due: float, now: float, interval: float, limit: int, cost: int) -> tuple[Throttle, float]:
    """The answer to a call at `now` when all calls so far, evenly spread, last until `due`; and the new `due`."""
    begin = max(due, now)
    after = begin + cost * interval
    wait = after - now - limit * interval
    allowed = wait <= 1e-9 * max(1.0, interval)  # rounding in sums of times is no reason to refuse
    kept = after if allowed else begin
    free = limit - (kept - now) / interval
    remaining = max(0, int(free + 1e-6))
    return Throttle(allowed=allowed, remaining=remaining, retry_after=0.0 if allowed else wait, reset=kept - now), kept


class Throttles:
    """The throttles of one process: a number per key, forgotten when it no longer matters."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._look_at = 1_000

    def __len__(self) -> int:
        return len(self._due)

    def ask(self, key: str, limit: int, interval: float, cost: int, now: float) -> Throttle:
        """Count the call if it is allowed."""
        throttle, due = answer(self._due.get(key, now), now, interval, limit, cost)
        if throttle.allowed:
            self._due[key] = due
            if len(self._due) > self._look_at:
                self._due = {each: until for each, until in self._due.items() if until > now}
                self._look_at = max(1_000, 2 * len(self._due))
        return throttle
