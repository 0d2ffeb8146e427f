"""A rate limiter that spreads calls evenly, queues them fairly and knows when the next one may come."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast

from maestro_resilience.calls import is_async, require_function
from maestro_resilience.checks import at_least, name_of, positive, whole
from maestro_resilience.clock import clock_from
from maestro_resilience.deadline import Deadline
from maestro_resilience.errors import RateLimitError
from maestro_resilience.events import Event, Subscribers
from maestro_resilience.gcra import Place, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["RateLimitError", "RateLimiter"]

P = ParamSpec("P")
T = TypeVar("T")


class RateLimiter:
    """`rate` calls every `per` seconds, `burst` of them at once; the next ones wait for their turn, or are refused.

    In any stretch of t seconds it admits at most `burst + rate x t / per`. Who waits is served first come, first
    served; who gives up leaves its turn to the next. Thread-safe, and not bound to a loop.
    As decorator (of plain and coroutine functions), by `acquire`/`acquire_sync`/`try_acquire`, as context manager.

    Args:
        rate: calls, need not be whole.
        per: seconds.
        burst: calls admitted at once after a pause; 1 unless given.
        name: for errors, events and metrics.
        max_wait: longest wait in seconds before `RateLimitError`; 0 never waits. None: as the deadline in force allows.
        clock: function that returns monotonic seconds, which pass as those of the event loop do.
    """

    def __init__(
        self,
        rate: float,
        per: float = 1.0,
        burst: int = 1,
        name: str = "unnamed",
        *,
        max_wait: float | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.name = name_of(name)
        self.burst = whole("burst", burst)
        self.interval = positive("per", per) / positive("rate", rate)
        self.max_wait = None if max_wait is None else at_least("max_wait", max_wait, 0)
        self._clock = clock_from(clock)
        self._lock = threading.Lock()
        self._schedule = Schedule(self.interval, self.burst, self._clock.read())
        self._subscribers = Subscribers()
        self._totals = {"admitted": 0, "delayed": 0, "rejected": 0}

    def __repr__(self) -> str:
        return f"RateLimiter(rate={1 / self.interval:g}, burst={self.burst}, name={self.name!r})"

    def try_acquire(self, cost: int = 1) -> bool:
        """Admit `cost` calls now, or say no; never waits."""
        wait = self._admit(cost)
        if wait:
            self._refused(wait)
        return not wait

    async def acquire(self, timeout: float | None = None, *, cost: int = 1, deadline: Deadline | None = None) -> None:  # noqa: ASYNC109 - bounds the queueing only
        """Wait for the turn of `cost` calls.

        Raises `RateLimitError` at once, with `retry_after`, when the turn comes later than `timeout` seconds,
        `max_wait`, `deadline` or the deadline in force allow.
        """
        if self._admitted(cost, self._patience(timeout, deadline)):
            return
        sooner, loop = asyncio.Event(), asyncio.get_running_loop()
        place = self._queue(cost, functools.partial(loop.call_soon_threadsafe, sooner.set))
        try:
            while seconds := self._take(place):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await sooner.wait()
                sooner.clear()
        except BaseException:
            self._leave(place)
            raise

    def acquire_sync(self, timeout: float | None = None, *, cost: int = 1, deadline: Deadline | None = None) -> None:
        """`acquire` for plain code: blocks the thread, and sleeps on when others give up."""
        if self._admitted(cost, self._patience(timeout, deadline)):
            return
        place = self._queue(cost, None)
        try:
            while seconds := self._take(place):
                self._clock.sleep(seconds)
        except BaseException:
            self._leave(place)
            raise

    def _patience(self, timeout: float | None, deadline: Deadline | None) -> float:
        limits = [each.remaining() for each in (deadline, Deadline.current()) if each is not None]
        limits += [] if self.max_wait is None else [self.max_wait]
        limits += [] if timeout is None else [at_least("timeout", timeout, 0)]
        return min(limits, default=float("inf"))

    def _admit(self, cost: int) -> float:
        """Admit now: 0.0; or, when somebody would have to wait longer for it, seconds until it is possible."""
        if whole("cost", cost) > self.burst:
            raise ValueError(f"cost {cost} never fits a burst of {self.burst}; raise burst or split the call")
        with self._lock:
            now = self._clock.read()
            wait = self._schedule.ask(cost, now)
            if not wait:
                self._schedule.admit(cost, now)
                self._totals["admitted"] += 1
            return wait

    def _admitted(self, cost: int, patience: float) -> bool:
        """Whether it is admitted now, or has to queue; RateLimitError when that takes longer than `patience`."""
        wait = self._admit(cost)
        if wait > patience:
            raise self._refused(wait)
        return not wait

    def _refused(self, wait: float) -> RateLimitError:
        with self._lock:
            self._totals["rejected"] += 1
        self._subscribers.publish("rate_limiter.rejected", self.name, retry_after=wait)
        return RateLimitError(
            f"rate limit {self.name!r} is used up; try again in {wait:.3g} s", retry_after=wait, name=self.name
        )

    def _queue(self, cost: int, wake: Callable[[], object] | None) -> Place:
        with self._lock:
            self._totals["delayed"] += 1
            return self._schedule.queue(cost, self._clock.read(), wake)

    def _take(self, place: Place) -> float:
        """Go when it is this place's turn: 0.0; otherwise seconds to wait on."""
        with self._lock:
            seconds = self._schedule.take(place, self._clock.read())
            self._totals["admitted"] += not seconds
            wake = None if seconds else self._schedule.first_to_wake()
        _call(wake)
        return seconds

    def _leave(self, place: Place) -> None:
        with self._lock:
            self._schedule.leave(place)
            wake = self._schedule.first_to_wake()
        _call(wake)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function: every call acquires first."""
        require_function("a rate limiter", function)
        guarded = cast("Callable[..., Any]", function)

        async def limited(*args: Any, **kwargs: Any) -> Any:
            await self.acquire()
            return await guarded(*args, **kwargs)

        def limited_sync(*args: Any, **kwargs: Any) -> Any:
            self.acquire_sync()
            return guarded(*args, **kwargs)

        return cast("Callable[P, T]", functools.wraps(function)(limited if is_async(function) else limited_sync))

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """A call that was admitted stays counted, however it ended."""

    def __enter__(self) -> Self:
        self.acquire_sync()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """A call that was admitted stays counted, however it ended."""

    def stats(self) -> dict[str, int | float | str]:
        """Who waits now, and totals since the beginning."""
        return {
            "name": self.name,
            "rate": 1 / self.interval,
            "burst": self.burst,
            "waiting": self._schedule.waiting,
            **self._totals,
            "subscriber_errors": self._subscribers.errors,
        }

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on every `rate_limiter.rejected`; gives the undo."""
        return self._subscribers.subscribe(callback)


def _call(wake: Callable[[], object] | None) -> None:
    if wake is not None:
        with contextlib.suppress(RuntimeError):  # its event loop is closed: nobody waits there any more
            wake()
