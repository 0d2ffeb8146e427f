r"""Patterns for keys as Redis has them, for all stores: `*`, `?`, `[a-z]`, `[^a]`, `\` before what is literal."""

from __future__ import annotations

import re

__all__ = ["compiled", "escaped"]


def escaped(text: str) -> str:
    """A pattern that matches exactly `text`."""
    return re.sub(r"([*?\[\]\\^])", r"\\\1", text)


def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression that matches whole keys as `KEYS pattern` of Redis does."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            if not parts or parts[-1] != ".*":  # many in a row would only make it slow
                parts.append(".*")
        elif character == "?":
            parts.append(".")
        elif character == "[":
            text, position = _set(pattern, position)
            parts.append(text)
        elif character == "\\" and position < len(pattern):
            parts.append(re.escape(pattern[position]))
            position += 1
        else:
            parts.append(re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def _set(pattern: str, position: int) -> tuple[str, int]:
    """A set of characters that begins at `position`, after its `[`; an unclosed one ends with the pattern."""
    negated = pattern[position : position + 1] == "^"
    position += negated
    members: list[str] = []
    while position < len(pattern) and pattern[position] != "]":
        first = pattern[position]
        if first == "\\" and position + 1 < len(pattern):
            members.append(re.escape(pattern[position + 1]))
            position += 2
        elif pattern[position + 1 : position + 2] == "-" and position + 2 < len(pattern):
            low, high = sorted((first, pattern[position + 2]))
            members.append(f"{re.escape(low)}-{re.escape(high)}")
            position += 3
        else:
            members.append(re.escape(first))
            position += 1
    if not members:
        return ("." if negated else "(?!)"), position + 1
    return f"[{'^' if negated else ''}{''.join(members)}]", position + 1
