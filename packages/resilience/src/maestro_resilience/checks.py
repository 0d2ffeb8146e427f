"""Bad settings are refused where they are given: the checks that every constructor here shares."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["ErrorFilter", "at_least", "error_matcher", "fraction", "name_of", "positive", "whole"]

ErrorFilter: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool]
"""Which errors count: an exception class, a tuple of them, or a function from the error to a bool."""


def at_least(what: str, value: float, lowest: float) -> float:
    """Return `value` as a float when it is a finite number of at least `lowest`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{what} must be a number, not {value!r}; pass an int or a float")
    if not math.isfinite(value) or value < lowest:
        raise ValueError(f"{what} must be finite and at least {lowest:g}, not {value!r}; pass a larger number")
    return float(value)


def positive(what: str, value: float) -> float:
    """Return `value` as a float when it is a finite number above zero."""
    number = at_least(what, value, 0)
    if number == 0:
        raise ValueError(f"{what} must be above zero, not {value!r}; pass a larger number")
    return number


def fraction(what: str, value: float) -> float:
    """Return `value` as a float when it lies in (0, 1]."""
    number = positive(what, value)
    if number > 1:
        raise ValueError(f"{what} must be a fraction in (0, 1], not {value!r}; write 50 % as 0.5")
    return number


def whole(what: str, value: int, lowest: int = 1) -> int:
    """Return `value` when it is an int of at least `lowest`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be a whole number, not {value!r}; pass an int")
    if value < lowest:
        raise ValueError(f"{what} must be at least {lowest}, not {value}; pass a larger number")
    return value


def name_of(value: str) -> str:
    """Return `value` when it is a string."""
    if not isinstance(value, str):
        raise TypeError(f"name must be a string, not {value!r}; quote it")
    return value


def error_matcher(what: str, errors: ErrorFilter) -> Callable[[Exception], bool]:
    """Turn an `ErrorFilter` into a function that says whether an error is meant.

    Only subclasses of Exception can be meant: a cancellation or an interrupt is never a failure of the callee.
    """
    if isinstance(errors, type):
        return _of_classes(what, (errors,))
    if isinstance(errors, (tuple, list, set, frozenset)):
        return _of_classes(what, tuple(errors))
    if callable(errors):
        return errors
    raise TypeError(f"{what} must be exception classes or a function, not {errors!r}; pass a tuple such as (OSError,)")


def _of_classes(what: str, classes: tuple[Any, ...]) -> Callable[[Exception], bool]:
    for entry in classes:
        if not (isinstance(entry, type) and issubclass(entry, Exception)):
            raise TypeError(
                f"{what} must hold subclasses of Exception, not {entry!r}; cancellation and exit are never failures"
            )
    if classes == (Exception,):
        return _any_error
    return lambda error: isinstance(error, classes)


def _any_error(_error: Exception) -> bool:
    return True
