"""One record as one line of JSON: UTF-8, no raw control or line-separating character, no secret added or taken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

__all__ = ["Dumps", "escape_controls", "find_dumps", "json_line"]

Dumps = Callable[[Any], bytes]

# What JSON leaves raw and yet ends a line, or steers a terminal, somewhere: DEL, C1 controls, U+2028, U+2029.
_CONTROLS = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")


def find_dumps() -> Dumps:
    """Return orjson's `dumps` where the `fast` extra is installed, else an equal one on the standard library."""
    try:
        import orjson
    except ImportError:
        return stdlib_dumps
    return orjson.dumps


def stdlib_dumps(value: Any) -> bytes:
    """Serialise like orjson: compact, UTF-8."""
    return _ENCODER.encode(value).encode()


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def escape_controls(line: bytes) -> bytes:
    """Escape what JSON leaves raw; most lines hold nothing of it and come back as they are."""
    if line.isascii() and b"\x7f" not in line:
        return line
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0].decode()):04x}".encode(), line)


def json_line(record: dict[str, Any], dumps: Dumps) -> bytes:
    """Render a record of plain values."""
    return escape_controls(dumps(record)) + b"\n"
