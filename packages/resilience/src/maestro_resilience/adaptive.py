"""A concurrency limit that finds itself: as many calls at once as the callee answers without queueing."""

from __future__ import annotations

import builtins
import functools
import inspect
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, cast, overload

from maestro_resilience.calls import require_async
from maestro_resilience.checks import ErrorFilter, error_matcher, name_of, whole
from maestro_resilience.clock import clock_from
from maestro_resilience.entries import Entries
from maestro_resilience.errors import OverloadError
from maestro_resilience.events import Event, Subscribers
from maestro_resilience.limits import Aimd, Algorithm, Gradient, Sample, Vegas
from maestro_resilience.permits import Permits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

__all__ = ["AdaptiveLimiter", "OverloadError"]

P = ParamSpec("P")
T = TypeVar("T")
_ALGORITHMS: dict[str, Callable[[], Algorithm]] = {"gradient": Gradient, "vegas": Vegas, "aimd": Aimd}


class AdaptiveLimiter:
    """Bounds the calls under way by a limit learned from how long they take; as decorator, `call`, context manager.

    A call above the limit raises `OverloadError` at once: queueing would hide the very slowness it learns from.
    Bound to the event loop it is first used on; RuntimeError from another one.

    Args:
        algorithm: "gradient" (follows response times, the usual choice), "vegas" (compares with the quickest call) or
            "aimd" (looks at overload errors only).
        min: the limit never falls below it.
        max: the limit never rises above it.
        initial: the limit to begin with; 20, or the bound nearest to it, unless given.
        name: for errors, events and metrics.
        overload_on: which errors mean "too much": timeouts unless given. Other errors and cancellations teach nothing.
        clock: function that returns monotonic seconds.
    """

    def __init__(
        self,
        algorithm: Literal["gradient", "vegas", "aimd"] = "gradient",
        min: int = 1,  # noqa: A002 - the name users know
        max: int = 200,  # noqa: A002
        *,
        initial: int | None = None,
        name: str = "unnamed",
        overload_on: ErrorFilter = builtins.TimeoutError,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if algorithm not in _ALGORITHMS:
            raise ValueError(f"algorithm must be one of {', '.join(_ALGORITHMS)}, not {algorithm!r}; choose one")
        self.name = name_of(name)
        self.min = whole("min", min)
        self.max = whole("max", max, lowest=min)
        start = sorted((min, 20, max))[1] if initial is None else whole("initial", initial, lowest=min)
        if start > max:
            raise ValueError(f"initial must be at most max ({max}), not {initial}; lower it")
        self._algorithm = _ALGORITHMS[algorithm]()
        self._exact = float(start)
        self._permits = Permits(start, f"adaptive limiter {self.name!r}")
        self._overloaded = error_matcher("overload_on", overload_on)
        self._clock = clock_from(clock)
        self._entries: Entries[tuple[float, int]] = Entries(f"adaptive limiter {self.name!r}")
        self._subscribers = Subscribers()
        self._totals = {"calls": 0, "rejected": 0, "overloads": 0}

    @property
    def limit(self) -> int:
        """Calls allowed at once, now."""
        return self._permits.limit

    def __repr__(self) -> str:
        return f"AdaptiveLimiter(limit={self.limit}, name={self.name!r})"

    def _enter(self) -> tuple[float, int]:
        """Let a call in; when it began and how many ran with it."""
        if not self._permits.try_take():
            self._totals["rejected"] += 1
            self._subscribers.publish("adaptive_limiter.rejected", self.name, limit=self.limit)
            raise OverloadError(
                f"adaptive limiter {self.name!r} allows {self.limit} calls at once for now; try again later",
                name=self.name,
            )
        self._totals["calls"] += 1
        return self._clock.read(), self._permits.active

    def _leave(self, began: float, in_flight: int, error: BaseException | None) -> None:
        try:
            overload = isinstance(error, Exception) and bool(self._overloaded(error))
            if error is None or overload:
                self._totals["overloads"] += overload
                seconds = self._clock.read() - began
                self._learn(Sample(seconds=seconds, in_flight=in_flight, overload=overload))
        finally:  # `overload_on` and `clock` are the user's, and may fail
            self._permits.give_back()

    def _learn(self, sample: Sample) -> None:
        wanted = self._algorithm.update(self._exact, sample)
        self._exact = sorted((float(self.min), wanted, float(self.max)))[1]
        before, self._permits.limit = self._permits.limit, int(self._exact)
        if self.limit != before:
            self._subscribers.publish("adaptive_limiter.changed", self.name, limit=self.limit)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a coroutine function; TypeError for a plain one."""
        guarded = require_async("an adaptive limiter", function)

        async def limited(*args: Any, **kwargs: Any) -> Any:
            return await self.call(guarded, *args, **kwargs)

        return cast("Callable[P, T]", functools.wraps(function)(limited))

    @overload
    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function(*args, **kwargs)` if the limit allows, awaiting what it returns when that is awaitable."""
        began, in_flight = self._enter()
        try:
            result = function(*args, **kwargs)
            if inspect.isawaitable(result):
                result = await result
        except BaseException as error:
            self._leave(began, in_flight, error)
            raise
        self._leave(began, in_flight, None)
        return result

    async def __aenter__(self) -> Self:
        self._entries.push(self._enter())
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._leave(*self._entries.pop(), error)

    def stats(self) -> dict[str, int | float | str]:
        """The limit and what runs now, and totals since the beginning."""
        now = {"limit": self.limit, "active": self._permits.active}
        return {"name": self.name, **now, **self._totals, "subscriber_errors": self._subscribers.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `adaptive_limiter.changed` and `.rejected`; gives the undo."""
        return self._subscribers.subscribe(callback)
