"""YAML with the line of every value, read as YAML 1.2 reads scalars; tags and duplicate keys are errors.

`no`, `off` and `12:30:45` stay texts, as in YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), so
that a country is not False and a time not a number of seconds; pydantic turns texts into what a field wants.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from maestro_core_config.errors import MissingExtraError

from .text import Parsed, TextError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from maestro_core_config.paths import Path

__all__ = ["parse_yaml"]

_DEEPEST = 100
_MOST_NODES = 200_000
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_QUOTED_WORDS = re.compile(r"'[^']*[\w][^']*'")


def parse_yaml(text: str) -> Parsed:
    """Parse a YAML document whose top is a mapping; an empty one has no values.

    Raises:
        TextError: it is not well-formed, has tags, duplicate keys, several documents, or aliases without end.
        MissingExtraError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("Reading YAML", extra="yaml") from None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reader = _Reader(yaml.parse(text, Loader=loader))
        values = reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = _QUOTED_WORDS.sub("something", error.problem or "it cannot be read")
        raise TextError(f"is not valid YAML: {said}", line=mark.line + 1 if mark else None) from None
    except yaml.YAMLError:
        raise TextError("is not valid YAML: it holds a character that YAML does not allow") from None
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise TextError("does not hold a mapping at its top; write it as `key: value`", line=1)
    lines = reader.lines
    return Parsed(values=cast("dict[str, Any]", values), lines=lambda: lines)


class _Reader:
    """Builds values of parser events; what an alias repeats is built again, up to a number of values in all."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Any] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self.lines: dict[Path, int] = {}

    def document(self) -> Any:
        """Return the value of the only document."""
        value: Any = None
        documents = 0
        for event in self._events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise TextError("holds several documents; keep one", line=_line(event))
            elif kind not in {"StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"}:
                value = self._value(event, ())
        return value

    def _value(self, event: Any, path: Path) -> Any:
        self._count(event, path)
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event)
        if event.tag is not None:
            raise TextError("uses a tag (!); write plain values, the model knows their types", line=_line(event))
        anchor = event.anchor
        if anchor is not None:
            self._open.add(anchor)
        if kind == "ScalarEvent":
            value = event.value if event.style else _scalar(event.value, event)
        else:
            value = self._mapping(path) if kind == "MappingStartEvent" else self._sequence(path)
        if anchor is not None:
            self._open.discard(anchor)
            self._anchors[anchor] = value
        return value

    def _count(self, event: Any, path: Path) -> None:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise TextError(
                "holds too many values, aliases counted as what they repeat; repeat less", line=_line(event)
            )
        if len(path) > _DEEPEST:
            raise TextError("is nested too deeply; flatten it", line=_line(event))

    def _alias(self, event: Any) -> Any:
        if event.anchor in self._open or event.anchor not in self._anchors:
            raise TextError("uses an alias (*) that no complete value before it has named", line=_line(event))
        value = self._anchors[event.anchor]
        self._nodes += _size(value, _MOST_NODES - self._nodes)
        self._count(event, ())
        return value

    def _sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        for event in self._events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            here = (*path, str(len(found)))
            self.lines[here] = _line(event)
            found.append(self._value(event, here))
        return found

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for event in self._events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self._key(event)
            here = (*path, key)
            if key == "<<" and not event.style:
                merged = self._merged(next(self._events), here)
                continue
            if key in found:
                raise TextError("has the same key twice; keep one of them", line=_line(event))
            self.lines[here] = _line(event)
            found[key] = self._value(next(self._events), here)
        return {**merged, **found}

    def _key(self, event: Any) -> str:
        if type(event).__name__ != "ScalarEvent":
            raise TextError("has a key that is no plain text", line=_line(event))
        if event.tag is not None:
            raise TextError("uses a tag (!); write plain keys", line=_line(event))
        if event.anchor is not None:
            self._anchors[event.anchor] = event.value
        return str(event.value)

    def _merged(self, event: Any, path: Path) -> dict[str, Any]:
        """Return what a merge key (<<) brings in: one mapping, or several, the first of which wins."""
        line = _line(event)
        value = self._value(event, path)
        found: dict[str, Any] = {}
        for each in reversed(value if isinstance(value, list) else [value]):
            if not isinstance(each, dict):
                raise TextError("merges (<<) something that is no mapping", line=line)
            found.update(each)
        self.lines.update({(*path[:-1], key): line for key in found})
        return found


def _scalar(text: str, event: Any) -> Any:
    """Return what a plain scalar means in the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        try:
            return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
        except ValueError:
            raise TextError("holds a number with too many digits", line=_line(event)) from None
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text


def _size(value: Any, most: int) -> int:
    """Count the values in a value, giving up beyond `most`."""
    waiting, count = [value], 0
    while waiting and count <= most:
        each = waiting.pop()
        count += 1
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return count


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
