"""Hedging: when an answer is late, ask once more and take whichever comes first."""

from __future__ import annotations

import asyncio
import functools
import re
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from maestro_resilience.attempt import current_attempt
from maestro_resilience.budget import RetryBudget
from maestro_resilience.calls import require_async
from maestro_resilience.checks import name_of, positive, whole
from maestro_resilience.clock import clock_from
from maestro_resilience.events import Event, Subscribers
from maestro_resilience.quantile import RecentQuantile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

__all__ = ["Hedge", "hedge"]

P = ParamSpec("P")
T = TypeVar("T")
_PERCENTILE = re.compile(r"p([1-9]\d?(?:\.\d+)?)")


class Hedge:
    """What `hedge` returns: a decorator for coroutine functions that may safely be called twice."""

    def __init__(
        self,
        delay: float | str,
        max: int,  # noqa: A002 - the name users know
        *,
        budget: RetryBudget | None,
        name: str,
        clock: Callable[[], float] | None,
    ) -> None:
        self._fixed, self._learned = _delay(delay)
        self.max = whole("max", max)
        self.name = name_of(name)
        if budget is not None and not isinstance(budget, RetryBudget):
            raise TypeError(f"budget must be a RetryBudget, not {budget!r}; make one and share it")
        self._budget = budget
        self._clock = clock_from(clock)
        self._subscribers = Subscribers()
        self._totals = {"calls": 0, "hedges": 0, "hedges_won": 0}

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a coroutine function; TypeError for any other."""
        guarded = cast("Callable[..., Coroutine[Any, Any, Any]]", require_async("a hedge", function))

        async def hedged(*args: Any, **kwargs: Any) -> Any:
            return await self._run(functools.partial(guarded, *args, **kwargs))

        return cast("Callable[P, T]", functools.wraps(function)(hedged))

    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function(*args, **kwargs)`, and again while the answer is late."""
        guarded = cast("Callable[..., Coroutine[Any, Any, T]]", require_async("a hedge", function))
        return cast("T", await self._run(functools.partial(guarded, *args, **kwargs)))

    @property
    def delay(self) -> float | None:
        """Seconds after which an answer is late; None while too few calls were seen to tell."""
        return self._fixed if self._learned is None else self._learned.value

    async def _run(self, start: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        self._totals["calls"] += 1
        if self._budget is not None and current_attempt() is None:  # a retry around it has counted the call
            self._budget.deposit()
        began, delay = self._clock.read(), self.delay
        result = await (self._race(start, delay) if delay else start())
        if self._learned is not None:
            self._learned.add(self._clock.read() - began)
        return result

    async def _race(self, start: Callable[[], Coroutine[Any, Any, Any]], delay: float) -> Any:
        """The first success of up to `1 + max` calls; the error of the last to fail when all do."""
        attempts, granted = [asyncio.create_task(start())], True
        try:
            while True:
                late = delay if granted and len(attempts) <= self.max else None
                pending = [task for task in attempts if not task.done()]
                await asyncio.wait(pending, timeout=late, return_when=asyncio.FIRST_COMPLETED)
                ended = [task for task in pending if task.done()]
                winners = [task for task in ended if _succeeded(task)]
                if winners:
                    self._totals["hedges_won"] += winners[0] is not attempts[0]
                    return winners[0].result()
                if len(ended) == len(pending):
                    return ended[-1].result()
                if not ended:
                    granted = self._grant()
                    attempts += [asyncio.create_task(start())] if granted else []
        finally:
            await _cancel(attempts)

    def _grant(self) -> bool:
        """Whether one more call may be made now."""
        if self._budget is not None and not self._budget.withdraw():
            return False
        self._totals["hedges"] += 1
        self._subscribers.publish("hedge.sent", self.name)
        return True

    def stats(self) -> dict[str, int | float | str]:
        """Totals since the beginning; `delay` in seconds, -1 while not known."""
        delay = -1.0 if self.delay is None else self.delay
        return {"name": self.name, "delay": delay, **self._totals, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on every `hedge.sent`; gives the undo."""
        return self._subscribers.subscribe(callback)


def _succeeded(task: asyncio.Task[Any]) -> bool:
    return not task.cancelled() and task.exception() is None


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel what still runs, see it end, and take note of all errors, so that none is reported as forgotten."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _delay(delay: float | str) -> tuple[float | None, RecentQuantile | None]:
    """A fixed delay in seconds, or a percentile to be learned."""
    if not isinstance(delay, str):
        return positive("delay", delay), None
    percentile = _PERCENTILE.fullmatch(delay)
    if percentile is None:
        raise ValueError(f'delay must be seconds or a percentile such as "p95", not {delay!r}; write one of these')
    return None, RecentQuantile(float(percentile[1]) / 100)


def hedge(
    delay: float | str = "p95",
    max: int = 1,  # noqa: A002 - the name users know
    *,
    budget: RetryBudget | None = None,
    name: str = "unnamed",
    clock: Callable[[], float] | None = None,
) -> Hedge:
    """When a call has not answered after `delay`, make it once more, up to `max` times; the first success wins.

    The others are cancelled. Only for coroutine functions that may safely be called twice.

    Args:
        delay: seconds, or a percentile such as "p95" of the latest 256 calls; nothing is hedged before 20 were seen.
        max: extra calls for one call; never exceeded.
        budget: a `RetryBudget` that every extra call is taken from; none is made when it is empty. Share it with a
            retry around the hedge: there only the retry counts the call, so that both together stay within the ratio.
        name: for events and metrics.
        clock: function that returns monotonic seconds.
    """
    return Hedge(delay, max, budget=budget, name=name, clock=clock)
