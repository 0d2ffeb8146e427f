"""Rules across fields, and the predicates that most of them need."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from .errors import ConfigError, Problem
from .paths import parse, render

__all__ = [
    "ConfigValidator",
    "Predicate",
    "is_email",
    "is_in_range",
    "is_non_empty",
    "is_one_of",
    "is_port",
    "is_url",
    "matches_pattern",
]

Predicate: TypeAlias = Callable[[Any], bool]
_ABSENT = object()
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_MOST_EMAIL = 254


class ConfigValidator:
    """Rules on dotted paths, for mappings and models alike; give it to `ConfigManager(validator=...)` for every load.

    A rule on a path that is not there is passed over: whether a field is required is the model's to say.
    """

    def __init__(self) -> None:
        self._rules: list[tuple[tuple[str, ...], Predicate, str]] = []

    def add_rule(self, field: str, predicate: Predicate, message: str) -> ConfigValidator:
        """Add a rule and return the validator.

        Args:
            field: the dotted path.
            predicate: takes the value and tells whether it is right; one that raises counts as wrong.
            message: what to say; it should not hold a value.
        """
        if not callable(predicate):
            raise TypeError(f"the predicate for {field} must be a function of the value, not {predicate!r}.")
        self._rules.append((parse(field), predicate, message))
        return self

    def problems(self, config: Any) -> list[Problem]:
        """Return what every rule finds, in the order of the rules."""
        return [
            Problem(path=render(path), message=message)
            for path, predicate, message in self._rules
            if (value := _value(config, path)) is not _ABSENT and not _holds(predicate, value)
        ]

    def validate(self, config: Any) -> None:
        """Check a mapping or a model.

        Raises:
            ConfigError: a ValueError that lists every failure.
        """
        problems = self.problems(config)
        if problems:
            raise ConfigError(problems=problems)

    def validate_safe(self, config: Any) -> tuple[bool, str]:
        """Return whether everything holds, and what does not as text."""
        problems = self.problems(config)
        return not problems, "; ".join(map(str, problems))


def _value(config: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if isinstance(config, Mapping):
            config = config.get(key, _ABSENT)
        elif isinstance(config, (list, tuple)):
            config = config[int(key)] if key.isdecimal() and int(key) < len(config) else _ABSENT
        else:
            config = getattr(config, key, _ABSENT)
        if config is _ABSENT:
            break
    return config


def _holds(predicate: Predicate, value: Any) -> bool:
    try:
        return bool(predicate(value))
    except Exception:  # noqa: BLE001 - a predicate that cannot take the value says no
        return False


def is_port(value: Any) -> bool:
    """Tell whether a value is an int from 1 to 65535."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**16


def is_url(value: Any) -> bool:
    """Tell whether a value is a text with scheme and host: `https://example.com/path`."""
    try:
        parts = urlsplit(value) if isinstance(value, str) and not re.search(r"\s", value) else None
        return parts is not None and bool(parts.scheme and parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def is_email(value: Any) -> bool:
    """Tell whether a value looks like an address of mail, as HTML's input type judges it, with a dot in its domain."""
    return isinstance(value, str) and len(value) <= _MOST_EMAIL and _EMAIL.fullmatch(value) is not None


def is_in_range(minimum: float, maximum: float) -> Predicate:
    """Return a predicate: a number from `minimum` to `maximum`, both included.

    Raises:
        ValueError: the minimum is above the maximum.
    """
    if not minimum <= maximum:
        raise ValueError(f"the range from {minimum!r} to {maximum!r} is empty; swap its ends.")
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and minimum <= value <= maximum


def is_one_of(*choices: Any) -> Predicate:
    """Return a predicate: equal to one of the choices, given one by one or as one list."""
    is_list = len(choices) == 1 and isinstance(choices[0], (list, tuple, set, frozenset))
    valid = tuple(choices[0]) if is_list else choices
    return lambda value: value in valid


def is_non_empty(value: Any) -> bool:
    """Tell whether a value is not None, and no empty or blank text, and no empty collection."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and not (hasattr(value, "__len__") and len(value) == 0)


def matches_pattern(pattern: str) -> Predicate:
    """Return a predicate: a text that the regular expression matches as a whole.

    Raises:
        ValueError: the pattern is no regular expression.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}; correct it.") from None
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None
