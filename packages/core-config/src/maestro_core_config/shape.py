"""What a model asks for, as a tree: its sections and settings, their variables, secrecy and keys."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import AliasChoices, AliasPath, BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from .base import PREFIX
from .fields import marks_of

if TYPE_CHECKING:
    from .paths import Path

__all__ = ["Node", "Shape", "fields_of", "is_section", "shape_of"]

_SECRETS = (pydantic.SecretStr, pydantic.SecretBytes, pydantic.Secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A setting, or a section of settings.

    `path` leads to it, with `*` for any key of a mapping. `keys` maps the keys a source may use to the names of
    `children`. `item` describes each value of a mapping. `open` nodes take keys that no field names; one without an
    `item` takes anything at any depth.
    """

    path: Path
    annotation: Any = None
    info: FieldInfo | None = None
    secret: bool = False
    restart: bool = False
    variable: str | None = None
    children: Mapping[str, Node] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    item: Node | None = None
    open: bool = False

    @property
    def required(self) -> bool:
        """Whether a value has to come from somewhere."""
        return self.info is not None and self.info.is_required()

    def child(self, key: str) -> Node | None:
        """Return the node below under a name or one of its other keys."""
        name = self.keys.get(key)
        if name is not None:
            return self.children[name]
        return self if self.item is None and self.open else self.item

    def leaves(self) -> Iterator[Node]:
        """Yield the settings below, in the order of their definition."""
        if not self.children:
            yield self
        for child in self.children.values():
            yield from child.leaves()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A model with its tree, and the names of all its variables.

    `variables` maps each variable's name in lower case to the path it sets; `exact` maps names given with `env=` to
    the derived name.
    """

    model: Any
    root: Node
    prefix: str
    delimiter: str
    variables: Mapping[str, Path]
    exact: Mapping[str, str]

    def node(self, path: Path) -> Node | None:
        """Return the node at a path of values, if the model knows one."""
        node: Node | None = self.root
        for key in path:
            node = node.child(key) if node is not None else None
        return node

    def variable(self, path: Path) -> str:
        """Return the name of the variable that sets a path."""
        node = self.node(path)
        return (node.variable if node else None) or derived(self.prefix, self.delimiter, path)


def derived(prefix: str, delimiter: str, path: Path) -> str:
    """Return the variable's name that follows from a path."""
    return (prefix + delimiter.join(path)).upper()


def shape_of(model: Any, prefix: str | None = None) -> Shape:
    """Read a model's shape; remembered per model.

    Args:
        model: a `BaseConfig`, another pydantic model, a pydantic dataclass or a plain dataclass.
        prefix: of the variables; None takes the model's own `env_prefix`, or `MAESTRO_`.

    Raises:
        TypeError: the model is of another kind, or uses something that cannot be explained.
    """
    if not isinstance(model, type) or not is_section(model):
        raise TypeError(f"{model!r} is no configuration model; derive it from BaseConfig.")
    if issubclass(model, BaseSettings):
        raise TypeError(f"{model.__name__} reads sources of its own; derive it from BaseConfig.")
    known: Any = model  # classes are hashable, whatever a type checker makes of a metaclass
    return _shape(known, prefix)


@lru_cache(maxsize=256)
def _shape(model: Any, prefix: str | None) -> Shape:
    config: Any = getattr(model, "model_config", {})
    if prefix is None:
        prefix = config.get("env_prefix", PREFIX)
    delimiter = config.get("env_nested_delimiter") or "__"
    root = _section((), model, marked=(False, False), seen=())
    variables: dict[str, Path] = {}
    exact: dict[str, str] = {}
    for node in _all(root):
        if "*" in node.path:
            continue
        name = derived(prefix, delimiter, node.path).lower()
        variables[name] = node.path
        if node.variable is not None:
            exact[node.variable.lower()] = name
    return Shape(model=model, root=root, prefix=prefix, delimiter=delimiter, variables=variables, exact=exact)


def _all(node: Node) -> Iterator[Node]:
    if node.path:
        yield node
    for child in node.children.values():
        yield from _all(child)


def is_section(kind: Any) -> bool:
    """Tell whether a type has fields of its own: a model or a dataclass."""
    return isinstance(kind, type) and (issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind))


def fields_of(kind: Any) -> dict[str, tuple[FieldInfo, Any]]:
    """Return the fields of a section with their dataclass metadata, in the order of their definition."""
    if not dataclasses.is_dataclass(kind):
        return {name: (info, None) for name, info in kind.model_fields.items()}
    if (own := getattr(kind, "__pydantic_fields__", None)) is not None:
        return {name: (info, None) for name, info in own.items()}
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: (_info(hints[each.name], each), each.metadata) for each in dataclasses.fields(kind) if each.init}


