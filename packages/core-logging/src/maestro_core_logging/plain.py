"""Makes any value fit for JSON, without secrets and without failing; says which values it could only describe."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import math
import pathlib
import uuid
from typing import TYPE_CHECKING, Any

from .walk import TRUNCATED

if TYPE_CHECKING:
    from .redaction import Redactor

__all__ = ["Plainer", "without_surrogates"]

_LONGEST_REPR = 2048
_PRINTABLE_BITS = 4096
_TEXTUAL = (
    uuid.UUID,
    decimal.Decimal,
    pathlib.PurePath,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)
_DATED = (dt.datetime, dt.date, dt.time)
_JSON_INTEGERS = range(-(2**63), 2**64)


class Plainer:
    """One conversion of one record; `described` names the fields of which only a repr could be given."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._guess = 0
        self.described: list[str] = []
        walk = redactor.walk(self._leaf)
        walk.plain = True
        walk.text = self.text
        walk.number = self._number
        self._number_without_secrets = redactor.redact_number
        self._walk = walk

    def field(self, key: str, value: Any) -> Any:
        """Return what stands on the line for a field."""
        before = self._guess
        plain = self._walk.under(key, value, 0)
        if self._guess > before:
            self.described.append(key)
        return plain

    def text(self, text: str) -> str:
        """Return a text without secrets and without lone surrogates, which UTF-8 cannot carry."""
        safe = self._redactor.redact_text(text)
        return safe if safe.isascii() else without_surrogates(safe)

    def _number(self, value: int) -> Any:
        safe = self._number_without_secrets(value)
        if isinstance(safe, str) or safe in _JSON_INTEGERS:
            return safe
        return str(safe) if safe.bit_length() < _PRINTABLE_BITS else TRUNCATED

    def _leaf(self, value: Any) -> Any:
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else repr(float(value))
        if isinstance(value, enum.Enum):
            return self._walk.value(value.value, 1)
        if isinstance(value, str):
            return self.text(str.__str__(value))
        if isinstance(value, int):
            return self._number(int(value))
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self.text(bytes(value).decode("utf-8", "backslashreplace"))
        return self._described(value)

    def _described(self, value: Any) -> str:
        if isinstance(value, _DATED):
            return value.isoformat()
        if isinstance(value, _TEXTUAL):
            return self.text(str(value))
        if isinstance(value, BaseException):
            return self.text(f"{type(value).__name__}: {_attempt(str, value)}")
        if isinstance(value, dt.timedelta):
            return str(value)
        if isinstance(value, type):
            return f"{value.__module__}.{value.__qualname__}"
        self._guess += 1
        # Redacted before it is cut, so that no secret loses the part it is known by.
        return self.text(_attempt(repr, value)[: self._redactor.policy.max_text])[:_LONGEST_REPR]


def without_surrogates(text: str) -> str:
    """Return a text that UTF-8 can carry: lone surrogates become their escapes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def _attempt(show: Any, value: object) -> str:
    try:
        return str(show(value))
    except Exception:  # noqa: BLE001 - a value's own code may fail in any way; its line must come out
        return f"<unprintable {type(value).__name__}>"
