"""What all formats have in common: limits, encodings, and errors that quote nothing of the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from maestro_core_config.errors import ConfigError, Problem
from maestro_core_config.paths import Path

if TYPE_CHECKING:
    from pathlib import Path as FilePath

__all__ = ["MOST_BYTES", "SUFFIXES", "Lines", "Parsed", "TextError", "parse_text", "read_text"]

MOST_BYTES = 1024 * 1024
SUFFIXES = (".toml", ".yaml", ".yml", ".json")

Lines: TypeAlias = Mapping[Path, int]
"""The line, from 1, of each path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The values of a text, and a function that finds their lines."""

    values: dict[str, Any]
    lines: Callable[[], Lines]


class TextError(Exception):
    """A text is not well-formed: why, without quoting it, and where."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def read_text(file: FilePath, *, required: bool = False) -> str | None:
    """Read a file as UTF-8, a byte order mark left out; None when it is not there and need not be.

    Raises:
        ConfigError: it is missing though required, cannot be read, is larger than 1 MiB, or is not UTF-8.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except FileNotFoundError:
        if required:
            raise _refused(str(file), "the file does not exist; create it, or correct the path") from None
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise _refused(str(file), f"cannot be read: {reason}; give a readable file") from None
    if len(data) > MOST_BYTES:
        raise _refused(str(file), f"is larger than {MOST_BYTES} bytes; split it, or take out what is no configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(str(file), "is not UTF-8; save it in that encoding", line) from None


def parse_text(text: str, suffix: str, source: str) -> Parsed:
    """Parse a text by its file's suffix.

    Raises:
        ConfigError: the text is not well-formed, its top is no mapping, or the format is not known.
        MissingExtraError: YAML without PyYAML.
    """
    parse = _parser(suffix, source)
    try:
        return parse(text)
    except TextError as error:
        raise _refused(source, error.message, error.line) from None
    except RecursionError:
        raise _refused(source, "is nested too deeply; flatten it") from None


def _parser(suffix: str, source: str) -> Callable[[str], Parsed]:
    if suffix == ".json":
        from .json_text import parse_json

        return parse_json
    if suffix in {".yaml", ".yml"}:
        from .yaml_text import parse_yaml

        return parse_yaml
    if suffix == ".toml":
        from .toml_text import parse_toml

        return parse_toml
    raise _refused(source, f"has a suffix that is no known format; use one of {', '.join(SUFFIXES)}")


def _refused(source: str, message: str, line: int | None = None) -> ConfigError:
    return ConfigError(problems=[Problem(path="", message=message, source=source, line=line)])