def _info(annotation: Any, each: dataclasses.Field[Any]) -> FieldInfo:
    if each.default is not dataclasses.MISSING:
        return FieldInfo.from_annotated_attribute(annotation, each.default)
    info = FieldInfo.from_annotation(annotation)
    if each.default_factory is not dataclasses.MISSING:
        info.default_factory = each.default_factory
    return info


def _section(path: Path, kind: type, *, marked: tuple[bool, bool], seen: tuple[type, ...], **more: Any) -> Node:
    children: dict[str, Node] = {}
    keys: dict[str, str] = {}
    for name, (info, metadata) in fields_of(kind).items():
        children[name] = _node((*path, name), info, metadata, marked=marked, seen=(*seen, kind))
        for key in (name, *_aliases(kind, name, info)):
            keys.setdefault(key, name)
    config: Any = getattr(kind, "model_config", None) or getattr(kind, "__pydantic_config__", None) or {}
    is_open = config.get("extra") == "allow"
    item = _typed((*path, "*"), Any, marked=marked, seen=seen) if is_open else None
    return Node(
        path=path,
        annotation=kind,
        children=children,
        keys=keys,
        item=item,
        open=is_open,
        secret=marked[0],
        restart=marked[1],
        **more,
    )


def _aliases(kind: type, name: str, info: FieldInfo) -> list[str]:
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    if any(isinstance(choice, AliasPath) for choice in choices):
        raise TypeError(f"{kind.__name__}.{name} uses AliasPath, whose origin cannot be told; use a plain alias.")
    return [choice for choice in choices if isinstance(choice, str)]


def _node(path: Path, info: FieldInfo, metadata: Any, *, marked: tuple[bool, bool], seen: tuple[type, ...]) -> Node:
    marks = marks_of(info, metadata)
    secret = marks.secret or marked[0] or _is_secret(info.annotation)
    restart = marks.restart or marked[1]
    return _typed(path, info.annotation, marked=(secret, restart), seen=seen, info=info, variable=marks.env)


def _typed(path: Path, annotation: Any, *, marked: tuple[bool, bool], seen: tuple[type, ...], **more: Any) -> Node:
    """Make the node for a type: a section, a mapping of something, or a setting."""
    members = list(_members(annotation))
    sections = [each for each in members if is_section(each) and each not in seen]
    if sections:
        found = [_section(path, each, marked=marked, seen=seen, **more) for each in sections]
        return found[0] if len(found) == 1 else _joined(found)
    for member in members:
        if isinstance(get_origin(member) or member, type) and issubclass(get_origin(member) or member, Mapping):
            arguments = get_args(member)
            value = arguments[1] if len(arguments) > 1 else Any
            item = _typed((*path, "*"), value, marked=marked, seen=seen)
            return Node(
                path=path, annotation=annotation, item=item, secret=marked[0], restart=marked[1], open=True, **more
            )
    takes_anything = annotation is Any or annotation is object
    return Node(path=path, annotation=annotation, secret=marked[0], restart=marked[1], open=takes_anything, **more)


def _joined(found: list[Node]) -> Node:
    """Join the sections of a union: what one of them knows, the whole knows."""
    children: dict[str, Node] = {}
    keys: dict[str, str] = {}
    for each in found:
        for name, child in each.children.items():
            children.setdefault(name, child)
        for key, name in each.keys.items():
            keys.setdefault(key, name)
    return dataclasses.replace(found[0], children=children, keys=keys, open=any(each.open for each in found))


def _members(annotation: Any) -> Iterator[Any]:
    """Yield a type, or the types of a union, without what `Annotated` and type aliases wrap around them."""
    annotation = getattr(annotation, "__value__", annotation)
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in {Union, types.UnionType}:
        for each in get_args(annotation):
            yield from _members(each)
    elif annotation is not type(None):
        yield annotation


def _is_secret(annotation: Any) -> bool:
    """Tell whether a secret type stands anywhere in a type."""
    if isinstance(annotation, type) and issubclass(annotation, _SECRETS):
        return True
    if get_origin(annotation) is Literal:
        return False
    return any(_is_secret(each) for each in get_args(annotation)) or (
        isinstance(get_origin(annotation), type) and issubclass(get_origin(annotation), _SECRETS)
    )
