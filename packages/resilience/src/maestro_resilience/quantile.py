"""A quantile of the latest durations, cheap enough to ask at every call."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["RecentQuantile"]


class RecentQuantile:
    """The `fraction` quantile (nearest rank) of the last `size` values; None before `minimum` values are known.

    It is worked out anew after every `refresh` values, so it lags by that many.
    """

    __slots__ = ("_fraction", "_minimum", "_refresh", "_since", "_values", "value")

    def __init__(self, fraction: float, *, size: int = 256, minimum: int = 20, refresh: int = 8) -> None:
        self._fraction = fraction
        self._minimum = minimum
        self._refresh = refresh
        self._since = 0
        self._values: deque[float] = deque(maxlen=size)
        self.value: float | None = None

    def add(self, value: float) -> None:
        """Take one more value into account."""
        self._values.append(value)
        self._since += 1
        if len(self._values) >= self._minimum and (self.value is None or self._since >= self._refresh):
            ranked = sorted(self._values)
            rank = math.ceil(round(self._fraction * len(ranked), 9))  # 0.07 x 100 is a little more than seven
            self.value = ranked[rank - 1]
            self._since = 0
