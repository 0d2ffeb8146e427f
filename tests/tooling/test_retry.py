"""How long to wait before another attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.plan.retry import Backoff

PATIENT = Backoff(base=1.0, cap=8.0, per_file=100.0, total=1000.0)
SECONDS = st.floats(0, 5000)
DRAWS = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("attempt", "draw", "retry_after", "pause"),
    [
        (1, 0.5, None, 0.5),
        (2, 0.5, None, 1.0),
        (4, 0.5, None, 4.0),
        (5, 0.5, None, 4.0),
        (5000, 0.5, None, 4.0),
        (3, 0.0, None, 0.0),
        (1, 0.0, 7.0, 7.0),
        (1, 0.5, 7.0, 7.5),
        (1, 0.0, 0.0, 0.0),
        (1, 0.0, 100.0, 100.0),
        (1, 0.0, 100.1, None),
    ],
)
def test_pauses_are_drawn_below_a_bound_that_doubles_up_to_a_cap_and_above_what_the_server_asked(
    attempt: int, draw: float, retry_after: float | None, pause: float | None
) -> None:
    assert PATIENT.pause(attempt=attempt, draw=draw, retry_after=retry_after, spent=0, elapsed=0) == pause


@pytest.mark.parametrize(
    ("spent", "elapsed", "again"),
    [(99.5, 99.5, True), (99.6, 99.6, False), (0, 999.5, True), (0, 999.6, False), (200, 0, False)],
)
def test_no_pause_is_begun_that_would_end_after_a_deadline(spent: float, elapsed: float, again: bool) -> None:
    pause = PATIENT.pause(attempt=1, draw=0.5, retry_after=None, spent=spent, elapsed=elapsed)
    assert (pause is not None) is again


@given(
    backoff=st.builds(Backoff, base=st.floats(0, 10), cap=st.floats(0, 60), per_file=SECONDS, total=SECONDS),
    attempt=st.integers(1, 10_000),
    draw=DRAWS,
    retry_after=st.none() | SECONDS,
    spent=SECONDS,
    elapsed=SECONDS,
)
def test_a_pause_is_never_negative_keeps_the_servers_floor_the_jitters_bound_and_both_deadlines(
    *, backoff: Backoff, attempt: int, draw: float, retry_after: float | None, spent: float, elapsed: float
) -> None:
    pause = backoff.pause(attempt=attempt, draw=draw, retry_after=retry_after, spent=spent, elapsed=elapsed)
    floor = retry_after or 0.0
    bound = min(backoff.cap, backoff.base * 2.0 ** min(attempt - 1, 30))
    if pause is None:
        assert spent + floor + draw * bound > backoff.per_file or elapsed + floor + draw * bound > backoff.total
        return
    assert floor <= pause <= floor + bound
    assert spent + pause <= backoff.per_file
    assert elapsed + pause <= backoff.total


@given(st.integers(1, 40), st.lists(DRAWS, min_size=2, max_size=2, unique=True))
def test_the_jitter_is_full_a_larger_draw_waits_longer_from_nothing_on(attempt: int, draws: list[float]) -> None:
    small, large = (
        PATIENT.pause(attempt=attempt, draw=draw, retry_after=None, spent=0, elapsed=0) for draw in sorted(draws)
    )
    assert small is not None
    assert large is not None
    assert small <= large
    assert PATIENT.pause(attempt=attempt, draw=0.0, retry_after=None, spent=0, elapsed=0) == 0.0
