"""Variables become nested values: pydantic-settings decodes them, we keep who set what and collect every mistake."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

import pydantic
from pydantic_settings import EnvSettingsSource

from .errors import Problem
from .layers import Layer, Position
from .paths import Path, render
from .shape import Node, Shape, fields_of, is_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["layer_of_variables"]

# Other libraries of the house read these themselves, under the prefix that is everybody's default.
_ELSEWHERE = ("maestro_encryption_key", "maestro_cache_", "maestro_test_", "maestro_require_")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A variable that sets something: its derived name, its real name, its text and the path it sets."""

    derived: str
    name: str
    text: str
    path: Path


def layer_of_variables(
    name: str,
    variables: Mapping[str, str],
    shape: Shape,
    where: Callable[[str], Position],
    *,
    prefix: str,
    all_ours: bool = False,
) -> Layer:
    """Read the variables that belong to a model.

    Args:
        name: of the layer.
        variables: all there are; those without the prefix and without a field's `env=` are passed over.
        shape: of the model.
        where: the position of a variable by its name.
        prefix: what the names begin with; without one, names that belong to no setting are somebody else's.
        all_ours: names that belong to no setting are reported in any case.
    """
    found, unknown = _sorted_out(variables, shape, prefix.lower(), all_ours=all_ours or bool(prefix))
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for top in dict.fromkeys(each.path[0] for each in found):
        mine = [each for each in found if each.path[0] == top]
        values.update(_decoded(_source(shape), top, mine, where, problems))
    values = _named(values, shape.root)
    return Layer(
        name=name,
        values=values,
        positions={each.path: where(each.name) for each in found},
        unknown=tuple(where(each) for each in unknown),
        problems=tuple(problems),
    )


def _sorted_out(
    variables: Mapping[str, str], shape: Shape, prefix: str, *, all_ours: bool
) -> tuple[list[_Given], list[str]]:
    found: list[_Given] = []
    unknown: list[str] = []
    own = shape.prefix.lower()
    exact = set(shape.exact.values())
    skip_empty = bool(getattr(shape.model, "model_config", {}).get("env_ignore_empty"))
    for name, text in variables.items():
        if skip_empty and not text:
            continue
        lower = name.lower()
        derived = shape.exact.get(lower)
        if derived is None:
            if not lower.startswith(prefix):
                continue
            derived = own + lower[len(prefix) :]
        path = _path(derived, shape) if derived not in exact or lower in shape.exact else None
        if path is not None:
            found.append(_Given(derived=derived, name=name, text=text, path=path))
        elif all_ours and not lower.startswith(_ELSEWHERE):
            unknown.append(name)
    return found, unknown


def _path(derived: str, shape: Shape) -> Path | None:
    """Return the path a variable sets: that of a field, or one below a mapping that takes any key."""
    known = shape.variables.get(derived)
    if known is not None:
        return known
    head, delimiter = derived, shape.delimiter.lower()
    while delimiter in head[len(shape.prefix) :]:
        head = head.rpartition(delimiter)[0]
        known = shape.variables.get(head)
        if known is not None:
            return _below(known, derived[len(head) + len(delimiter) :].split(delimiter), shape)
    return None


def _below(path: Path, rest: Iterable[str], shape: Shape) -> Path | None:
    node = shape.node(path)
    for key in rest:
        if node is None or not key:
            return None
        name = next((name for other, name in node.keys.items() if other.lower() == key), None)
        if name is None and not node.open:
            return None
        path = (*path, name or key)
        node = node.child(name or key)
    return path


def _named(values: dict[str, Any], node: Node) -> dict[str, Any]:
    """Give keys that came out of variables, in lower case, the letters of the model's names."""
    names = {key.lower(): name for key, name in node.keys.items()}
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = key if key in node.keys else names.get(key.lower(), key)
        child = node.child(name)
        found[name] = _named(value, child) if child is not None and isinstance(value, dict) else value
    return found


def _decoded(
    source: _Decoder, top: str, mine: list[_Given], where: Callable[[str], Position], problems: list[Problem]
) -> dict[str, Any]:
    """Decode the variables of one top field; one that is no JSON where JSON is due is left out and reported."""
    while mine:
        try:
            return source.decode(top, {each.derived: each.text for each in mine})
        except (ValueError, RecursionError):
            bad = next((each for each in mine if each.text is source.last), mine[0])
            at = where(bad.name)
            problems.append(
                Problem(
                    path=render(bad.path),
                    message='is not valid JSON, which a list or a section needs; write it like ["a", "b"]',
                    source=at.source,
                    line=at.line,
                    variable=at.variable,
                )
            )
            mine = [each for each in mine if each is not bad]
    return {}


class _Decoder(EnvSettingsSource):
    """pydantic-settings' reader of the environment, given its variables; `last` is the text it decoded last."""

    last: str | None = None

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """Decode JSON as the parent does."""
        self.last = value
        return super().decode_complex_value(field_name, field, value)

    def decode(self, top: str, variables: dict[str, str]) -> dict[str, Any]:
        """Return `{top: value}` for the variables of one field."""
        self.env_vars = variables
        field = self.settings_cls.model_fields[top]
        value, _, is_complex = self.get_field_value(field, top)
        value = self.prepare_field_value(top, field, value, is_complex)
        return {} if value is None else {top: value}


def _source(shape: Shape) -> _Decoder:
    return copy.copy(_prepared(shape.model, shape.prefix, shape.delimiter))  # its variables are set per use


@lru_cache(maxsize=256)
def _prepared(model: Any, prefix: str, delimiter: str) -> _Decoder:
    config: dict[str, Any] = {
        **(getattr(model, "model_config", None) or {}),
        "env_prefix": prefix,
        "env_nested_delimiter": delimiter,
        "case_sensitive": False,
    }
    fields = {name: _settings_field(info) for name, (info, _) in fields_of(model).items()}
    # A source reads these two attributes of its class and nothing else.
    return _Decoder(cast("Any", SimpleNamespace(model_config=config, model_fields=fields)))


def _settings_field(info: Any) -> Any:
    """Return a field under its name instead of its alias, with dataclasses as the models the decoder looks into."""
    info = copy.copy(info)
    info.alias = info.validation_alias = None
    info.annotation = _settings_type(info.annotation, ())
    return info


def _settings_type(annotation: Any, seen: tuple[Any, ...]) -> Any:
    if is_section(annotation) and not issubclass(annotation, pydantic.BaseModel) and annotation not in seen:
        fields: dict[str, Any] = {
            name: (_settings_type(info.annotation, (*seen, annotation)), None)
            for name, (info, _) in fields_of(annotation).items()
        }
        arbitrary = pydantic.ConfigDict(arbitrary_types_allowed=True)
        return pydantic.create_model(annotation.__name__, __config__=arbitrary, **fields)
    arguments = get_args(annotation)
    if not any(is_section(each) for each in arguments):
        return annotation
    changed = tuple(_settings_type(each, seen) for each in arguments)
    origin: Any = get_origin(annotation)
    return annotation if changed == arguments else _rebuilt(origin, changed)


def _rebuilt(origin: Any, arguments: tuple[Any, ...]) -> Any:
    import types
    from typing import Union

    return Union[arguments] if origin in {Union, types.UnionType} else origin[arguments]  # noqa: UP007 - not a literal
