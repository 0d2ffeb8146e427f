"""Secrets known by their name in running text: `password=x`, `"token": "x"`, `Cookie: x`, `--secret x`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NamedSecrets"]

_QUOTED = r"""(?:[bru]{0,2}"(?:[^"\\]|\\.)*(?:"|\Z)|[bru]{0,2}'(?:[^'\\]|\\.)*(?:'|\Z)|\\+"[^"\\]*\\+")"""
_SCHEME = r"(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate|Signature)(?:\s+|%20|\+)"
_BARE = r"""[^\s"'&;,)}\]>]+"""

_NAME = re.compile(
    r"""(?:(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<![\w.%]))(?P<key>[A-Za-z_][\w.-]{0,127}|\d[\w-]{0,15}[_-][\w.-]{1,64})(?:\\*["'])?\]?"""
    r"""\s{0,4}(?:==?|=>|:=?|%3[DdAa])\s{0,4}"""
)
_VALUE = re.compile(rf"{_QUOTED}|(?:{_SCHEME})?{_BARE}", re.IGNORECASE)
_QUOTE = re.compile(r"""[bru]{0,2}(\\*["'])""", re.IGNORECASE)
# A header keeps its name's secret up to the end of its line: `Cookie: a=1; b=2`.
_HEADER = re.compile(
    r"""(?<![\w.-])(?P<before>(?P<key>(?:proxy-)?authorization|(?:set-)?cookie):\s*)(?P<value>[^\r\n"']+)""",
    re.IGNORECASE,
)
_OPTION = re.compile(
    r"""(?<![\w-])(?P<before>--(?P<key>[A-Za-z][\w-]{1,64})(?:["'],\s*["']|\s+["']?))"""
    r"""(?P<value>(?<=["'])[^"']+|(?!-)[^\s"']+)"""
)
_NOTHING = frozenset({"none", "null", "true", "false", '""', "''"})


class NamedSecrets:
    """Replaces values that stand beside a sensitive name; quotes stay, `None` and booleans stay."""

    name = "named"

    def __init__(self, is_sensitive: Callable[[object], bool], replacement: str) -> None:
        self._is_sensitive = is_sensitive
        self._replacement = replacement

    def redact(self, text: str) -> str:
        """Replace every named secret in a text."""
        if ":" in text:
            text = _HEADER.sub(self._after_name, text)
        if "=" in text or ":" in text or "%3" in text:
            text = self._assigned(text)
        if "--" in text:
            text = _OPTION.sub(self._after_name, text)
        return text

    def _after_name(self, match: re.Match[str]) -> str:
        return match["before"] + self._replacement if self._is_sensitive(match["key"]) else match[0]

    def _assigned(self, text: str) -> str:
        """Replace assigned values; the value of a harmless name is searched in its turn (`url=/?token=x`)."""
        kept: list[str] = []
        done = 0
        for name in _NAME.finditer(text):
            if name.start() < done or not self._is_sensitive(name["key"]):
                continue
            value = _VALUE.match(text, name.end())
            if value is None or self._is_replaced(text, name.end()) or value[0].lower() in _NOTHING:
                continue
            quote = _QUOTE.match(value[0])
            mark = quote[1] if quote else ""
            kept += (text[done : name.end()], mark, self._replacement, mark)
            done = value.end()
        return "".join((*kept, text[done:])) if kept else text

    def _is_replaced(self, text: str, start: int) -> bool:
        end = start + len(self._replacement)
        return text.startswith(self._replacement, start) and _VALUE.match(text, end) is None
