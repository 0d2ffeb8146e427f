"""Paths of settings as people write them: `database.pool.size`, with quotes where a key itself has a dot."""

from __future__ import annotations

import json
import re
from typing import TypeAlias

from .errors import ConfigError

__all__ = ["Path", "parse", "render"]

Path: TypeAlias = tuple[str, ...]
"""A setting's place: the keys that lead to it, list items by their number as text."""

_PLAIN = re.compile(r"[^\s.\"]+")
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+')


def render(path: Path) -> str:
    """Write a path with dots; a key that has a dot, a blank or a quote, or is empty, stands in JSON quotes."""
    return ".".join(part if _PLAIN.fullmatch(part) else json.dumps(part, ensure_ascii=False) for part in path)


def parse(text: str | Path) -> Path:
    """Read what `render` writes; a tuple of keys is taken as it is.

    Raises:
        ConfigError: the text is no path.
    """
    if not isinstance(text, str):
        return tuple(text)
    parts: list[str] = []
    at = 0
    while match := _PART.match(text, at):
        part = match[0]
        parts.append(json.loads(part) if part.startswith('"') else part)
        at = match.end()
        if at == len(text):
            return tuple(parts)
        if text[at] != ".":
            break
        at += 1
    raise ConfigError(f"{text!r} is no path of a setting; write it like database.port.")
