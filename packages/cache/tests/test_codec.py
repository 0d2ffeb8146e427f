"""Values are written so that they come back the same, and nobody can have us run what they wrote."""

from __future__ import annotations

import json
import pickle
import sys
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_cache import UnstorableValueError
from maestro_cache.codec import Codec
from maestro_cache.frame import Frame, marks, pack, unpack

ATOMS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.uuids()),
    *(st.datetimes(), st.datetimes(timezones=st.just(UTC)), st.dates(), st.times(), st.timedeltas()),
    st.decimals(allow_nan=False),
)
HASHABLE = st.one_of(st.integers(), st.text(), st.binary(), st.tuples(st.integers(), st.text()))
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(HASHABLE, inner),
        st.lists(inner).map(tuple),
        st.sets(HASHABLE),
        st.frozensets(HASHABLE),
        st.fixed_dictionaries({"$": inner}),
    ),
    max_leaves=15,
)


@given(VALUES)
def test_every_value_comes_back_the_same(value: Any) -> None:
    codec = Codec()
    found = codec.read("key", *codec.write("key", value))
    assert found == value
    assert type(found) is type(value)


@given(VALUES)
def test_with_and_without_orjson_they_read_each_other(value: Any) -> None:
    fast, plain = Codec(), Codec()
    plain._dumps = lambda each: json.dumps(each, separators=(",", ":")).encode()
    plain._loads = json.loads
    assert fast._loads is not json.loads
    assert plain.read("key", *fast.write("key", value)) == value
    assert fast.read("key", *plain.write("key", value)) == value


def test_it_works_without_orjson(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "orjson", None)
    codec = Codec()
    assert codec.write("key", ["ü", 1.5]) == (b"j", '["ü",1.5]'.encode())
    assert codec.read("key", b"j", b'["\xc3\xbc",1.5]') == ["ü", 1.5]


@dataclass
class Thing:
    """What JSON does not know."""

    name: str


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - what users have


class Text(str):
    """A text that is more than one."""

    __slots__ = ()


DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]
LOOP: list[Any] = []
LOOP.append(LOOP)
REFUSED = [
    *(
        Thing("x"),
        [Thing("x")],
        {"a": {1: Thing("x")}},
        Pair(1, 2),
        Text("x"),
        object(),
        range(3),
        lambda: 1,
        LOOP,
        DEEP,
    ),
    *("\ud800", ["\ud800"], datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))),
]


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: type(value).__name__)
def test_what_would_not_come_back_the_same_is_refused(value: Any) -> None:
    with pytest.raises(UnstorableValueError, match=r"cannot be stored as JSON.*pickle_key") as caught:
        Codec().write("key", value)
    assert caught.value.code == "unstorable_value"


def test_pickles_are_read_only_with_the_key_and_under_their_own_name() -> None:
    codec = Codec(b"k" * 32)
    kind, body = codec.write("key", Thing("x"))
    assert kind == b"p"
    assert codec.read("key", kind, body) == Thing("x")
    for reader, key, forged in [
        (codec, "another", body),
        (Codec(b"l" * 32), "key", body),
        (Codec(), "key", body),
        (codec, "key", body[:-1] + b"x"),
        (codec, "key", b"\0" * 32 + pickle.dumps("x")),
        (codec, "key", b""),
    ]:
        with pytest.raises(ValueError, match=r"cannot be read|does not read"):
            reader.read(key, kind, forged)


def test_what_cannot_be_pickled_is_refused() -> None:
    with pytest.raises(UnstorableValueError, match="cannot be pickled"):
        Codec(b"k" * 32).write("key", lambda: 1)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_hostile_bytes_are_an_error_and_nothing_else(raw: bytes, rest: bytes) -> None:
    codec = Codec(b"k" * 32)
    for hostile in (raw, b"\x01" + raw, b"\x01j\x00\x10" + raw + rest, b"\x01s\x00\x21" + raw + rest):
        try:
            frame = unpack(hostile)
            codec.read("key", frame.kind, frame.body)
        except ValueError:
            continue


@given(
    st.binary(),
    st.floats(0, 1e9),
    st.floats(0, 1e6),
    st.lists(st.tuples(st.text(min_size=1, max_size=60), st.integers(0, 2**63).map(lambda n: b"%d" % n)), max_size=5),
)
def test_a_frame_comes_back_the_same(body: bytes, stale: float, delta: float, stamps: list[tuple[str, bytes]]) -> None:
    frame = Frame(kind=b"j", body=body, stale_ms=stale, delta=delta, stamps=tuple(stamps))
    assert unpack(pack(frame, b"m" * 12)) == frame


def test_every_write_has_a_mark_of_its_own() -> None:
    one, another = marks(), marks()
    assert len({one() for _ in range(100)} | {another() for _ in range(100)}) == 200


def test_a_decimal_keeps_its_places() -> None:
    codec = Codec()
    assert str(codec.read("key", *codec.write("key", [Decimal("1.50")]))[0]) == "1.50"
