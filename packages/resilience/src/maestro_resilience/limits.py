"""How an adaptive limit learns from each call: three algorithms, as pure arithmetic on what was observed.

After Netflix's concurrency-limits (Gradient2, Vegas, AIMD); `limit` is a float, so that small steps add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Aimd", "Algorithm", "Gradient", "Sample", "Vegas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One finished call: how long it took in seconds, how many ran when it began, whether it says "too much".

    A call that took no time, by a coarse clock or one that went back, tells nothing of response times.
    """

    seconds: float
    in_flight: int
    overload: bool


class Algorithm(Protocol):
    """Turns a limit and a sample into the next limit, before bounds are applied."""

    def update(self, limit: float, sample: Sample) -> float: ...  # noqa: D102


class Aimd:
    """Adds one per full round of good calls, takes a tenth away on overload; looks at errors only, as TCP Reno does."""

    def update(self, limit: float, sample: Sample) -> float:
        """The next limit."""
        if sample.overload:
            return limit * 0.9
        return limit + 1 / limit if 2 * sample.in_flight >= limit else limit


class Vegas:
    """Compares with the quickest call seen: the longer calls take, the more of them must be queueing at the callee."""

    def __init__(self) -> None:
        self._quickest = math.inf
        self._samples = 0

    def update(self, limit: float, sample: Sample) -> float:
        """The next limit."""
        step = max(1.0, math.log10(limit))
        if sample.overload:  # how long a refusal took is not how long an answer takes
            return limit - step
        if sample.seconds <= 0:
            return limit
        self._learn(limit, sample.seconds)
        if 2 * sample.in_flight < limit:
            return limit
        queueing = limit * (1 - self._quickest / sample.seconds)
        if queueing <= step:
            return limit + 6 * step
        if queueing < 3 * step:
            return limit + step
        return limit - step if queueing > 6 * step else limit

    def _learn(self, limit: float, seconds: float) -> None:
        self._samples += 1
        if self._samples > 30 * limit:  # look anew now and then, the callee may have become slower for good
            self._quickest, self._samples = seconds, 0
        self._quickest = min(self._quickest, seconds)


class Gradient:
    """Follows the ratio of usual to present response time, with room for a short queue of the root of the limit."""

    USUAL_OVER = 600  # samples that the usual response time is averaged over
    TOLERANCE = 1.5  # how much slower than usual is still fine
    SMOOTHING = 0.2

    def __init__(self) -> None:
        self._usual = 0.0
        self._samples = 0

    def update(self, limit: float, sample: Sample) -> float:
        """The next limit."""
        if sample.overload:
            return limit * 0.9
        if sample.seconds <= 0:
            return limit
        self._learn(sample.seconds)
        if 2 * sample.in_flight < limit:
            return limit
        gradient = max(0.5, min(1.0, self.TOLERANCE * self._usual / sample.seconds))
        wanted = limit * gradient + math.sqrt(limit)
        return limit + self.SMOOTHING * (wanted - limit)

    def _learn(self, seconds: float) -> None:
        self._samples = min(self._samples + 1, self.USUAL_OVER)
        self._usual += (seconds - self._usual) / self._samples
        if self._usual > 2 * seconds:  # recovered from a bad time: do not remember it for long
            self._usual *= 0.95
