"""Variables: those of the process, and those of a `.env` file."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from maestro_core_config.base import PREFIX
from maestro_core_config.errors import ConfigError, Problem
from maestro_core_config.formats import read_text
from maestro_core_config.layers import Layer, Position, Precedence
from maestro_core_config.variables import layer_of_variables

from .files import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maestro_core_config.shape import Shape

__all__ = ["DotEnvLoader", "EnvironmentLoader"]


class EnvironmentLoader:
    """The environment: `MAESTRO_DATABASE__PORT` sets `database.port`; lists and sections may be JSON.

    Names are compared without case. For a model the values are decoded by its types; without one (`load()` on its own)
    keys are split at two underscores and values are JSON where they can be.

    Args:
        prefix: of the variables; None is the model's `env_prefix`, or `MAESTRO_`.
        lowercase_keys: whether keys are in lower case; for `load()` on its own.
        environ: the variables, read at every load; None is the process's environment.
    """

    precedence = Precedence.ENVIRONMENT

    def __init__(
        self, prefix: str | None = None, lowercase_keys: bool = True, *, environ: Mapping[str, str] | None = None
    ) -> None:
        if prefix is not None and not isinstance(prefix, str):
            raise TypeError(f"prefix={prefix!r} must be a text such as 'SHOP_'.")
        self.prefix = prefix
        self.lowercase_keys = lowercase_keys
        self._environ = environ
        self._shape: Shape | None = None

    def for_model(self, shape: Shape) -> EnvironmentLoader:
        """Return a loader that decodes by a model's types."""
        bound = EnvironmentLoader(self.prefix, self.lowercase_keys, environ=self._environ)
        bound._shape = shape
        return bound

    def load(self) -> Layer:
        """Read the variables."""
        environ = os.environ if self._environ is None else self._environ
        return _layer("environment", environ, self._shape, self.prefix, _place, lowercase_keys=self.lowercase_keys)


def _place(variable: str) -> Position:
    return Position(source="environment", variable=variable)


class DotEnvLoader:
    """A `.env` file, as python-dotenv reads it; its variables are named like those of the environment, which wins.

    Args:
        path: the file.
        required: whether its absence is an error.
        prefix: of the variables; None is the model's.
    """

    precedence = Precedence.DOTENV

    def __init__(
        self, path: str | os.PathLike[str] = ".env", required: bool = False, *, prefix: str | None = None
    ) -> None:
        self.path = FilePath(path)
        self.required = required
        self.prefix = prefix
        self._shape: Shape | None = None

    def for_model(self, shape: Shape) -> DotEnvLoader:
        """Return a loader that decodes by a model's types."""
        bound = DotEnvLoader(self.path, self.required, prefix=self.prefix)
        bound._shape = shape
        return bound

    def load(self) -> Layer:
        """Read the file."""
        from dotenv import dotenv_values
        from dotenv.parser import parse_stream

        source = str(self.path)
        text = read_text(self.path, required=self.required)
        if text is None:
            return Layer(source, {})
        bindings = list(parse_stream(io.StringIO(text)))
        broken = [
            Problem(path="", message="is no line of NAME=value; correct it", source=source, line=each.original.line)
            for each in bindings
            if each.error
        ]
        if broken:
            raise ConfigError(problems=broken)
        lines = {each.key: _first_line(each.original) for each in bindings if each.key is not None}
        values = {name: value for name, value in dotenv_values(stream=io.StringIO(text)).items() if value is not None}

        def place(name: str) -> Position:
            return Position(source=source, line=lines.get(name), variable=name)

        return _layer(source, values, self._shape, self.prefix, place)

    def fingerprint(self) -> object:
        """Return what changes when the file does."""
        return stamp(self.path)


def _first_line(original: Any) -> int:
    """Return the line of a binding, which python-dotenv counts from the blank lines before it."""
    text: str = original.string
    return int(original.line) + text[: len(text) - len(text.lstrip())].count("\n")


def _layer(
    name: str,
    variables: Mapping[str, str],
    shape: Shape | None,
    prefix: str | None,
    place: Callable[[str], Position],
    *,
    lowercase_keys: bool = True,
) -> Layer:
    if shape is not None:
        return layer_of_variables(name, variables, shape, place, prefix=shape.prefix if prefix is None else prefix)
    start = PREFIX if prefix is None else prefix
    values: dict[str, Any] = {}
    positions = {}
    for variable, text in variables.items():
        if not variable.upper().startswith(start.upper()) or len(variable) == len(start):
            continue
        key = variable[len(start) :]
        path = tuple((key.lower() if lowercase_keys else key).split("__"))
        _put(values, path, _json_or_text(text))
        positions[path] = place(variable)
    return Layer(name, values, positions)


def _put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        below = values.get(key)
        if not isinstance(below, dict):
            below = values[key] = {}
        values = below
    values[path[-1]] = value


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
