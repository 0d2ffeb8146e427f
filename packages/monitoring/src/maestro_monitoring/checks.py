"""Bad settings are refused where they are given: the checks that constructors here share."""

from __future__ import annotations

import inspect
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["at_least", "identifier", "one_call", "positive"]

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")


def one_call(what: str, function: Callable[..., object]) -> None:
    """Refuse what does not end when its call returns; a decorator would see the beginning of it only."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{what} cannot decorate the generator {function.__qualname__}; use it as `with` inside of it.")


def at_least(what: str, value: float, lowest: float) -> float:
    """Return `value` when it is a finite number of at least `lowest`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} must be a number, not {value!r}; pass an int or a float.")
    if not math.isfinite(value) or value < lowest:
        raise ValueError(f"{what} must be finite and at least {lowest:g}, not {value!r}; pass a larger number.")
    return value


def positive(what: str, value: float) -> float:
    """Return `value` when it is a finite number above zero."""
    if at_least(what, value, 0) == 0:
        raise ValueError(f"{what} must be above zero, not {value!r}; pass a larger number.")
    return value


def identifier(what: str, value: str) -> str:
    """Return `value` when it may stand in metrics, rules and reports: a letter, then letters, digits, `_.-`."""
    if not isinstance(value, str):
        raise TypeError(f"{what} must be a string, not {value!r}; quote it.")
    if not _IDENTIFIER.fullmatch(value):
        raise ValueError(
            f"{what} must be a letter followed by letters, digits, `_`, `.` or `-`, not {value!r}; rename it."
        )
    return value
