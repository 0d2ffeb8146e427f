"""SLOs: what may be promised, and when the engine alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from maestro_monitoring import SLI, SLO, AlertState, BurnWindow, SLOEngine, latency, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from maestro_core_logging import Event
    from maestro_resilience.testing import VirtualClock


@pytest.mark.parametrize("objective", [0, 1, -0.5, 99.9, float("nan")])
def test_an_objective_lies_between_0_and_1(objective: float) -> None:
    with pytest.raises(ValueError, match=r"write 99.9 % as 0.999"):
        SLO("a", objective)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SLO("a b", 0.9), "must be a letter followed by"),
        (lambda: SLO("", 0.9), "must be a letter"),
        (lambda: SLO('a"}', 0.9), "must be a letter"),
        (lambda: SLO("a", 0.9, window_days=0), "above zero"),
        (lambda: ratio(total="x_total"), "either the good events or the bad"),
        (lambda: ratio(total="x_total", good="g", bad="b"), "either the good"),
        (lambda: ratio(total="rate(x_total[5m])", good="g"), "label matchers"),
        (lambda: ratio(total="x_total{\n}", good="g"), "label matchers"),
        (lambda: latency("x_seconds", 0), "above zero"),
        (lambda: BurnWindow(severity="page", factor=0, long=60, short=5), "above zero"),
        (lambda: BurnWindow(severity="page", factor=1, long=60, short=60), "long > short"),
        (lambda: BurnWindow(severity="page", factor=1, long=60, short=0), "above zero"),
        (lambda: BurnWindow(severity="p 1", factor=1, long=60, short=5), "must be a letter"),
        (lambda: BurnWindow(severity="page", factor=1, long=60.5, short=5), "whole seconds"),  # type: ignore[arg-type]
        (lambda: latency('x_seconds{a="b"}', 1), "leave selectors"),
        (lambda: latency("x_seconds", 1, labels={"le": "1"}), "belongs to every histogram"),
    ],
)
def test_nonsense_is_refused_where_it_is_written(make: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_wrong_types_are_refused() -> None:
    with pytest.raises(TypeError, match=r"0\.999"):
        SLO("a", "0.9")  # type: ignore[arg-type] # that is the point
    with pytest.raises(TypeError, match="must be made by ratio"):
        SLO("a", 0.9, sli="x_total")  # type: ignore[arg-type] # that is the point


def test_a_latency_is_good_up_to_a_bucket_bound() -> None:
    sli = latency("wait_seconds", 1, labels={"path": 'a"\\\n'})
    assert sli.good == 'wait_seconds_bucket{path="a\\"\\\\\\n",le="1.0"}'
    assert sli.total == 'wait_seconds_count{path="a\\"\\\\\\n"}'
    assert latency("wait_seconds", 0.25).total == "wait_seconds_count"


@pytest.fixture
def engine(clock: VirtualClock) -> SLOEngine:
    return SLOEngine([SLO("web", 0.999, sli=latency("wait_seconds", 0.25))], clock=clock, wall_clock=clock)


def run(engine: SLOEngine, clock: VirtualClock, minutes: int, *, bad: int, good: int) -> list[tuple[int, str, str]]:
    """Let minutes pass with so many events each; what was told, with the minute."""
    told = []
    for minute in range(1, minutes + 1):
        clock.advance(60)
        engine.record("web", good=False, count=bad)
        engine.record("web", good=True, count=good)
        told += [(minute, alert.name, alert.state.value) for alert in engine.evaluate()]
    return told


FAST, SLOW, TICKET = "WebErrorBudgetBurn1h", "WebErrorBudgetBurn6h", "WebErrorBudgetBurn3d"


def test_a_total_outage_pages_at_once_and_ends_five_minutes_after_it_is_over(
    engine: SLOEngine, clock: VirtualClock
) -> None:
    assert run(engine, clock, 120, bad=0, good=100) == []
    told = run(engine, clock, 10, bad=100, good=0)
    assert (told[0][1], told[0][2]) == (FAST, "firing")
    assert told[0][0] <= 3
    assert {alert.name for alert in engine.active()} == {FAST, SLOW, TICKET}
    told = run(engine, clock, 60, bad=0, good=100)
    ended = {name: minute for minute, name, state in told if state == "resolved"}
    assert 9 <= ended[FAST] <= 11  # 5 min until the short window is clean, 5 min that it has to stay so


def test_a_burn_below_the_factor_never_alerts(engine: SLOEngine, clock: VirtualClock) -> None:
    assert run(engine, clock, 6 * 60, bad=0, good=1_000) == []
    assert run(engine, clock, 12 * 60, bad=1, good=1_100) == []  # 0.9 of the budget
    assert engine.budget_remaining("web") > 0


def test_a_slow_burn_makes_a_ticket_and_no_page(engine: SLOEngine, clock: VirtualClock) -> None:
    told = run(engine, clock, 24 * 60, bad=2, good=998)  # twice the allowed speed
    assert {(name, state) for _, name, state in told} == {(TICKET, "firing")}


def test_fewer_than_ten_events_alert_nobody(engine: SLOEngine) -> None:
    engine.record("web", good=False, count=9)
    assert engine.evaluate() == []
    engine.record("web", good=False)
    assert {alert.name for alert in engine.evaluate()} == {FAST, SLOW, TICKET}


def test_an_alert_does_not_flap_around_its_threshold(engine: SLOEngine, clock: VirtualClock) -> None:
    """Bad and good minutes in turn: the condition comes and goes, the alert stays."""
    windows = [BurnWindow(severity="page", factor=10, long=600, short=60)]
    engine = SLOEngine([SLO("web", 0.99)], windows=windows, clock=clock, wall_clock=clock)
    told = []
    for _ in range(30):
        told += run(engine, clock, 1, bad=50, good=50)
        told += run(engine, clock, 2, bad=0, good=100)
    assert [state for _, _, state in told] == ["firing"]


def test_latencies_are_judged_by_the_threshold(engine: SLOEngine) -> None:
    engine.observe("web", 0.25)
    engine.observe("web", 0.26)
    engine.observe("web", float("nan"))
    assert engine.burn("web", 3_600) == pytest.approx(2 / 3 / 0.001)
    with pytest.raises(ValueError, match="has no latency"):
        SLOEngine([SLO("a", 0.9, sli=ratio(total="x", bad="y"))]).observe("a", 1)


def test_the_engine_tells_subscribers_and_shows_figures(engine: SLOEngine) -> None:
    heard: list[Event] = []
    stop = engine.subscribe(heard.append)
    engine.subscribe(lambda _event: 1 / 0)
    engine.record("web", good=False, count=10)
    engine.evaluate()
    stop()
    assert {event.kind for event in heard} == {"alert.firing"}
    fast = next(event for event in heard if event.name == FAST)
    assert dict(fast.data) == {
        "severity": "page",
        "slo": "web",
        "long": "1h",
        "short": "5m",
        "since": 1_000.0,
        "summary": "SLO web: the error budget burns at more than 14.4 times the allowed speed, over 1h and over 5m.",
    }
    stats = engine.stats()
    assert (stats["firing"], stats["subscriber_errors"]) == (3, 3)
    assert stats["web_burn_1h"] == pytest.approx(1_000)
    assert stats["web_budget_remaining_ratio"] == pytest.approx(-999)
    assert [alert.state for alert in engine.active()] == [AlertState.FIRING] * 3


def test_names_and_windows_that_are_not_there_are_named(engine: SLOEngine) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: engine.record("wab", good=True),
        lambda: engine.burn("wab", 300),
        lambda: engine.budget_remaining("wab"),
    ]
    for call in calls:
        with pytest.raises(KeyError, match="there are: web"):
            call()
    with pytest.raises(ValueError, match="no window of this engine"):
        engine.burn("web", 7)
    with pytest.raises(ValueError, match="two SLOs"):
        SLOEngine([SLO("a", 0.9), SLO("a", 0.99)])
    with pytest.raises(ValueError, match="at least 0"):
        engine.record("web", good=True, count=-1)
    assert isinstance(engine.slos[0].sli, SLI)
