"""What a rule is: a code, a title, how to fix it, and a check that yields faults or does not apply."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tooling.errors import Place

Looked = TypeVar("Looked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing a check found: a sentence, where, and text to `paste` in place of what is wrong, if that is known."""

    message: str
    place: Place | None = None
    paste: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault with the rule that found it and the package (None: the repository) it was found in."""

    code: str
    title: str
    package: str | None
    message: str
    fix: str
    place: Place | None = None
    paste: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Looked]):
    """A rule over packages (`Looked` is `Subject`) or over the repository (`House`).

    `informed` tells whether this run has learned what the rule goes by, such as what is published; `applies` whether
    there is anything for it to look at. Where it does not apply all is well; where it is not informed nobody knows.
    """

    code: str
    title: str
    fix: str
    check: Callable[[Looked], Iterable[Fault]]
    applies: Callable[[Looked], bool]
    informed: Callable[[Looked], bool]

    def findings(self, looked: Looked, package: str | None) -> tuple[Finding, ...] | None:
        """What the rule finds; None where it does not apply or is not informed."""
        if not (self.informed(looked) and self.applies(looked)):
            return None
        return tuple(self._finding(fault, package) for fault in self.check(looked))

    def _finding(self, fault: Fault, package: str | None) -> Finding:
        return Finding(
            code=self.code,
            title=self.title,
            package=package,
            message=fault.message,
            fix=self.fix,
            place=fault.place,
            paste=fault.paste,
        )


def _always(_looked: Any) -> bool:
    return True


def rule(
    code: str, *, applies: Callable[[Any], bool] = _always, informed: Callable[[Any], bool] = _always
) -> Callable[[Callable[[Looked], Iterator[Fault]]], Rule[Looked]]:
    """Make a rule of a check: its docstring's first line is the title, the rest says how to fix what it finds."""

    def made(check: Callable[[Looked], Iterator[Fault]]) -> Rule[Looked]:
        title, _, fix = cleandoc(check.__doc__ or "").partition("\n")
        return Rule(
            code=code,
            title=title.rstrip("."),
            fix=" ".join(fix.split()),
            check=check,
            applies=applies,
            informed=informed,
        )

    return made
