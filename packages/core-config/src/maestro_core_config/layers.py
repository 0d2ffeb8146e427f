"""What a source gave: values with the places they stand at; and the order in which sources win."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol, runtime_checkable

from .errors import Problem  # noqa: TC001 - a field's type
from .paths import Path

__all__ = ["ConfigLoader", "Layer", "LazyPositions", "Position", "Precedence", "lookup", "plain"]


class Precedence(IntEnum):
    """The documented order, low to high; within one kind the later source wins."""

    DEFAULT = 0
    FILE = 10
    PROFILE = 20
    REMOTE = 30
    SECRETS = 40
    DOTENV = 50
    ENVIRONMENT = 60
    OVERRIDE = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a value stands: the `source` (file, URL or `environment`), its `line` from 1, its `variable`'s name."""

    source: str
    line: int | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source.

    `values` are nested mappings with text keys; `positions` tells where a path stands, an ancestor's place serving all
    below it. `unknown` holds variables that carry the prefix but belong to no setting, `problems` what was wrong with
    single values: both are reported together with everything else. The values are copied: later changes by the giver
    do not matter.
    """

    name: str
    values: Mapping[str, Any]
    positions: Mapping[Path, Position] = field(default_factory=dict)
    unknown: tuple[Position, ...] = ()
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping):
            raise TypeError(f"the values of {self.name} must be a mapping, not {type(self.values).__name__}")
        object.__setattr__(self, "values", plain(self.values))

    def position(self, path: Path) -> Position:
        """Return where a path stands: its own place, that of the nearest ancestor, or just the source."""
        for length in range(len(path), 0, -1):
            found = self.positions.get(path[:length])
            if found is not None:
                return found
        return Position(source=self.name)


@runtime_checkable
class ConfigLoader(Protocol):
    """A source of values.

    A loader may also have `precedence` (default `Precedence.REMOTE`), `optional` (default False: failing is an error),
    `fingerprint()` (a value that changes when reading again is worth it) and `for_model(shape)` (returns a loader that
    knows the model's types).
    """

    def load(self) -> Layer:
        """Read everything; called off the event loop, one call at a time.

        Raises:
            ConfigError: the source is missing, unreachable or not well-formed.
        """
        ...


class LazyPositions(Mapping[Path, Position]):
    """Positions that are worked out when somebody asks: loading stays fast, explaining pays."""

    def __init__(self, find: Callable[[], Mapping[Path, Position]]) -> None:
        self._find: Callable[[], Mapping[Path, Position]] | None = find
        self._found: Mapping[Path, Position] = {}

    def _all(self) -> Mapping[Path, Position]:
        find = self._find
        if find is not None:  # two threads may both look: they find the same
            self._found = find()
            self._find = None
        return self._found

    def __getitem__(self, path: Path) -> Position:
        return self._all()[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def plain(value: Any) -> Any:
    """Copy nested mappings and lists into dicts with text keys and lists; everything else is shared."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, Mapping):
        return {key if type(key) is str else str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value


_ABSENT = object()


def lookup(values: Any, path: Path, absent: Any = _ABSENT) -> Any:
    """Return the value at a path, list items by number; `absent`, or a KeyError, when there is none."""
    for key in path:
        if isinstance(values, Mapping) and key in values:
            values = values[key]
        elif isinstance(values, (list, tuple)) and key.isascii() and key.isdigit() and int(key) < len(values):
            values = values[int(key)]
        elif absent is _ABSENT:
            raise KeyError(path)
        else:
            return absent
    return values
