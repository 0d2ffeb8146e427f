"""Every way we fail is one of four kinds; each carries a code that `invoke explain` knows and ends in what to do.

    MaestroError
    ├── UsageError        exit 2: wrong words, wrong settings, a workspace that cannot be read
    ├── RefusedError      exit 3: found before anything was sent
    ├── FailedError       exit 1: something went wrong while doing it
    └── StoppedError      exit 130: the user stopped it

`ProblemsError` gathers several of them, so that a user meets all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a file something is wrong: one-based `line` (None: the file as a whole) and that line's text."""

    file: Path
    line: int | None = None
    excerpt: str = ""

    def __str__(self) -> str:
        """`file:line`, and the excerpt on a line of its own when there is one."""
        spot = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{spot}\n    | {self.excerpt}" if self.excerpt else spot


class MaestroError(Exception):
    """The root. `message` is a sentence about what happened, `hint` one about what to do; both are shown.

    Args:
        code: a key of the catalogue in `tooling.explanations`, such as `WS02`.
        message: what happened, with the offending value quoted. Never a secret.
        hint: what to do about it.
        place: the file and line, when there is one.
        facts: values for programs; they must be JSON-serialisable and never secret.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        code: str,
        message: str,
        hint: str,
        *,
        place: Place | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint
        self.place = place
        self.facts = dict(facts or {})

    def __str__(self) -> str:
        """`CODE: what happened. What to do.`, preceded by the place when there is one."""
        spot = f"{self.place}\n" if self.place else ""
        return f"{spot}{self.code}: {self.message} {self.hint}"


class UsageError(MaestroError):
    """The words, the settings or the workspace are wrong; nothing was begun."""

    exit_code = 2


class RefusedError(MaestroError):
    """A reason not to start was found before anything was sent."""

    exit_code = 3


class FailedError(MaestroError):
    """The work was begun and did not succeed; what it says is left as it is."""

    exit_code = 1


class StoppedError(MaestroError):
    """The user interrupted the work."""

    exit_code = 130


class ProblemsError(MaestroError):
    """Several errors found together, each once; the exit code is that of the gravest kind present (`exit_code_of`)."""

    def __init__(self, errors: Iterable[MaestroError]) -> None:
        self.errors = tuple(dict.fromkeys(single for error in errors for single in singles(error)))
        first = self.errors[0]
        super().__init__(first.code, first.message, first.hint, place=first.place, facts=first.facts)

    def __str__(self) -> str:
        """One paragraph per error."""
        return "\n".join(str(error) for error in self.errors)


def exit_code_of(error: MaestroError) -> int:
    """Return the exit code of an error; of several, usage (2) outranks refusal (3), failure (1) and stop (130)."""
    codes = {single.exit_code for single in singles(error)}
    return next(code for code in (2, 3, 1, 130) if code in codes)


def singles(error: MaestroError) -> tuple[MaestroError, ...]:
    """Return the errors that `ProblemsError` gathers; any other error stands for itself."""
    return error.errors if isinstance(error, ProblemsError) else (error,)


def raise_all(errors: Iterable[MaestroError]) -> None:
    """Raise nothing for none, the error itself for one, `ProblemsError` for several."""
    found = tuple(errors)
    if not found:
        return
    several = ProblemsError(found)
    raise several.errors[0] if len(several.errors) == 1 else several
