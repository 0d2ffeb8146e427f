"""Walks nested values and rebuilds only what has to change; the shared legs of redacting and rendering."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["TRUNCATED", "Walk"]

TRUNCATED = "[truncated]"
_SEQUENCES = (list, tuple, set, frozenset)
_PAIR = 2


@dataclasses.dataclass(slots=True, kw_only=True)
class Walk:
    """One pass over one value: `text`, `number`, `is_sensitive` and `replacement` come from a redactor.

    `leaf` gets everything that is neither text, number nor collection. Collections deeper than `max_depth` and values
    beyond `max_values` become `[truncated]`, which also ends cycles. With `plain`, collections come back as dicts and
    lists with text keys, as JSON has them.
    """

    text: Callable[[str], str]
    number: Callable[[int], Any]
    leaf: Callable[[Any], Any]
    is_sensitive: Callable[[object], bool]
    replacement: str
    max_depth: int
    max_values: int
    plain: bool = False

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the value itself, or its changed copy."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return self.number(value)
        if isinstance(value, (Mapping, *_SEQUENCES)) or _is_record(value):
            if depth >= self.max_depth:
                return TRUNCATED
            return self._collection(value, depth + 1)
        return self.leaf(value)

    def under(self, key: object, value: Any, depth: int) -> Any:
        """Return what may stand under a key: absence and booleans are no secrets."""
        if self.is_sensitive(key):
            absent = value is None or isinstance(value, bool) or (isinstance(value, (str, bytes)) and not value)
            return value if absent else self.replacement
        return self.value(value, depth)

    def _collection(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(value, value, depth)
        if isinstance(value, _SEQUENCES):
            return self._sequence(value, depth)
        return self._mapping(
            value, {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}, depth
        )

    def _mapping(self, original: Any, items: Mapping[Any, Any], depth: int) -> Any:
        named = _named_value(items)
        result: dict[Any, Any] = {}
        changed = False
        for key, value in items.items():
            if self._spent():
                result[TRUNCATED] = TRUNCATED
                changed = True
                break
            safe_key = self._key(key)
            if key == "value" and named is not None:
                safe = self.under(named, value, depth)
            else:
                safe = self.under(key, value, depth)
            changed = changed or safe is not value or safe_key is not key
            result[safe_key] = safe
        return result if changed or self.plain else original

    def _sequence(self, value: Any, depth: int) -> Any:
        result: list[Any] = []
        changed = False
        for item in value:
            if self._spent():
                result.append(TRUNCATED)
                changed = True
                break
            safe = self._item(item, depth)
            changed = changed or safe is not item
            result.append(safe)
        if self.plain:
            return result
        return _rebuilt(value, result) if changed else value

    def _key(self, key: Any) -> Any:
        if type(key) is str:
            return self.text(key)
        if not self.plain:
            return key
        if isinstance(key, str):
            return self.text(str.__str__(key))
        if key is None or isinstance(key, (bool, int, float)):
            return json.dumps(key)
        return self.text(key.decode("latin-1") if isinstance(key, bytes) else repr(key))

    def _item(self, item: Any, depth: int) -> Any:
        if not _is_header(item) or not self.is_sensitive(item[0]):
            return self.value(item, depth)
        name, value = item
        safe_name, safe = self.value(name, depth), self.under(name, value, depth)
        if self.plain:
            return [safe_name, safe]
        return item if safe is value and safe_name is name else (safe_name, safe)

    def _spent(self) -> bool:
        self.max_values -= 1
        return self.max_values < 0


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _is_header(item: Any) -> bool:
    """Tell whether an item is a pair as in a list of headers: `(b"authorization", b"...")`."""
    if type(item) is not tuple or len(item) != _PAIR:
        return False
    name = item[0]
    return (isinstance(name, str) and " " not in name) or (isinstance(name, bytes) and b" " not in name)


def _named_value(items: Mapping[Any, Any]) -> Any:
    """Return the name in `{"name": "DB_PASSWORD", "value": ...}`, the way environments are listed."""
    if "value" not in items:
        return None
    name = items.get("name", items.get("key"))
    return name if isinstance(name, str) else None


def _rebuilt(value: Any, items: list[Any]) -> Any:
    if isinstance(value, list):
        return items
    if isinstance(value, tuple):
        return value._make(items) if hasattr(value, "_make") else tuple(items)
    try:
        return frozenset(items) if isinstance(value, frozenset) else set(items)
    except TypeError:
        return items
