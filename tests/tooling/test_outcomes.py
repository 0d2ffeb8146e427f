"""The gravest outcome counts, and the report says all of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.plan.outcomes import Outcome, Report, gravest


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [
        ([], "present"),
        (["present", "present"], "present"),
        (["present", "uploaded"], "uploaded"),
        (["planned", "present"], "planned"),
        (["uploaded", "held"], "held"),
        (["held", "refused"], "refused"),
        (["uploaded", "held", "failed"], "failed"),
    ],
)
def test_a_package_takes_the_gravest_of_its_files(outcomes: list[str], worst: str) -> None:
    assert gravest(map(Outcome, outcomes)) is Outcome(worst)


@given(st.lists(st.sampled_from(Outcome)))
def test_the_gravest_does_not_depend_on_the_order(outcomes: list[Outcome]) -> None:
    assert gravest(outcomes) is gravest(reversed(outcomes))


def test_the_words_for_programs_are_those_of_the_interface() -> None:
    assert {each.value for each in Outcome} == {"uploaded", "present", "planned", "refused", "held", "failed"}


def test_a_report_without_an_index_says_null() -> None:
    report = Report(command="publish", exit_code=0, index=None, dry_run=False, seconds=1.23456)
    assert report.as_json()["index"] is None
    assert report.as_json()["seconds"] == 1.235
