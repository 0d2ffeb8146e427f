"""How many of the last calls failed, were slow, or failed in a row, at the price of one increment per good call."""

from __future__ import annotations

from collections import deque

__all__ = ["Marks", "Streak"]


class Marks:
    """The marked ones among the last `size` numbered calls.

    Only marked calls are stored, by their number: an unmarked call costs nothing here, and memory is bounded by `size`.
    """

    __slots__ = ("_numbers", "_size")

    def __init__(self, size: int) -> None:
        self._numbers: deque[int] = deque()
        self._size = size

    def add(self, number: int) -> None:
        """Mark the call with this number; numbers only grow."""
        self._numbers.append(number)

    def count(self, latest: int) -> int:
        """How many of the calls up to number `latest` are marked, looking back `size` calls."""
        numbers, oldest = self._numbers, latest - self._size
        while numbers and numbers[0] <= oldest:
            numbers.popleft()
        return len(numbers)


class Streak:
    """How many marked calls came one right after the other, up to the latest marked one."""

    __slots__ = ("_last", "length")

    def __init__(self) -> None:
        self._last = 0
        self.length = 0

    def add(self, number: int) -> int:
        """Mark the call with this number; return the length of the streak it ends."""
        self.length = self.length + 1 if number == self._last + 1 else 1
        self._last = number
        return self.length

    def count(self, latest: int) -> int:
        """The streak that is still unbroken at call number `latest`."""
        return self.length if latest == self._last else 0
