"""Counting by call number against counting by looking at all outcomes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from maestro_resilience.window import Marks, Streak


@given(st.integers(1, 12), st.lists(st.booleans(), max_size=60))
def test_the_marked_calls_of_the_window_are_counted_as_by_looking(size: int, outcomes: list[bool]) -> None:
    marks = Marks(size)
    for number, marked in enumerate(outcomes, start=1):
        if marked:
            marks.add(number)
        assert marks.count(number) == sum(outcomes[max(0, number - size) : number])


@given(st.lists(st.booleans(), max_size=60))
def test_a_streak_is_as_long_as_the_tail_of_marked_calls(outcomes: list[bool]) -> None:
    streak = Streak()
    for number, marked in enumerate(outcomes, start=1):
        if marked:
            streak.add(number)
        tail = list(itertools.takewhile(bool, reversed(outcomes[:number])))
        assert streak.count(number) == len(tail)
