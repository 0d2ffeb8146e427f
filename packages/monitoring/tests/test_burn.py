"""Burn rates are what counting over the event log gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maestro_monitoring import SLO, SLOEngine
from maestro_monitoring.burn import FINEST_SECONDS, Ring
from maestro_resilience.testing import VirtualClock

WINDOWS = (300, 1_800, 3_600, 21_600, 259_200, 30 * 86_400)
EVENTS = st.lists(
    st.tuples(
        st.one_of(st.floats(0, 30), st.floats(0, 700), st.floats(0, 90_000)), st.integers(0, 3), st.integers(0, 20)
    ),
    max_size=60,
)


def brute_force(log: list[tuple[float, int, int]], now: float, window: int) -> tuple[int, int]:
    """Bad and all events whose slot is among those of the window: `Ring`'s definition, over a list."""
    ring = Ring(window)
    last = now // ring.resolution
    inside = [(bad, total) for at, bad, total in log if last - ring.size < at // ring.resolution <= last]
    return sum(bad for bad, _ in inside), sum(total for _, total in inside)


@settings(max_examples=200)
@given(EVENTS, st.one_of(st.floats(0, 700), st.floats(0, 500_000)))
def test_burn_equals_brute_force_over_the_event_log(steps: list[tuple[float, int, int]], rest: float) -> None:
    clock = VirtualClock(12_345.0)
    engine = SLOEngine([SLO("a", 0.99)], clock=clock)
    log: list[tuple[float, int, int]] = []
    for wait, bad, good in steps:
        clock.advance(wait)
        engine.record("a", good=False, count=bad)
        engine.record("a", good=True, count=good)
        log.append((clock.now, bad, bad + good))
        if bad:  # reading in between changes nothing
            engine.burn("a", 300)
    clock.advance(rest)
    for window in WINDOWS:
        bad, total = brute_force(log, clock.now, window)
        expected = bad / total / (1 - 0.99) if total else 0.0
        assert engine.burn("a", window) == expected
    bad, total = brute_force(log, clock.now, WINDOWS[-1])
    assert engine.budget_remaining("a") == 1 - (bad / total / (1 - 0.99) if total else 0)


@pytest.mark.parametrize("seconds", [1, 9, 10, 61, 300, 1_800, 3_600, 21_600, 259_200, 2_592_000])
def test_a_window_has_about_sixty_slots_and_is_hardly_too_short(seconds: int) -> None:
    ring = Ring(seconds)
    assert ring.resolution % FINEST_SECONDS == 0
    assert ring.resolution * (ring.size - 1) < seconds <= ring.resolution * ring.size
    assert ring.size <= 120


def test_a_clock_that_goes_back_counts_in_the_slot_under_way() -> None:
    ring = Ring(300)
    ring.add(1_000, 1, 2)
    ring.add(10, 1, 2)
    assert (ring.bad, ring.total) == (2, 4)
    ring.advance(1_299)
    assert (ring.bad, ring.total) == (2, 4)
    ring.advance(1_300)
    assert (ring.bad, ring.total) == (0, 0)
