"""YAML in the block style people write, with comments; the same text for the same value, whatever is installed.

Generated files are compared with what stands in the repository, so their bytes may not depend on a library's release.
Only what workflows need is here: mappings, sequences, texts, numbers, true and false.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A letter first, then nothing that YAML, or a reader of YAML 1.1, could take for anything but a text.
_PLAIN = re.compile(r"\.?[A-Za-z](?:[\w./@() -]*[\w./@()])?")
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_KEY = re.compile(r"\.?[A-Za-z_](?:[\w .-]*[\w-])?")
_STEP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A scalar with a comment behind it."""

    value: str | int | bool
    note: str


Node = str | int | bool | Noted | dict[str, "Node"] | list["Node"]


def to_yaml(value: Mapping[str, Node], heading: Sequence[str] = ()) -> str:
    """The mapping as a YAML document, `heading` above it as comments."""
    return "\n".join([*(f"# {line}" for line in heading), *_mapping(value, "")]) + "\n"


def _mapping(value: Mapping[str, Node], indent: str) -> Iterator[str]:
    for key, each in value.items():
        yield from _entry(f"{indent}{_key(key)}:", each, indent + _STEP)


def _entry(head: str, value: Node, indent: str) -> Iterator[str]:
    if isinstance(value, dict) and value:
        yield head
        yield from _mapping(value, indent)
    elif isinstance(value, list) and value:
        yield head
        yield from _sequence(value, indent)
    elif isinstance(value, str) and _is_block(value):
        yield f"{head} |"
        yield from (f"{indent}{line}".rstrip() for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _sequence(values: Sequence[Node], indent: str) -> Iterator[str]:
    for each in values:
        if isinstance(each, dict) and each:
            first, *others = _mapping(each, indent + _STEP)
            yield f"{indent}- {first.lstrip()}"
            yield from others
        else:
            yield from _entry(f"{indent}-", each, indent + _STEP)


def _scalar(value: Node) -> str:
    if isinstance(value, Noted):
        return f"{_scalar(value.value)} # {value.note}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT else _quoted(value)
    return "{}" if value == {} else "[]" if value == [] else str(value)


def _quoted(text: str) -> str:
    """In double quotes, or in single ones where those save escaping."""
    single = text.isprintable() and "'" not in text and ('"' in text or "\\" in text)
    return f"'{text}'" if single else json.dumps(text, ensure_ascii=False)


def _key(key: str) -> str:
    return key if key == "on" or (_KEY.fullmatch(key) and key.lower() not in _NOT_TEXT) else _quoted(key)


def _is_block(text: str) -> bool:
    """Whether a literal block shows the text as it is: several lines that begin and end with something to see."""
    lines = text.removesuffix("\n").split("\n")
    seen = text.endswith("\n") and all(line.isprintable() and line == line.rstrip() for line in lines)
    return seen and bool(lines[0].strip()) and not lines[0].startswith(" ") and bool(lines[-1])
