"""A model's JSON Schema without the secrets that its defaults may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maestro_core_logging import Redactor

    from .shape import Node

__all__ = ["schema_without_secrets"]

_VALUES = frozenset({"default", "examples", "const"})


def schema_without_secrets(schema: dict[str, Any], root: Node, redactor: Redactor) -> dict[str, Any]:
    """Return the schema with secrets among defaults and examples replaced.

    Definitions are shared between places, so a field counts as secret wherever one of its name is marked so.
    """
    marked = _secret_names(root)

    def is_secret(name: str) -> bool:
        return name in marked or redactor.is_sensitive_key(name)

    def shown(value: Any, *, secret: bool) -> Any:
        if isinstance(value, dict):
            return {key: shown(each, secret=secret or is_secret(key)) for key, each in value.items()}
        if isinstance(value, list):
            return [shown(each, secret=secret) for each in value]
        if secret and value not in {None, "", True, False}:
            return redactor.policy.replacement
        return redactor.redact(value)

    def walked(part: Any, *, secret: bool) -> Any:
        if isinstance(part, list):
            return [walked(each, secret=secret) for each in part]
        if not isinstance(part, dict):
            return part
        return {
            key: shown(each, secret=secret)
            if key in _VALUES
            else {name: walked(below, secret=secret or is_secret(name)) for name, below in each.items()}
            if key == "properties"
            else walked(each, secret=secret)
            for key, each in part.items()
        }

    found: dict[str, Any] = walked(schema, secret=False)
    return found


def _secret_names(node: Node) -> set[str]:
    names = {node.path[-1]} if node.secret and node.path else set()
    for child in node.children.values():
        names |= _secret_names(child)
    return names | (_secret_names(node.item) if node.item is not None else set())
