"""One record for human eyes: CONSOLE on one line, RICH with each field on a line of its own."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["ConsoleLines"]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_VALUE = re.compile(r"""[^\s"'=]+""")
_COLOURS = {"critical": "1;31", "error": "31", "warning": "33", "info": "32", "debug": "36", "trace": "2"}
# In 2026-11-22T13:31:18.123456Z the time of day starts here and its milliseconds end there.
_TIME_START, _MILLISECONDS_END = 11, 23
_BLOCKS = ("exception", "stack")
_OWN_PLACE = frozenset({"timestamp", "level", "event", "logger", "service", "env", *_BLOCKS})


class ConsoleLines:
    """Renders records as text: time, level, event, fields, logger; tracebacks as an indented block below.

    Control characters are escaped, so neither an event nor a traceback can fake the start of another line.
    """

    def __init__(self, *, colour: bool, rich: bool) -> None:
        self._colour = colour
        self._rich = rich

    def __call__(self, record: dict[str, Any]) -> bytes:
        """Render one record."""
        level = str(record.get("level", ""))
        head = [
            self._paint("2", _time_of_day(record.get("timestamp"))),
            self._paint(_COLOURS.get(level, "0"), f"{level.upper():<8}"),
            self._paint("1", _escape(_text(record.get("event", "")))),
        ]
        fields = [
            f"{self._paint('36', _escape(key))}={_shown(value)}"
            for key, value in record.items()
            if key not in _OWN_PLACE
        ]
        tail = self._paint("2", f"[{_escape(str(record.get('logger', '')))}]")
        if self._rich:
            lines = [" ".join((*head, tail)), *(f"    {field}" for field in fields)]
        else:
            lines = [" ".join((*head, *fields, tail))]
        for block in _BLOCKS:
            lines += [f"    | {_escape(line)}" for line in str(record.get(block, "")).splitlines()]
        return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


def _time_of_day(timestamp: object) -> str:
    if isinstance(timestamp, str) and len(timestamp) > _MILLISECONDS_END:
        return timestamp[_TIME_START:_MILLISECONDS_END]
    return _text(timestamp) if timestamp is not None else "-"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(value: object) -> str:
    text = _escape(_text(value))
    if isinstance(value, str) and not _PLAIN_VALUE.fullmatch(text):
        return json.dumps(text, ensure_ascii=False)
    return text


def _escape(text: str) -> str:
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
