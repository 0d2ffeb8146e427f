"""Files of values: one, or several in layers."""

from __future__ import annotations

import os
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from maestro_core_config.errors import ConfigError, Problem
from maestro_core_config.formats import SUFFIXES, parse_text, read_text
from maestro_core_config.layers import Layer, LazyPositions, Position, Precedence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maestro_core_config.layers import ConfigLoader
    from maestro_core_config.paths import Path

__all__ = ["FileLoader", "LayeredConfigLoader", "MultiFileLoader", "stamp"]


def stamp(file: FilePath) -> object:
    """Return what changes when a file does: its identity, size and time of change; None when it is not there."""
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class FileLoader:
    """One file: `.toml`, `.json`, or with the extra `yaml` `.yaml` and `.yml`; UTF-8, at most 1 MiB.

    Args:
        file_path: the file.
        required: whether its absence is an error; what is there has to be well-formed in any case.
        precedence: where its values stand among the other sources'.

    Raises:
        TypeError: `required` is no bool: the first platform took a name of an environment there and lost the file.
        ValueError: the suffix is none of those above.
    """

    def __init__(
        self,
        file_path: str | os.PathLike[str],
        required: bool = True,
        *,
        precedence: Precedence = Precedence.FILE,
    ) -> None:
        if not isinstance(required, bool):
            raise TypeError(f"required={required!r} must be a bool; for an environment give ConfigManager a profile.")
        self.path = FilePath(file_path)
        if self.path.suffix not in SUFFIXES:
            raise ValueError(f"{self.path} is of no known format; name it with one of {', '.join(SUFFIXES)}.")
        self.required = required
        self.precedence = precedence

    def load(self) -> Layer:
        """Read the file."""
        source = str(self.path)
        text = read_text(self.path, required=self.required)
        if text is None:
            return Layer(source, {})
        parsed = parse_text(text, self.path.suffix, source)

        def positions() -> dict[Path, Position]:
            return {path: Position(source=source, line=line) for path, line in parsed.lines().items()}

        return Layer(source, parsed.values, LazyPositions(positions))

    def fingerprint(self) -> object:
        """Return what changes when the file does."""
        return stamp(self.path)


class LayeredConfigLoader:
    """Several loaders as one source: later ones win, mappings merge deeply, lists replace."""

    def __init__(self, loaders: Sequence[ConfigLoader], *, precedence: Precedence = Precedence.FILE) -> None:
        self.loaders = tuple(loaders)
        self.precedence = precedence

    def load(self) -> Layer:
        """Read all of them; what is wrong with any is reported together."""
        layers: list[Layer] = []
        problems: list[Problem] = []
        for loader in self.loaders:
            try:
                layers.append(loader.load())
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems=problems)
        values: dict[str, Any] = {}
        for layer in layers:
            values = _over(values, layer.values)
        name = ", ".join(layer.name for layer in layers) or "no loaders"
        return Layer(
            name,
            values,
            LazyPositions(lambda: {path: place for layer in layers for path, place in layer.positions.items()}),
            unknown=tuple(each for layer in layers for each in layer.unknown),
            problems=tuple(each for layer in layers for each in layer.problems),
        )

    def fingerprint(self) -> object:
        """Return what changes when one of them does."""
        return tuple(each.fingerprint() if hasattr(each, "fingerprint") else None for each in self.loaders)


class MultiFileLoader(LayeredConfigLoader):
    """Several files as one source, the later ones winning; `required` goes for each of them."""

    def __init__(
        self,
        file_paths: Sequence[str | os.PathLike[str]],
        required: bool = True,
        *,
        precedence: Precedence = Precedence.FILE,
    ) -> None:
        if isinstance(file_paths, (str, os.PathLike)):
            raise TypeError(f"{file_paths!r} is one file; give a list of them, or use FileLoader.")
        super().__init__([FileLoader(each, required) for each in file_paths], precedence=precedence)


def _over(low: Any, high: Any) -> Any:
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    return {**low, **{key: _over(low.get(key), value) for key, value in high.items()}}
