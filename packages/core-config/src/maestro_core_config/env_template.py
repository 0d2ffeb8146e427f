"""All variables of a model as the text of a `.env` file to fill in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .masking import Mask, jsonable

if TYPE_CHECKING:
    from .shape import Node, Shape

__all__ = ["env_template"]


def env_template(shape: Shape) -> str:
    """Return one commented line per setting; required ones are open, secrets never have a value."""
    mask = Mask(shape)
    blocks = [_block(shape, node, mask) for node in shape.root.leaves() if "*" not in node.path]
    return "\n".join(blocks)


def _block(shape: Shape, node: Node, mask: Mask) -> str:
    described = (node.info.description or "") if node.info is not None else ""
    notes = [_kind(node.annotation)]
    if node.required:
        notes.append("required")
    if mask.is_secret(node.path):
        notes.append("secret")
    if node.restart:
        notes.append("needs a restart")
    lines = [f"# {line}" for line in described.splitlines()]
    lines.append(f"# ({', '.join(notes)})")
    value = "" if node.required else _default(node, mask)
    lines.append(f"{'' if node.required else '# '}{shape.variable(node.path)}={value}")
    return "\n".join(lines) + "\n"


def _default(node: Node, mask: Mask) -> str:
    if node.info is None or mask.is_secret(node.path) or node.info.default is None:
        return ""
    factory: Any = node.info.default_factory
    takes_data = node.info.default_factory_takes_validated_data
    default = node.info.default if factory is None else (None if takes_data else factory())
    value = mask.shown(node.path, default)
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(jsonable(value), ensure_ascii=False)
    return f"'{text}'" if any(each in text for each in ' #"$') else text


def _kind(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
