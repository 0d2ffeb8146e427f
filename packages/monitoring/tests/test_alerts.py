"""Alerts: pending, firing, resolved, as Prometheus has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_monitoring import AlertManager, AlertRule, AlertState
from maestro_resilience.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable


class Switch:
    """A condition that the test turns on and off, or breaks."""

    def __init__(self) -> None:
        self.on: object = False

    def __call__(self) -> object:
        if isinstance(self.on, Exception):
            raise self.on
        return self.on


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def alerts(clock: VirtualClock) -> AlertManager:
    return AlertManager(clock=clock, wall_clock=lambda: clock.now + 1e9)


def test_an_alert_begins_and_ends_with_its_condition(alerts: AlertManager, switch: Switch, clock: VirtualClock) -> None:
    alerts.add_rule(AlertRule(name="Deep", condition=switch, severity="page", summary="Too deep.", labels={"q": "a"}))
    assert alerts.evaluate() == alerts.active() == []
    switch.on = True
    (fired,) = alerts.evaluate()
    assert (fired.name, fired.severity, fired.state, fired.summary, fired.labels) == (
        "Deep",
        "page",
        AlertState.FIRING,
        "Too deep.",
        {"q": "a"},
    )
    assert fired.since == clock.now + 1e9
    clock.advance(5)
    assert alerts.evaluate() == []
    assert alerts.active() == [fired]
    switch.on = 0
    (resolved,) = alerts.evaluate()
    assert (resolved.state, resolved.since) == (AlertState.RESOLVED, clock.now + 1e9)
    assert alerts.evaluate() == alerts.active() == []
    switch.on = 1
    assert [alert.state for alert in alerts.evaluate()] == [AlertState.FIRING]


def test_a_condition_has_to_hold_for_a_while_and_to_be_calm_for_a_while(
    alerts: AlertManager, switch: Switch, clock: VirtualClock
) -> None:
    alerts.add_rule(AlertRule(name="Deep", condition=switch, for_seconds=60, keep_firing_seconds=30))

    def after(seconds: float, on: object) -> list[str]:
        clock.advance(seconds)
        switch.on = on
        return [alert.state.value for alert in alerts.evaluate()]

    assert after(0, True) == []
    assert [alert.state for alert in alerts.active()] == [AlertState.PENDING]
    assert after(59, True) == []
    assert after(1, False) == []  # it begins anew
    assert after(1, True) == []
    assert after(60, True) == ["firing"]
    assert after(10, False) == after(29, False) == after(1, True) == []
    assert after(1, False) == after(29, False) == []
    assert after(1, False) == ["resolved"]


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=80), st.integers(0, 90), st.integers(0, 90))
def test_an_alert_fires_exactly_when_prometheus_says_so(steps: list[tuple[int, bool]], hold: int, keep: int) -> None:
    """Against the definition of `for` and `keep_firing_for`, told over the whole history."""
    clock, switch = VirtualClock(0), Switch()
    alerts = AlertManager(clock=clock)
    alerts.add_rule(AlertRule(name="A", condition=switch, for_seconds=hold, keep_firing_seconds=keep))
    since: float | None = None
    calm: float | None = None
    firing = False
    for wait, on in steps:
        clock.advance(wait)
        switch.on = on
        alerts.evaluate()
        if on:
            since, calm = (clock.now if since is None else since), None
            firing = firing or clock.now - since >= hold
        elif firing:
            calm = clock.now if calm is None else calm
            if clock.now - calm >= keep:
                since, firing = None, False
        else:
            since = None
        assert [each.state for each in alerts.active()] == (
            [AlertState.FIRING] if firing else [AlertState.PENDING] if since is not None else []
        )


def test_a_condition_that_fails_is_counted_and_changes_nothing(alerts: AlertManager, switch: Switch) -> None:
    other = Switch()
    other.on = True
    alerts.add_rule(AlertRule(name="Broken", condition=switch))
    alerts.add_rule(AlertRule(name="Fine", condition=other))
    switch.on = OSError("no")
    assert [alert.name for alert in alerts.evaluate()] == ["Fine"]
    switch.on = True
    alerts.evaluate()
    switch.on = OSError("no")
    assert alerts.evaluate() == []
    assert {alert.name for alert in alerts.active()} == {"Broken", "Fine"}
    assert alerts.stats()["condition_errors"] == 2


def test_a_sink_that_fails_harms_neither_the_others_nor_the_alert(alerts: AlertManager, switch: Switch) -> None:
    heard: list[str] = []

    def broken(_event: object) -> None:
        raise RuntimeError("pager is down")

    alerts.subscribe(broken)
    stop = alerts.subscribe(lambda event: heard.append(event.kind))
    alerts.add_rule(AlertRule(name="A", condition=switch))
    switch.on = True
    assert [alert.state for alert in alerts.evaluate()] == [AlertState.FIRING]
    switch.on = False
    stop()
    alerts.evaluate()
    assert heard == ["alert.firing"]
    stats = alerts.stats()
    assert (stats["fired"], stats["resolved"], stats["subscriber_errors"]) == (1, 1, 2)


def test_a_sink_may_ask_and_change_rules(alerts: AlertManager, switch: Switch) -> None:
    switch.on = True
    alerts.add_rule(AlertRule(name="A", condition=switch))
    alerts.subscribe(lambda event: alerts.remove_rule(event.name))
    alerts.evaluate()
    assert alerts.rules == ()


def test_rules_are_named_once(alerts: AlertManager, switch: Switch) -> None:
    rule = AlertRule(name="A", condition=switch)
    alerts.add_rule(rule)
    alerts.add_rule(rule)
    assert alerts.rules == (rule,)
    with pytest.raises(ValueError, match="there is an alert A already"):
        alerts.add_rule(AlertRule(name="A", condition=switch, for_seconds=1))
    with pytest.raises(KeyError, match="there are: A"):
        alerts.remove_rule("B")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"name": "A"}, "neither a condition nor an expr"),
        ({"name": "A B", "expr": "up"}, "must be a letter"),
        ({"name": "A", "expr": " "}, "is empty"),
        ({"name": "A", "expr": "up", "severity": "very bad"}, "must be a letter"),
        ({"name": "A", "expr": "up", "for_seconds": -1}, "at least 0"),
        ({"name": "A", "expr": "up", "keep_firing_seconds": float("inf")}, "finite"),
        ({"name": "A", "expr": "up", "labels": {"a-b": "c"}}, "no label name"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        AlertRule(**settings)


@pytest.mark.parametrize(
    "make",
    [
        lambda: AlertRule(name="A", condition=True),  # type: ignore[arg-type]
        lambda: AlertRule(name=7, expr="up"),  # type: ignore[arg-type]
        lambda: AlertRule(name="A", expr="up", for_seconds="1m"),  # type: ignore[arg-type]
    ],
)
def test_wrong_types_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="must be"):
        make()


def test_a_rule_for_prometheus_alone_is_not_evaluated_here(alerts: AlertManager) -> None:
    alerts.add_rule(AlertRule(name="A", expr="up == 0"))
    assert alerts.evaluate() == alerts.active() == []
