"""Everything that can be wrong with a configuration, told at once, with file and line, and never with a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ConfigError", "EncryptionError", "MissingExtraError", "Problem", "SourceUnavailableError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    `path` is the dotted path of the setting ("" when it is not about one), `message` says what is wrong without any
    value of a secret, `source` names the file or place, `line` counts from 1, `variable` is the variable's name.
    """

    path: str
    message: str
    source: str | None = None
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        where = ""
        if self.variable is not None:
            at = f" ({self.source}{f':{self.line}' if self.line else ''})" if self.source != "environment" else ""
            where = f" [{self.variable}{at}]"
        elif self.source is not None:
            where = f" [{self.source}{f':{self.line}' if self.line else ''}]"
        return f"{self.path}: {self.message}{where}" if self.path else f"{self.message}{where}"


class ConfigError(ValueError):
    """Root of this library's errors: one or several `problems`, all of them in the text.

    `code` is stable snake_case, `http_status` what a server should answer, `retry_after` is None: a configuration does
    not mend itself. `extra` holds the paths for programs.
    """

    code: ClassVar[str] = "config_invalid"
    http_status: ClassVar[int] = 500
    retry_after: ClassVar[float | None] = None

    def __init__(self, message: str = "", *, problems: Iterable[Problem] = (), **extra: Any) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(path="", message=message),)
        super().__init__(message or _told(self.problems))
        self.extra: dict[str, Any] = extra or {"paths": [each.path for each in self.problems if each.path]}


class SourceUnavailableError(ConfigError):
    """A source could not be read now, though it may be there later: refused connections, time-outs, answers of 5xx."""

    code = "config_source_unavailable"
    http_status = 503


class EncryptionError(ConfigError):
    """A value cannot be encrypted or decrypted: no key, a wrong key, a changed text, or one moved to another path."""

    code = "config_encryption"


class MissingExtraError(ConfigError, ImportError):
    """A library is missing that an extra of this package brings; the text ends in the command that installs it."""

    code = "missing_extra"

    def __init__(self, what: str, *, extra: str) -> None:
        self.command = f'pip install "maestro-core-config[{extra}]"'
        super().__init__(f"{what} needs a library that is not installed; run: {self.command}")

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restored, (type(self), self.args, self.__dict__))


def _restored(kind: type[MissingExtraError], args: tuple[Any, ...], state: dict[str, Any]) -> MissingExtraError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _told(problems: tuple[Problem, ...]) -> str:
    if len(problems) == 1:
        return str(problems[0])
    lines = "\n".join(f"  - {problem}" for problem in problems)
    return f"{len(problems)} things are wrong with the configuration; correct them and load again:\n{lines}"
