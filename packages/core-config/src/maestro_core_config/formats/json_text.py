"""JSON with the line of every value; duplicate keys and NaN are errors."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from .text import Parsed, TextError

if TYPE_CHECKING:
    from maestro_core_config.paths import Path

    from .text import Lines

__all__ = ["parse_json"]

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


class _DuplicateKeyError(Exception):
    """Raised inside the parser, which does not know where it is."""


def parse_json(text: str) -> Parsed:
    """Parse a JSON object.

    Raises:
        TextError: it is not well-formed, or no object.
    """
    try:
        values = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise TextError(f"is not valid JSON: {error.msg} at column {error.colno}", line=error.lineno) from None
    except _DuplicateKeyError:
        duplicate = next(iter(_positions(text)[1]), None)
        raise TextError("has the same key twice; keep one of them", line=duplicate) from None
    except ValueError as error:
        raise TextError(f"is not valid JSON: {error}") from None
    if not isinstance(values, dict):
        raise TextError("does not hold an object at its top; begin it with {", line=1)
    return Parsed(values=values, lines=partial(_lines, text))


def _no_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _DuplicateKeyError
    return found


def _lines(text: str) -> Lines:
    return _positions(text)[0]


class _Open:
    """A collection whose end has not come yet: its path, and the key or number of what comes next."""

    __slots__ = ("index", "is_object", "key", "keys", "path")

    def __init__(self, path: Path, *, is_object: bool) -> None:
        self.path = path
        self.is_object = is_object
        self.key: str | None = None
        self.index = 0
        self.keys: set[str] = set()

    def here(self) -> Path:
        return (*self.path, self.key or "" if self.is_object else str(self.index))


def _positions(text: str) -> tuple[dict[Path, int], list[int]]:
    """Find the line of each path in a text that json has accepted, and the lines of keys that come twice."""
    lines: dict[Path, int] = {}
    twice: list[int] = []
    stack: list[_Open] = []
    line, seen, is_key = 1, 0, False
    for match in _MARK.finditer(text):
        mark, start = match[0], match.start()
        line += text.count("\n", seen, start)
        seen = start
        top = stack[-1] if stack else None
        if mark in {"}", "]"}:
            stack.pop()
            is_key = False
        elif mark == ",":
            if top is not None:
                top.index += 1
                is_key = top.is_object
        elif mark == ":":
            is_key = False
        elif is_key and top is not None:
            top.key = json.loads(mark)
            if top.key in top.keys:
                twice.append(line)
            top.keys.add(top.key or "")
            lines[top.here()] = line
        else:
            if top is not None:
                lines.setdefault(top.here(), line)
            if mark in {"{", "["}:
                stack.append(_Open(top.here() if top else (), is_object=mark == "{"))
                is_key = mark == "{"
    return lines, twice
