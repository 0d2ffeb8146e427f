"""Alerts: conditions that are looked at again and again, and tell when they begin to hold and when they end.

The states, `for_seconds` and `keep_firing_seconds` are Prometheus's (`for`, `keep_firing_for`), so that a rule means
the same here and exported.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from maestro_core_logging import get_logger
from maestro_core_logging.events import Subscribers

from .checks import at_least, identifier
from .naming import checked_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maestro_core_logging import Event

__all__ = ["Alert", "AlertManager", "AlertRule", "AlertState"]


class AlertState(StrEnum):
    """Where an alert is; `RESOLVED` is told once, when it ends."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """When to alert.

    Args:
        name: unique among rules.
        condition: a function without arguments, evaluated in this process; it must not block. None: exported only.
        expr: the same in PromQL, for `export_prometheus_rules`. None: evaluated here only.
        severity: for whoever is told: "page", "ticket", ...
        for_seconds: how long the condition must hold before the alert fires.
        keep_firing_seconds: how long it must not hold before the alert ends; it does not flap for less.
        summary: a sentence for people.
        labels: further labels.
    """

    name: str
    condition: Callable[[], object] | None = None
    expr: str | None = None
    severity: str = "ticket"
    for_seconds: float = 0.0
    keep_firing_seconds: float = 0.0
    summary: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        identifier("the name of an alert", self.name)
        identifier("severity", self.severity)
        if self.condition is None and self.expr is None:
            raise ValueError(f"alert {self.name} has neither a condition nor an expr; give it one, or both.")
        if self.condition is not None and not callable(self.condition):
            raise TypeError(f"the condition of alert {self.name} must be a function, not {self.condition!r}.")
        if self.expr is not None and not self.expr.strip():
            raise ValueError(f"the expr of alert {self.name} is empty; write it in PromQL.")
        at_least("for_seconds", self.for_seconds, 0)
        at_least("keep_firing_seconds", self.keep_firing_seconds, 0)
        checked_labels("alert", self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it stands: since when it is in its `state`, as UTC seconds since the epoch."""

    name: str
    severity: str
    state: AlertState
    since: float
    summary: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class _Track:
    """One rule's way through the states; times are of the monotonic clock."""

    __slots__ = ("began", "calm", "rule", "since", "state")

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self.state: AlertState | None = None
        self.began = 0.0
        self.since = 0.0
        self.calm: float | None = None

    def step(self, *, holds: bool, now: float, wall: float) -> bool:
        """Take one evaluation in; whether the state is another one now."""
        before = self.state
        if holds:
            self.calm = None
            if self.state is None or self.state is AlertState.RESOLVED:
                self.state, self.began = AlertState.PENDING, now
            if self.state is AlertState.PENDING and now - self.began >= self.rule.for_seconds:
                self.state = AlertState.FIRING
        elif self.state is AlertState.FIRING:
            self.calm = now if self.calm is None else self.calm
            if now - self.calm >= self.rule.keep_firing_seconds:
                self.state, self.calm = AlertState.RESOLVED, None
        else:
            self.state = None
        if self.state is not before:
            self.since = wall
        return self.state is not before

    def alert(self, state: AlertState) -> Alert:
        rule = self.rule
        return Alert(
            name=rule.name,
            severity=rule.severity,
            state=state,
            since=self.since,
            summary=rule.summary,
            labels=dict(rule.labels),
        )


class AlertManager:
    """Evaluates rules; who subscribed is told of alerts that begin and end. Safe from any thread.

    Args:
        clock: monotonic seconds.
        wall_clock: UTC seconds since the epoch, for `Alert.since`.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._tracks: dict[str, _Track] = {}
        self._lock = threading.RLock()
        self._subscribers = Subscribers()
        self._counts = {"evaluations": 0, "fired": 0, "resolved": 0, "condition_errors": 0}

    def add_rule(self, rule: AlertRule) -> None:
        """Add a rule; ValueError when there is another one of that name."""
        with self._lock:
            known = self._tracks.get(rule.name)
            if known is not None and known.rule != rule:
                raise ValueError(f"there is an alert {rule.name} already; remove it first, or choose another name.")
            self._tracks.setdefault(rule.name, _Track(rule))

    def remove_rule(self, name: str) -> None:
        """Take a rule out; an alert of it ends untold. KeyError when there is none of that name."""
        with self._lock:
            if name not in self._tracks:
                raise KeyError(f"there is no alert rule {name!r}; there are: {', '.join(self._tracks) or 'none'}.")
            del self._tracks[name]

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        """All rules, in the order they were added."""
        with self._lock:
            return tuple(track.rule for track in self._tracks.values())

    def evaluate(self) -> list[Alert]:
        """Look at every condition now; return, and tell, what has begun to fire and what has ended.

        A condition that fails is counted and logged, and leaves its alert as it is.
        """
        with self._lock:
            self._counts["evaluations"] += 1
            changed = [track for track in self._tracks.values() if self._step(track)]
            told = [
                track.alert(track.state) for track in changed if track.state in (AlertState.FIRING, AlertState.RESOLVED)
            ]
        for alert in told:
            self._tell(alert)
        return told

    def active(self) -> list[Alert]:
        """Alerts that are pending or firing."""
        with self._lock:
            tracks = self._tracks.values()
            return [
                track.alert(track.state) for track in tracks if track.state in (AlertState.PENDING, AlertState.FIRING)
            ]

    def stats(self) -> dict[str, int | float | str]:
        """How many rules there are and what came of them, and what pends and fires now."""
        states = [alert.state for alert in self.active()]
        now = {"pending": states.count(AlertState.PENDING), "firing": states.count(AlertState.FIRING)}
        return {"rules": len(self._tracks), **now, **self._counts, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `alert.firing` and `alert.resolved`; gives the undo.

        `event.name` is the rule's, `event.data` has `severity`, `since`, `summary` and the labels. It must not block:
        hand it on to a queue or a task. Its errors are counted and swallowed.
        """
        return self._subscribers.subscribe(callback)

    def _step(self, track: _Track) -> bool:
        if track.rule.condition is None:
            return False
        try:
            holds = bool(track.rule.condition())
        except Exception as error:  # noqa: BLE001 - a condition is the user's, and may fail in any way
            self._counts["condition_errors"] += 1
            get_logger("maestro_monitoring").warning(
                "the condition of an alert failed", alert=track.rule.name, error=type(error).__name__
            )
            return False
        return track.step(holds=holds, now=self._clock(), wall=self._wall_clock())

    def _tell(self, alert: Alert) -> None:
        self._counts["fired" if alert.state is AlertState.FIRING else "resolved"] += 1
        details: dict[str, float | str] = {"severity": alert.severity, "since": alert.since, "summary": alert.summary}
        self._subscribers.publish(f"alert.{alert.state.value}", alert.name, **{**alert.labels, **details})
