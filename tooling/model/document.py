"""A TOML file with its text kept beside its data, so that a fault can be shown at its line.

`tomllib` forgets where a value stood; the lines are found again by looking for the table's header and the key.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEADER = re.compile(r"\s*\[+\s*([^\[\]]+?)\s*\]+\s*(?:#.*)?$")
_LINE_IN_MESSAGE = re.compile(r"at line (\d+)")
_USERINFO = re.compile(r"(?<=://)[^/\s@\"']+@")


def masked(text: str) -> str:
    """The text with the user information of every URL in it replaced: a requirement may carry a password."""
    return _USERINFO.sub("***@", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed TOML file: where it is, its text as read, and its data."""

    path: Path
    text: str
    data: Mapping[str, object]

    def get(self, *keys: str) -> object:
        """The value at a path of keys; None where any of them is absent."""
        found: object = self.data
        for key in keys:
            if not isinstance(found, dict) or key not in found:
                return None
            found = found[key]
        return found

    def place(self, *keys: str, value: str = "") -> Place:
        """The line of a key - of `value` within it, when given - or of the nearest thing above it that exists."""
        lines = self.text.splitlines()
        index = _line_of_key(lines, keys)
        if value:
            start = index or 0
            quoted = (n for n in range(start, len(lines)) if f'"{value}"' in lines[n] or f"'{value}'" in lines[n])
            index = next(quoted, index)
        return _place(self.path, lines, index)


def read_document(path: Path) -> Document:
    """Read a TOML file.

    Raises:
        UsageError: WS02 when it cannot be read or is not UTF-8, WS03 when it is not TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}."
        raise UsageError("WS02", message, "Make the file readable.", place=Place(file=path)) from error
    except UnicodeDecodeError as error:
        message = f"Byte {error.start} of {path} is not UTF-8, which TOML requires."
        raise UsageError("WS02", message, "Save the file as UTF-8.", place=Place(file=path)) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{path.name} is not valid TOML: {error}."
        raise UsageError("WS03", message, "Correct the line shown.", place=_broken(path, text, error)) from error
    return Document(path=path, text=text, data=data)


def _broken(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Place:
    """Where parsing stopped: the line the message names, or the last one that holds something."""
    lines = text.splitlines()
    named = _LINE_IN_MESSAGE.search(str(error))
    filled = [number for number, line in enumerate(lines) if line.strip()]
    return _place(path, lines, int(named[1]) - 1 if named else max(filled, default=None))


def _place(path: Path, lines: list[str], index: int | None) -> Place:
    if index is None or index >= len(lines):
        return Place(file=path)
    return Place(file=path, line=index + 1, excerpt=masked(lines[index].strip()))


def _line_of_key(lines: list[str], keys: tuple[str, ...]) -> int | None:
    """The deepest line that names a prefix of `keys`: a table's header, or a key (plain or dotted) inside it."""
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if header and "=" not in line:
            table = _split(header[1])
            named = table
        elif "=" in line:
            named = table + _split(line.split("=", 1)[0])
        else:
            continue
        if named == keys[: len(named)] and (best is None or len(named) > best[0]):
            best = len(named), number
    return best[1] if best else None


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.strip().split("."))
