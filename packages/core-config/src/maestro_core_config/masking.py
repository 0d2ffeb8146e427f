"""Values as they may be shown: the redaction policy of the logs, the model's own secrets, and nothing else decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pydantic
from maestro_core_logging import Redactor
from pydantic import BaseModel, TypeAdapter

from .encryption import is_encrypted
from .shape import fields_of, is_section, shape_of

if TYPE_CHECKING:
    from .paths import Path
    from .shape import Node, Shape

__all__ = ["Mask", "leaf_values", "masked_values", "nested", "revealed", "shown_fields"]

_SECRETS = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)


class Mask:
    """Decides what is a secret in one model, and shows values without.

    `also` are further secret paths: those of encrypted values.
    """

    def __init__(self, shape: Shape, redactor: Redactor | None = None, also: frozenset[Path] = frozenset()) -> None:
        self._shape = shape
        self._redactor = redactor or default_redactor()
        self._also = also
        self._judged: dict[Path, bool] = {}

    @property
    def replacement(self) -> str:
        """What stands in place of a secret."""
        return self._redactor.policy.replacement

    def is_secret(self, path: Path) -> bool:
        """Tell whether a setting is a secret: marked, of a secret type, encrypted even in part, or called like one."""
        known = self._judged.get(path)
        if known is None:
            known = self._judged[path] = self._judge(path)
        return known

    def _judge(self, path: Path) -> bool:
        node: Node | None = self._shape.root
        for number, key in enumerate(path, start=1):
            node = node.child(key) if node is not None else None
            if (node is not None and node.secret) or self._redactor.is_sensitive_key(key):
                return True
            if path[:number] in self._also:
                return True
        return any(each[: len(path)] == path for each in self._also)

    def has_secrets_below(self, path: Path) -> bool:
        """Tell whether a section has a secret in it."""
        node = self._shape.node(path)
        return self.is_secret(path) or (node is not None and any(self.is_secret(each.path) for each in node.leaves()))

    def shown(self, path: Path, value: Any) -> Any:
        """Return a value as plain JSON types, without secrets; whether something is set at all may be seen."""
        if self.is_secret(path):
            plain = value.get_secret_value() if isinstance(value, _SECRETS) else value
            is_nothing = plain is None or isinstance(plain, bool) or (isinstance(plain, (str, bytes)) and not plain)
            return jsonable(plain) if is_nothing else self.replacement
        if is_encrypted(value):
            return self.replacement
        if type(value) is str:
            return self._redactor.redact_text(value)
        return self._redactor.redact(jsonable(value))

    def shown_object(self, path: Path, value: Any) -> Any:
        """Return a value without secrets, of its own type where nothing has to change."""
        shown = self.shown(path, value)
        return shown if self.is_secret(path) or shown != jsonable(value) else value

    def text(self, text: str) -> str:
        """Return a text without what the policy recognises."""
        return self._redactor.redact_text(text)


@lru_cache(maxsize=1)
def default_redactor() -> Redactor:
    """Return the redactor with the house's policy."""
    return Redactor()


@lru_cache(maxsize=1)
def _anything() -> TypeAdapter[Any]:
    return TypeAdapter(Any)


def jsonable(value: Any) -> Any:
    """Return a value as plain JSON types; secrets inside become stars, what JSON has no form for its name."""
    return _anything().dump_python(value, mode="json", fallback=_named)


def _named(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or f"<{type(value).__qualname__}>")


def shown_fields(config: Any, pairs: Iterable[tuple[str | None, Any]]) -> Iterator[tuple[str | None, Any]]:
    """Yield what the `repr` of a configuration shows of its fields; sections and secret types mask themselves."""
    mask = Mask(shape_of(type(config)))
    for name, value in pairs:
        masks_itself = isinstance(value, (*_SECRETS, BaseModel))
        yield name, value if name is None or masks_itself else mask.shown_object((name,), value)


def revealed(value: Any) -> Any:
    """Return a value with the secrets inside given out."""
    if isinstance(value, _SECRETS):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return {key: revealed(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [revealed(each) for each in value]
    if is_section(type(value)):
        return {name: revealed(each) for name, each in attributes(value)}
    return value


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a model or dataclass, extra ones included."""
    for name in fields_of(type(value)):
        yield name, getattr(value, name)
    if isinstance(value, BaseModel):
        yield from (value.__pydantic_extra__ or {}).items()


def leaf_values(node: Node | None, value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each setting's path and value; an empty mapping or an absent section is a setting itself."""
    if node is not None and is_section(type(value)) and (node.children or node.open or not path):
        for name, each in attributes(value):
            yield from leaf_values(node.child(name), each, (*path, name))
    elif node is not None and isinstance(value, Mapping) and value and (node.item or node.children or node.open):
        for key, each in value.items():
            yield from leaf_values(node.child(str(key)), each, (*path, str(key)))
    else:
        yield path, value


def nested(pairs: Iterator[tuple[Path, Any]]) -> dict[str, Any]:
    """Build nested dicts of paths and values."""
    found: dict[str, Any] = {}
    for path, value in pairs:
        here = found
        for key in path[:-1]:
            here = here.setdefault(key, {})
        here[path[-1]] = value
    return found


def masked_values(shape: Shape, config: Any, mask: Mask | None = None) -> dict[str, Any]:
    """Return a configuration as nested plain values without secrets."""
    mask = mask or Mask(shape)
    return nested((path, mask.shown(path, value)) for path, value in leaf_values(shape.root, config))
