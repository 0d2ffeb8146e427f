"""What a server says about an error, found in the many shapes it says it in.

The six shapes of Nexus' REST API and the page of its repository paths are in nexus-protocol 1.6, 3.1 and 3.2; other
indexes put their words into the reason phrase.
"""

from __future__ import annotations

import html
import json
import re

_LONGEST = 300
_WRAPPED = re.compile(r"ValidationErrorXO\{id='[^']{0,200}', message='(?P<message>.*)'\}", re.DOTALL)
_SECTION = re.compile(r"<div[^<>]{0,200}content-section[^<>]{0,200}>(?P<message>.*?)</div>", re.DOTALL)
_FAULT = re.compile(r"^ERROR: \(ID [^)]{0,100}\)\s*")
_FROZEN_FAULT = re.compile(r":?\s*\(ID [^)]{0,100}\)$")
_TAG = re.compile(r"<[^<>]*>")


def message_in(content_type: str, body: str, reason: str) -> str:
    """Return the server's own words, on one line, bounded; empty when it said nothing.

    Args:
        content_type: the header's value; empty when absent.
        body: the beginning of the answer's text.
        reason: the reason phrase, the last resort.
    """
    text = body.strip()
    for found in (_from_json(text), _from_wrapper(text), _from_page(text), _from_plain(content_type, text)):
        if found:
            return _one_line(found)
    return _one_line(reason)


def _from_json(text: str) -> str:
    """Read `[{id, message}]`, `{id, message}`, a bare string, and what other servers call `detail` or `error`."""
    if text[:1] not in {"[", "{", '"'}:
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    entries = value if isinstance(value, list) else [value]
    return "; ".join(filter(None, map(_said, entries)))


def _said(entry: object) -> str:
    if isinstance(entry, dict):
        entry = next((entry[key] for key in ("message", "detail", "error") if entry.get(key)), "")
    return _unquoted(entry) if isinstance(entry, str) else ""


def _unquoted(text: str) -> str:
    """Strip one pair of quotes: messages raised with an explicit JSON type carry a literal pair."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _from_wrapper(text: str) -> str:
    found = _WRAPPED.search(text)
    return _unquoted(found["message"]) if found else ""


def _from_page(text: str) -> str:
    found = _SECTION.search(text)
    return html.unescape(_TAG.sub(" ", found["message"])) if found else ""


def _from_plain(content_type: str, text: str) -> str:
    if not content_type.lower().startswith("text/plain"):
        return ""
    return _FROZEN_FAULT.sub("", _FAULT.sub("", text))


def _one_line(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
