"""Keeps the number of series of a metric bounded, whatever values its labels are given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OTHER", "LabelGuard"]

OTHER = "__other__"


class LabelGuard:
    """Admits the first `limit` values of each label and `max_series` combinations; the rest become `OTHER`.

    A metric therefore has at most `limit + 1` values per label, and `max_series + 1` series. Values once admitted stay.
    `folded(label)` is called for every label of every sample that was changed. Safe from any thread.
    """

    def __init__(
        self, labels: tuple[str, ...], *, limit: int, max_series: int, folded: Callable[[str], object]
    ) -> None:
        self._labels = labels
        self._limit = limit
        self._max_series = max_series
        self._folded = folded
        self._values: tuple[set[str], ...] = tuple(set() for _ in labels)
        self._series: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()

    def admit(self, values: tuple[str, ...]) -> tuple[str, ...]:
        """Return the values that the sample is counted under."""
        with self._lock:
            admitted = tuple(map(self._admit_value, self._values, values))
            if admitted not in self._series:
                if len(self._series) < self._max_series:
                    self._series.add(admitted)
                else:
                    admitted = (OTHER,) * len(values)
        if admitted != values:
            for label, value, wanted in zip(self._labels, admitted, values, strict=True):
                if value != wanted:
                    self._folded(label)
        return admitted

    def _admit_value(self, seen: set[str], value: str) -> str:
        if value in seen or value == OTHER:
            return value
        if len(seen) >= self._limit:
            return OTHER
        seen.add(value)
        return value
