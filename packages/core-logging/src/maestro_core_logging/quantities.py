"""Rotation and retention as people write them: `1 day`, `100 MB`, `30 days`, `10 files`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import LoggingConfigError

__all__ = ["Retention", "Rotation"]

_TEXT = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)\s*")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_BYTES = {"b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """When a log file is set aside: after a period (seconds, counted from midnight UTC) or at a size (bytes)."""

    seconds: float | None = None
    size: int | None = None

    @classmethod
    def parse(cls, value: str | int | None) -> Rotation:
        """Read `1 day`, `12 hours`, `100 MB` or a number of bytes; None never rotates."""
        if value is None:
            return cls()
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return cls(size=value)
        number, unit = _split(value, "file_rotation", "'1 day', '12 hours', '100 MB', a number of bytes or None")
        if unit in _SECONDS:
            return cls(seconds=number * _SECONDS[unit])
        if unit in _BYTES:
            return cls(size=max(1, int(number * _BYTES[unit])))
        raise _unreadable("file_rotation", value, "'1 day', '12 hours', '100 MB', a number of bytes or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which files set aside are deleted: those older than `seconds`, or all but the newest `files`."""

    seconds: float | None = None
    files: int | None = None

    @classmethod
    def parse(cls, value: str | int | None) -> Retention:
        """Read `30 days`, `10 files` or a number of files; None keeps all."""
        if value is None:
            return cls()
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return cls(files=value)
        number, unit = _split(value, "file_retention", "'30 days', '10 files', a number of files or None")
        if unit == "file":
            return cls(files=int(number))
        if unit in _SECONDS:
            return cls(seconds=number * _SECONDS[unit])
        raise _unreadable("file_retention", value, "'30 days', '10 files', a number of files or None")


def _split(value: object, setting: str, forms: str) -> tuple[float, str]:
    match = _TEXT.fullmatch(value) if isinstance(value, str) else None
    if match is None or float(match["number"]) <= 0:
        raise _unreadable(setting, value, forms)
    unit = match["unit"].lower()
    return float(match["number"]), unit if unit in _BYTES else unit.removesuffix("s")


def _unreadable(setting: str, value: object, forms: str) -> LoggingConfigError:
    return LoggingConfigError(f"{setting}={value!r} cannot be read; write {forms}.", setting=setting)
