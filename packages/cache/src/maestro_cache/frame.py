"""How a value lies in Redis: an integer as its digits, everything else behind a header.

    byte 0      1
    byte 1      kind of the body: s, b, i, j, p
    bytes 2-3   length of the header
    bytes 4-15  the mark: another one with every write, so that a change can be told
    then, only when the value has tags or may be served stale or was computed:
    8 bytes     milliseconds that it may be stale, double
    8 bytes     seconds that its making took, double
    1 byte      number of tags; for each, its name and its version, both with a length of two bytes before

All numbers are big-endian. The scripts read the same header in Lua. A value that is an integer without any of this is
its decimal digits and nothing else, so that Redis itself can count it up and others can read it.
"""

from __future__ import annotations

import itertools
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MARK_LENGTH", "Frame", "marks", "pack", "unpack"]

MARK_LENGTH = 16  # bytes from the beginning that tell one write from another
_SHORT = struct.Struct(">ccH12s")
_LONG = struct.Struct(">ddB")
_MAGIC = b"\x01"
_DIGITS = 20  # of an integer of 64 bits, with its sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands before a body. `stale_ms` milliseconds, `delta` seconds, `stamps` tags and their versions."""

    kind: bytes
    body: bytes
    stale_ms: float = 0.0
    delta: float = 0.0
    stamps: tuple[tuple[str, bytes], ...] = ()


def marks() -> Callable[[], bytes]:
    """A source of marks that no other process and no earlier call gives: 8 random bytes and a counter."""
    origin, counter = os.urandom(8), itertools.count(1)
    return lambda: origin + (next(counter) & 0xFFFFFFFF).to_bytes(4, "big")


def pack(frame: Frame, mark: bytes) -> bytes:
    """The bytes to store."""
    if not (frame.stale_ms or frame.delta or frame.stamps):
        if frame.kind == b"i":
            return frame.body
        return _SHORT.pack(_MAGIC, frame.kind, _SHORT.size, mark) + frame.body
    parts = [_LONG.pack(frame.stale_ms, frame.delta, len(frame.stamps))]
    for tag, version in frame.stamps:
        name = tag.encode()
        parts += [len(name).to_bytes(2, "big"), name, len(version).to_bytes(2, "big"), version]
    rest = b"".join(parts)
    return _SHORT.pack(_MAGIC, frame.kind, _SHORT.size + len(rest), mark) + rest + frame.body


def unpack(raw: bytes) -> Frame:
    """The frame; ValueError for bytes that `pack` did not make."""
    if raw[:1] != _MAGIC:
        return Frame(kind=b"i", body=_digits(raw))
    try:
        _magic, kind, size, _mark = _SHORT.unpack_from(raw)
        if size == _SHORT.size:
            return Frame(kind=kind, body=raw[size:])
        stale_ms, delta, number = _LONG.unpack_from(raw, _SHORT.size)
        position = _SHORT.size + _LONG.size
        stamps = []
        for _ in range(number):
            tag, position = _text(raw, position)
            version, position = _text(raw, position)
            stamps.append((tag.decode(), version))
    except struct.error as error:
        raise ValueError(f"a broken header: {error}") from error
    if position != size:
        raise ValueError("a broken header: its length is not its own")
    return Frame(kind=kind, body=raw[size:], stale_ms=stale_ms, delta=delta, stamps=tuple(stamps))


def _digits(raw: bytes) -> bytes:
    if not raw or len(raw) > _DIGITS or not raw.removeprefix(b"-").isdigit():
        raise ValueError("no value of this cache")
    return raw


def _text(raw: bytes, position: int) -> tuple[bytes, int]:
    begin = position + 2
    end = begin + int.from_bytes(raw[position:begin], "big")
    if end > len(raw):
        raise ValueError("a broken header: it ends too early")
    return raw[begin:end], end
