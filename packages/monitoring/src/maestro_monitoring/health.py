"""Health of a service: checks that run at once, each within its own time, and one answer."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from maestro_core_logging.events import Subscribers

from .check_flight import Flight, fly, fly_on_loop
from .checks import at_least, identifier, positive
from .health_outcome import outcome_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from maestro_core_logging import Event

    CheckFunction = Callable[[], object] | Callable[[], Awaitable[object]]

__all__ = ["CheckResult", "HealthCheck", "HealthCheckManager", "HealthReport", "HealthStatus"]


class HealthStatus(StrEnum):
    """How a check, or the service, is doing."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One check: `check` is a plain or coroutine function without arguments.

    None, True and `HealthStatus.HEALTHY` are good; False, an exception, and more than `timeout` seconds are not. A
    `critical` one that is not good makes the service unhealthy, another one degraded. A result is served again for
    `interval` seconds.
    """

    name: str
    check: CheckFunction
    timeout: float = 2.0
    critical: bool = True
    interval: float = 0.0

    def __post_init__(self) -> None:
        identifier("the name of a health check", self.name)
        if not callable(self.check):
            raise TypeError(f"health check {self.name!r} must be a function, not {self.check!r}; pass one without ().")
        positive("timeout", self.timeout)
        at_least("interval", self.interval, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """How one check went; `message` is "" when it is healthy, and never holds a secret that core-logging knows."""

    name: str
    status: HealthStatus
    critical: bool
    seconds: float
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        fields = {"status": self.status.value, "critical": self.critical, "seconds": round(self.seconds, 6)}
        return {**fields, "message": self.message} if self.message else fields


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """How the service is doing, and each check, in the order they were registered."""

    status: HealthStatus
    checks: tuple[CheckResult, ...]

    @property
    def http_status(self) -> int:
        """503 when unhealthy; a degraded service still serves."""
        return 503 if self.status is HealthStatus.UNHEALTHY else 200

    def to_dict(self) -> dict[str, Any]:
        """As plain values, to be sent as JSON."""
        return {"status": self.status.value, "checks": {each.name: each.to_dict() for each in self.checks}}


class HealthCheckManager:
    """Runs the checks of a service. Safe from any thread and any event loop.

    Plain functions run in daemon threads, so that none blocks the event loop. Who asks while a check is running waits
    for that run; a check that is still running after its time is not started again until it has ended.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()
        self._subscribers = Subscribers()
        self._status: HealthStatus | None = None
        self._reports = 0

    def register_check(
        self,
        name: str,
        check: CheckFunction,
        timeout: float = 2.0,
        critical: bool = True,
        *,
        interval: float = 0.0,
    ) -> HealthCheck:
        """Add a check, or replace the one of that name. ValueError and TypeError as `HealthCheck` has them."""
        made = HealthCheck(name=name, check=check, timeout=timeout, critical=critical, interval=interval)
        with self._lock:
            self._slots[name] = _Slot(made, self._clock)
        return made

    def remove_check(self, name: str) -> None:
        """Take a check out; KeyError when there is none of that name."""
        with self._lock:
            if name not in self._slots:
                raise KeyError(f"there is no health check {name!r}; there are: {', '.join(self._slots) or 'none'}.")
            del self._slots[name]

    async def acheck_health(self) -> HealthReport:
        """Run all checks at once; it takes no longer than the longest timeout."""
        slots = self._registered()
        return self._reported(await asyncio.gather(*(slot.result() for slot in slots)))

    def check_health(self) -> HealthReport:
        """The same for code without an event loop; coroutine functions run on loops of their own.

        RuntimeError on a thread whose event loop is running, as it would block it.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            slots = self._registered()
            begun = [slot.begin() for slot in slots]
            return self._reported([slot.wait(each) for slot, each in zip(slots, begun, strict=True)])
        raise RuntimeError("check_health() would block the event loop; await acheck_health() instead.")

    def stats(self) -> dict[str, int | float | str]:
        """How many checks and reports there were, and the last status, "unknown" before the first."""
        status = "unknown" if self._status is None else self._status.value
        counts = {"checks": len(self._slots), "reports": self._reports}
        return {"status": status, **counts, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `health.changed`, with `status` and `was`; gives the undo."""
        return self._subscribers.subscribe(callback)

    def _registered(self) -> list[_Slot]:
        with self._lock:
            return list(self._slots.values())

    def _reported(self, results: list[CheckResult]) -> HealthReport:
        status = _overall(results)
        with self._lock:
            was, self._status = self._status, status
            self._reports += 1
        if status is not was:
            self._subscribers.publish(
                "health.changed", "health", status=status.value, was=was.value if was else "unknown"
            )
        return HealthReport(status=status, checks=tuple(results))


def _overall(results: list[CheckResult]) -> HealthStatus:
    if any(each.critical and each.status is HealthStatus.UNHEALTHY for each in results):
        return HealthStatus.UNHEALTHY
    healthy = all(each.status is HealthStatus.HEALTHY for each in results)
    return HealthStatus.HEALTHY if healthy else HealthStatus.DEGRADED


class _Slot:
    """One check with its run in flight, if there is one, and its last result."""

    def __init__(self, check: HealthCheck, clock: Callable[[], float]) -> None:
        self._check = check
        self._clock = clock
        self._flight: Flight | None = None
        self._last: tuple[float, CheckResult] | None = None
        self._lock = threading.Lock()

    async def result(self) -> CheckResult:
        """Run the check on this event loop, or join the run that is under way."""
        known = self._recent()
        if known is not None:
            return known
        flight = self._take(fly_on_loop)
        return self._told(flight, await flight.join(flight.deadline - self._clock()))

    def begin(self) -> Flight | CheckResult:
        """Run the check in a thread, or join the run that is under way, or give a result that is still good."""
        return self._recent() or self._take(fly)

    def wait(self, begun: Flight | CheckResult) -> CheckResult:
        """Wait for it, in this thread."""
        if isinstance(begun, CheckResult):
            return begun
        return self._told(begun, begun.wait(begun.deadline - self._clock()))

    def _take(self, start: Callable[[CheckFunction, float, float], Flight]) -> Flight:
        with self._lock:
            if self._flight is None or self._flight.ended or self._flight.lost:
                now = self._clock()
                self._flight = start(self._check.check, now, now + self._check.timeout)
            return self._flight

    def _recent(self) -> CheckResult | None:
        known = self._last
        return known[1] if known is not None and self._clock() - known[0] < self._check.interval else None

    def _told(self, flight: Flight, ended: bool) -> CheckResult:
        now = self._clock()
        if ended:
            word, message = outcome_of(flight.outcome)
        else:
            word = "unhealthy"
            message = f"it took longer than {self._check.timeout:g} s; give it more time, or let it do less"
        found = self._result(HealthStatus(word), now - flight.started, message)
        self._last = (now, found)
        return found

    def _result(self, status: HealthStatus, seconds: float, message: str) -> CheckResult:
        check = self._check
        return CheckResult(
            name=check.name, status=status, critical=check.critical, seconds=max(0.0, seconds), message=message
        )
