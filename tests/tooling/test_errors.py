"""Codes, sentences and exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tooling.errors import (
    FailedError,
    MaestroError,
    Place,
    ProblemsError,
    RefusedError,
    StoppedError,
    UsageError,
    exit_code_of,
    raise_all,
)

USAGE = UsageError("WS01", "It is wrong.", "Correct it.")
REFUSED = RefusedError("PB01", "It is refused.", "Change it.")
FAILED = FailedError("PB04", "It failed.", "Try again.")
STOPPED = StoppedError("PB09", "It was stopped.", "Run it again.")


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([USAGE], 2),
        ([REFUSED], 3),
        ([FAILED], 1),
        ([STOPPED], 130),
        ([FAILED, REFUSED, USAGE, STOPPED], 2),
        ([FAILED, REFUSED, STOPPED], 3),
        ([STOPPED, FAILED], 1),
        ([STOPPED, StoppedError("IX27", "It was cut.", "Run it again.")], 130),
        ([FAILED, ProblemsError([REFUSED, FAILED])], 3),
    ],
)
def test_the_exit_code_of_several_errors_is_that_of_the_gravest_kind(errors: list[MaestroError], code: int) -> None:
    with pytest.raises(MaestroError) as caught:
        raise_all(errors)
    assert exit_code_of(caught.value) == code


def test_no_error_is_none_and_one_is_itself() -> None:
    raise_all([])
    with pytest.raises(UsageError) as caught:
        raise_all([USAGE])
    assert caught.value is USAGE


def test_an_error_that_came_by_two_ways_is_one_error() -> None:
    with pytest.raises(UsageError) as caught:
        raise_all([USAGE, ProblemsError([USAGE, USAGE])])
    assert caught.value is USAGE


def test_several_errors_are_all_said_each_in_a_paragraph_of_its_own() -> None:
    assert str(ProblemsError([USAGE, ProblemsError([REFUSED])])) == (
        "WS01: It is wrong. Correct it.\nPB01: It is refused. Change it."
    )


def test_a_place_stands_before_the_sentence_with_its_line() -> None:
    place = Place(file=Path("packages/x/pyproject.toml"), line=3, excerpt="name = 3")
    error = UsageError("WS04", "It is wrong.", "Correct it.", place=place)
    assert str(error) == "packages/x/pyproject.toml:3\n    | name = 3\nWS04: It is wrong. Correct it."
    assert str(Place(file=Path("x"))) == "x"
