"""Values as bytes that come back with the type they had."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import pickle
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from maestro_cache.errors import UnstorableValueError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Codec"]

_SHORTEST_KEY = 16  # bytes
_MAC = 32  # bytes of HMAC-SHA256
_MARK = "$"  # the one key of an object that stands for a value JSON does not have
_ATOMS = frozenset({str, int, float, bool, type(None)})
_COLLECTIONS: tuple[Any, ...] = (tuple, set, frozenset)
_NATIVE = range(-(2**63), 2**63)

_WRITE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    bytes: ("bytes", lambda value: value.hex()),
    datetime: ("datetime", lambda value: [value.isoformat(), value.fold]),
    date: ("date", date.isoformat),
    time: ("time", lambda value: [value.isoformat(), value.fold]),
    timedelta: ("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: ("decimal", str),
    UUID: ("uuid", lambda value: value.hex),
}
_READ: dict[str, Callable[[Any], Any]] = {
    "bytes": bytes.fromhex,
    "datetime": lambda parts: datetime.fromisoformat(parts[0]).replace(fold=parts[1]),
    "date": date.fromisoformat,
    "time": lambda parts: time.fromisoformat(parts[0]).replace(fold=parts[1]),
    "timedelta": lambda parts: timedelta(*parts),
    "decimal": Decimal,
    "uuid": UUID,
    "int": int,
    "float": float,
}


class Codec:
    """Writes a value as a kind, one byte, and a body; reads it back.

    Texts, bytes and integers are written as they are, all else as JSON in which an object with the one key `$` stands
    for what JSON lacks: bytes, datetime, date, time, timedelta, Decimal, UUID, tuple, set, frozenset, dicts whose keys
    are no texts, integers beyond 64 bits, and floats that are not finite. Anything else is pickled when there is a
    `pickle_key`, under an HMAC of key and body, so that nobody without it can have us load a pickle; or is refused.
    """

    def __init__(self, pickle_key: bytes | None = None) -> None:
        if pickle_key is not None:
            if not isinstance(pickle_key, bytes):
                raise TypeError("pickle_key must be bytes; encode it")
            if len(pickle_key) < _SHORTEST_KEY:
                raise ValueError(
                    f"pickle_key must have at least {_SHORTEST_KEY} bytes; make one by secrets.token_bytes(32)"
                )
        self._pickle_key = pickle_key
        self._dumps, self._loads = _json()

    def write(self, key: str, value: Any) -> tuple[bytes, bytes]:
        """The kind and the body; UnstorableValueError when it would not come back the same."""
        kind = type(value)
        try:
            if kind is str:
                return b"s", value.encode()
            if kind is bytes:
                return b"b", value
            if kind is int and value in _NATIVE:
                return b"i", b"%d" % value
            return b"j", self._dumps(_plain(value))
        except (_NotPlainError, RecursionError, TypeError, ValueError) as error:  # TypeError: orjson's, of depth
            if self._pickle_key is None:
                raise UnstorableValueError(
                    f"the value of {key!r} cannot be stored as JSON: {error}; "
                    "store what it is made of, or give the cache a pickle_key",
                    key=key,
                ) from None
        return b"p", self._pickled(key, value)

    def _pickled(self, key: str, value: Any) -> bytes:
        try:
            body = pickle.dumps(value, protocol=5)
        except Exception as error:
            raise UnstorableValueError(f"the value of {key!r} cannot be pickled: {error}", key=key) from error
        return self._mac(key, body) + body

    def _mac(self, key: str, body: bytes) -> bytes:
        assert self._pickle_key is not None
        name = key.encode()
        return hmac.digest(self._pickle_key, b"%d:%b%b" % (len(name), name, body), hashlib.sha256)

    def read(self, key: str, kind: bytes, body: bytes) -> Any:
        """The value; ValueError when it was not written by `write` under this key."""
        try:
            if kind == b"s":
                return body.decode()
            if kind == b"b":
                return body
            if kind == b"i":
                return int(body)
            if kind == b"j":
                return _restored(self._loads(body)) if b'"$"' in body else self._loads(body)
            if kind == b"p" and self._pickle_key is not None:
                mac, pickled = body[:_MAC], body[_MAC:]
                if hmac.compare_digest(mac, self._mac(key, pickled)):
                    return pickle.loads(pickled)  # noqa: S301 - signed by somebody who has our key
        except Exception as error:
            raise ValueError(f"the value of {key!r} cannot be read: {error}") from error
        raise ValueError(f"the value of {key!r} is of a kind that this cache does not read")


class _NotPlainError(Exception):
    pass


def _plain(value: Any) -> Any:
    """The value in terms of JSON alone."""
    kind = type(value)
    if kind in _ATOMS:
        return _atom(kind, value)
    if kind is list:
        return [_plain(each) for each in value]
    if kind is dict:
        if _MARK not in value and all(type(key) is str for key in value):
            return {_plain(key): _plain(each) for key, each in value.items()}
        return {_MARK: ["dict", [[_plain(key), _plain(each)] for key, each in value.items()]]}
    if kind in _COLLECTIONS:
        return {_MARK: [kind.__name__, [_plain(each) for each in value]]}
    if kind not in _WRITE:
        raise _NotPlainError(f"{kind.__module__}.{kind.__qualname__} is no type that it knows")
    if kind in (datetime, time) and not _has_plain_zone(value):
        raise _NotPlainError(f"{value!r} has a time zone with rules, which an offset does not keep")
    name, write = _WRITE[kind]
    return {_MARK: [name, write(value)]}


def _atom(kind: type, value: Any) -> Any:
    if kind is str:
        value.encode()  # a lone surrogate is no text
    elif kind is int and value not in _NATIVE:
        return {_MARK: ["int", str(value)]}
    elif kind is float and not math.isfinite(value):
        return {_MARK: ["float", repr(value)]}
    return value


def _has_plain_zone(value: datetime | time) -> bool:
    return value.tzinfo is None or type(value.tzinfo) is timezone


def _restored(value: Any) -> Any:
    """What `_plain` made this of."""
    if type(value) is list:
        return [_restored(each) for each in value]
    if type(value) is not dict:
        return value
    if _MARK not in value:
        return {key: _restored(each) for key, each in value.items()}
    name, body = value[_MARK]
    if name == "dict":
        return {_restored(key): _restored(each) for key, each in body}
    for collection in _COLLECTIONS:
        if name == collection.__name__:
            return collection(map(_restored, body))
    return _READ[name](body)


def _json() -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    """The functions of orjson (extra `fast`) or of the standard library, which read what the others wrote."""
    try:
        import orjson
    except ImportError:
        encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
        return (lambda value: encode(value).encode()), json.loads
    return orjson.dumps, orjson.loads
