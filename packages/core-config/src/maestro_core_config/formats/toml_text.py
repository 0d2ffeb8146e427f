"""TOML by the standard library, which does not tell where a value stands; a scan of its own finds the lines."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from typing import TYPE_CHECKING

from .text import Parsed, TextError

if TYPE_CHECKING:
    from maestro_core_config.paths import Path

    from .text import Lines

__all__ = ["parse_toml"]

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
_KEY = r'(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\')'
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_PAIR = re.compile(rf"\s*({_DOTTED})\s*=")
_PART = re.compile(_KEY)
# What may hold a bracket or a quote that means nothing: strings, the long ones first, and comments.
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]|\n', re.DOTALL
)


def parse_toml(text: str) -> Parsed:
    """Parse a TOML document.

    Raises:
        TextError: it is not well-formed; TOML itself forbids duplicate keys.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _AT.search(said)
        line = int(at[1]) if at and at[1] else None
        raise TextError(f"is not valid TOML: {_AT.sub('', said)}", line=line) from None
    except (ValueError, OverflowError):
        raise TextError("is not valid TOML: it holds a number or a time that is out of range") from None
    return Parsed(values=values, lines=partial(_lines, text))


def _lines(text: str) -> Lines:
    """Find the line of each header and key; what stands in an inline table or an array has its key's line."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, statement in _statements(text):
        if header := _HEADER.match(statement):
            table = _entered(_path(header[2]), counts, is_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif pair := _PAIR.match(statement):
            path = (*table, *_path(pair[1]))
            for length in range(len(table) + 1, len(path) + 1):
                lines.setdefault(path[:length], number)
    return lines


def _statements(text: str) -> list[tuple[int, str]]:
    """Split a text into statements, each with its first line: a value may run over several lines."""
    found: list[tuple[int, str]] = []
    start, line, first, depth = 0, 1, 1, 0
    for token in _TOKEN.finditer(text):
        what = token[0]
        if what in {"[", "{"}:
            depth += 1
        elif what in {"]", "}"}:
            depth -= 1
        elif what == "\n" and depth <= 0:
            found.append((first, text[start : token.start()]))
            start, line, depth = token.end(), line + 1, 0
            first = line
        else:
            line += what.count("\n")
    return [*found, (first, text[start:])]


def _path(dotted: str) -> Path:
    return tuple(_key(part[0]) for part in _PART.finditer(dotted))


def _key(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    return str(tomllib.loads(f"k = {part}")["k"]) if part.startswith('"') else part


def _entered(path: Path, counts: dict[Path, int], *, is_array: bool) -> Path:
    """Return where a header leads: into the last item of each array of tables on its way."""
    here: Path = ()
    for number, key in enumerate(path):
        here = (*here, key)
        if is_array and number == len(path) - 1:
            counts[here] = counts.get(here, -1) + 1
        if here in counts:
            here = (*here, str(counts[here]))
    return here
