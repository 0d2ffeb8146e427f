"""Layers become one: keys are brought to the model's names, mappings merge deeply, anything else replaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .paths import Path, render
from .suggestions import did_you_mean

if TYPE_CHECKING:
    from .layers import Layer, Position, Precedence
    from .shape import Node, Shape

__all__ = ["Fitted", "Said", "Unknown", "fit", "fold", "given"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A key or variable that belongs to no setting, where it stands, and what was probably meant.

    `kind` is `key`, `variable`, `file` (in a folder of secrets), `profile` (no file belongs to it) or `source` (an
    optional one that is not there).
    """

    name: str
    position: Position
    hint: str
    kind: str = "key"

    def __str__(self) -> str:
        at = self.position
        if self.kind == "source":
            return f"{self.name}: {self.hint}"
        if self.kind == "profile":
            return f"no file belongs to the profile {self.name}; {self.hint}"
        where = f" ({at.source}{f':{at.line}' if at.line else ''})" if at.source != self.name else ""
        return f"the {self.kind} {self.name}{where} belongs to no setting; {self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A layer under the model's names; `renamed` maps a path to the key its source has used."""

    layer: Layer
    precedence: Precedence
    values: Mapping[str, Any]
    renamed: Mapping[Path, str] = field(default_factory=dict)
    unknown: tuple[Unknown, ...] = ()

    def position(self, path: Path) -> Position:
        """Return where the source has a path."""
        if self.renamed:
            path = tuple(self.renamed.get(path[: number + 1], key) for number, key in enumerate(path))
        return self.layer.position(path)


def fit(layer: Layer, precedence: Precedence, shape: Shape) -> Fitted:
    """Bring a layer to the model's names; keys that belong to no setting are taken out and listed."""
    renamed: dict[Path, str] = {}
    strange: list[tuple[Path, Node]] = []
    values = _fitted(layer.values, shape.root, (), renamed, strange)
    unknown = [_unknown_key(layer, path, node) for path, node in strange]
    unknown += [_unknown_variable(position, shape) for position in layer.unknown]
    return Fitted(layer=layer, precedence=precedence, values=values, renamed=renamed, unknown=tuple(unknown))


def _fitted(
    values: Mapping[str, Any], node: Node, path: Path, renamed: dict[Path, str], strange: list[tuple[Path, Node]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = node.keys.get(key)
        if name is None:
            child = node.item
            if child is None and not node.open:
                strange.append(((*path, key), node))
                continue
            name = key
        else:
            child = node.children[name]
            if name != key:
                renamed[*path, name] = key
        if child is not None and isinstance(value, dict) and (child.children or child.item is not None):
            value = _fitted(value, child, (*path, name), renamed, strange)  # noqa: PLW2901 - the same value, fitted
        found[name] = value
    return found


def _unknown_key(layer: Layer, path: Path, node: Node) -> Unknown:
    known = ", ".join(node.keys) or "none"
    hint = did_you_mean(path[-1], node.keys, otherwise=f"known here: {known}.")
    return Unknown(name=render(path), position=layer.position(path), hint=hint)


def _unknown_variable(position: Position, shape: Shape) -> Unknown:
    if position.variable is None:  # a file in a folder of secrets
        return Unknown(name=position.source, position=position, hint="rename it or take it away.", kind="file")
    known = [shape.variable(path) for path in shape.variables.values()]
    hint = did_you_mean(position.variable, known, otherwise="remove it, or use a prefix of its own.")
    return Unknown(name=position.variable, position=position, hint=hint, kind="variable")


def fold(layers: tuple[Fitted, ...]) -> dict[str, Any]:
    """Merge layers, low to high."""
    merged: dict[str, Any] = {}
    for each in layers:
        merged = _merge(merged, each.values)
    return merged


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        if isinstance(value, dict):
            merged[key] = _merge(below, value) if isinstance(below, dict) else value
        else:
            merged[key] = value
    return merged


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a layer says about a path: `raw`, which stands `at` the path itself or, as a whole, at a section above."""

    layer: Fitted
    raw: Any
    at: Path


def given(layers: tuple[Fitted, ...], path: Path) -> tuple[list[Said], int]:
    """Return what layers say about a path, high to low, and how many of them are still in force.

    A layer that puts something else than a mapping where the path goes through cuts off what lies below it; when
    nothing above it has the path, what it puts there is what the value was made of.
    """
    found: list[Said] = []
    alive: int | None = None
    for each in reversed(layers):
        at, raw = _reached(each.values, path)
        if at == path:
            found.append(Said(layer=each, raw=raw, at=at))
        elif alive is None and not isinstance(raw, Mapping):
            if not found:
                found.append(Said(layer=each, raw=raw, at=at))
            alive = len(found)
    return found, len(found) if alive is None else alive


def _reached(values: Any, path: Path) -> tuple[Path, Any]:
    """Follow a path as far as it goes; return how far that is, and what is there."""
    for number, key in enumerate(path):
        if isinstance(values, Mapping) and key in values:
            values = values[key]
        elif isinstance(values, list) and key.isdecimal() and int(key) < len(values):
            values = values[int(key)]
        else:
            return path[:number], values
    return path, values
