"""How loud each logger is, for good or for a while; one table for our loggers and for stdlib ones."""

from __future__ import annotations

import math
import threading
import time
import weakref
from enum import StrEnum
from typing import TYPE_CHECKING

from .errors import LoggingConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["NUMBERS", "Channel", "LevelTable", "LogLevel", "name_of", "parse_level"]


class LogLevel(StrEnum):
    """The levels, most severe first; TRACE stands below DEBUG."""

    CRITICAL = "CRITICAL"
    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"
    DEBUG = "DEBUG"
    TRACE = "TRACE"

    @property
    def number(self) -> int:
        """The stdlib number: 50, 40, 30, 20, 10, and 5 for TRACE."""
        return NUMBERS[self]


CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE = 50, 40, 30, 20, 10, 5
NUMBERS: dict[LogLevel, int] = dict(zip(LogLevel, (CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE), strict=True))
_SYNONYMS = {"WARN": LogLevel.WARNING, "FATAL": LogLevel.CRITICAL}
_BY_NUMBER = {number: level for level, number in NUMBERS.items()}


def parse_level(value: str | int) -> LogLevel:
    """Read a level by name in any case or by its stdlib number; a wrong one is a ValueError that lists the valid."""
    if isinstance(value, str):
        name = value.strip().upper()
        found = _SYNONYMS.get(name) or LogLevel.__members__.get(name)
    else:
        found = _BY_NUMBER.get(value) if type(value) is int else None
    if found is None:
        raise LoggingConfigError(f"{value!r} is no log level; use one of {', '.join(LogLevel)}.", value=value)
    return found


def name_of(number: int) -> str:
    """Give the lower-case name of the level at or just below a stdlib number; custom numbers are rounded down."""
    return next((str(level) for level, floor in NUMBERS.items() if number >= floor), "TRACE").lower()


class Channel:
    """What all loggers of one name share: the number a call must reach, and the name's part of a line."""

    __slots__ = ("__weakref__", "gate", "name", "tail", "timed")

    def __init__(self, name: str) -> None:
        self.name = name
        self.gate = 0
        self.timed = False
        self.tail: tuple[object, bytes] = (None, b"")


class LevelTable:
    """Levels by logger name, inherited along the dots, each with an optional level that holds until a time.

    A timed level never needs a timer: while one is pending, the gates stand as low as either level would put them,
    and each call that passes its gate asks `admits`, which reads the clock.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._channels: weakref.WeakValueDictionary[str, Channel] = weakref.WeakValueDictionary()
        self._fixed: dict[str, int] = {"": NUMBERS[LogLevel.INFO]}
        self._timed: dict[str, tuple[int, float]] = {}
        self.clock: Callable[[], float] = time.monotonic
        self.changed: Callable[[], None] = lambda: None

    def channel(self, name: str) -> Channel:
        """Return the one channel of that name."""
        found = self._channels.get(name)
        if found is None:
            with self._lock:
                found = self._channels.get(name)
                if found is None:
                    found = Channel(name)
                    self._open_gate(found)
                    self._channels[name] = found
        return found

    def set(self, level: LogLevel, name: str | None, for_seconds: float | None = None) -> None:
        """Give a logger and those below it a level, for good or for a while; for good ends what was for a while."""
        if for_seconds is not None and not (for_seconds > 0 and math.isfinite(for_seconds)):
            raise LoggingConfigError(f"for_seconds={for_seconds!r} must be a positive number of seconds.")
        with self._lock:
            if for_seconds is None:
                self._fixed[name or ""] = NUMBERS[level]
                self._timed.pop(name or "", None)
            else:
                self._timed[name or ""] = (NUMBERS[level], self.clock() + for_seconds)
            self._apply()

    def clear(self) -> None:
        """Forget every level; INFO holds again."""
        with self._lock:
            self._fixed = {"": NUMBERS[LogLevel.INFO]}
            self._timed.clear()
            self._apply()

    def effective(self, name: str) -> int:
        """Return the number that holds for a logger now."""
        if self._timed:
            self._expire()
        return self._walk(name, timed=True)

    def admits(self, name: str, number: int) -> bool:
        """Tell whether a call of that number may pass now."""
        return number >= self.effective(name)

    def gate(self, name: str) -> int:
        """Return the number below which no call can pass, whatever the clock says."""
        heard = [self._walk(name, timed=False)]
        heard += [self._timed[part][0] for part in _lineage(name) if part in self._timed]
        return min(heard)

    def names(self) -> list[str]:
        """List the loggers, the root's empty name apart, that have a level of their own."""
        return sorted({*self._fixed, *self._timed} - {""})

    def reset_lock(self) -> None:
        """Replace the lock: in a forked child another thread of the parent may have held it."""
        self._lock = threading.RLock()

    def _walk(self, name: str, *, timed: bool) -> int:
        for part in _lineage(name):
            if timed and (pending := self._timed.get(part)) is not None:
                return pending[0]
            if (fixed := self._fixed.get(part)) is not None:
                return fixed
        raise AssertionError("the root always has a level")  # pragma: no cover

    def _expire(self) -> None:
        now = self.clock()
        if any(now >= until for _, until in list(self._timed.values())):
            with self._lock:
                self._timed = {name: entry for name, entry in self._timed.items() if now < entry[1]}
                self._apply()

    def _apply(self) -> None:
        for channel in list(self._channels.values()):
            self._open_gate(channel)
        self.changed()

    def _open_gate(self, channel: Channel) -> None:
        channel.timed = any(part in self._timed for part in _lineage(channel.name))
        channel.gate = self.gate(channel.name)


def _lineage(name: str) -> Iterator[str]:
    """Yield the name, its parents along the dots, and the root as an empty name."""
    while name:
        yield name
        name = name.rpartition(".")[0]
    yield ""
