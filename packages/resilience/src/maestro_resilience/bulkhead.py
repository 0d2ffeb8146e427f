"""The bulkhead: so many calls at once, so many waiting, and a clear no to the rest."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, cast, overload

from maestro_resilience.calls import require_async
from maestro_resilience.checks import name_of, positive, whole
from maestro_resilience.deadline import Deadline
from maestro_resilience.errors import BulkheadFullError
from maestro_resilience.events import Event, Subscribers
from maestro_resilience.permits import Permits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

__all__ = ["Bulkhead", "BulkheadFullError", "StrictBulkhead"]

P = ParamSpec("P")
T = TypeVar("T")
DEFAULT_QUEUE = 1_000


class Bulkhead:
    """Lets `max_concurrent` calls run at once; as decorator, by `call`, and as async context manager.

    Bound to the event loop it is first used on; RuntimeError from another one.

    Args:
        max_concurrent: calls running at once.
        name: for errors, events and metrics.
        max_queue: calls waiting at once; one more raises `BulkheadFullError`. 0 rejects at once. None: 1,000.
        queue_timeout: seconds to wait before `BulkheadFullError`. None: as long as the deadline in force allows.
        wait_timeout: another name for `queue_timeout`.
    """

    def __init__(
        self,
        max_concurrent: int,
        name: str = "unnamed",
        *,
        max_queue: int | None = None,
        queue_timeout: float | None = None,
        wait_timeout: float | None = None,
    ) -> None:
        if queue_timeout is not None and wait_timeout is not None:
            raise TypeError("queue_timeout and wait_timeout are the same setting; pass one of them")
        limit = queue_timeout if wait_timeout is None else wait_timeout
        self.max_concurrent = whole("max_concurrent", max_concurrent)
        self.name = name_of(name)
        self.max_queue = DEFAULT_QUEUE if max_queue is None else whole("max_queue", max_queue, lowest=0)
        self.queue_timeout = None if limit is None else positive("queue_timeout", limit)
        self._permits = Permits(self.max_concurrent, f"bulkhead {self.name!r}")
        self._subscribers = Subscribers()
        self._totals = {"calls": 0, "queued": 0, "rejected": 0}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.max_concurrent}, name={self.name!r})"

    async def acquire(self) -> None:
        """Take a permit, waiting for it as the settings allow; `release` gives it back."""
        if not self._permits.try_take():
            await self._queue()
        self._totals["calls"] += 1

    def release(self) -> None:
        """Give a permit back."""
        self._permits.give_back()

    async def _queue(self) -> None:
        if self._permits.waiting >= self.max_queue:
            raise self._full(f"has {self.max_concurrent} calls running and {self._permits.waiting} waiting")
        self._totals["queued"] += 1
        limit, current = self.queue_timeout, Deadline.current()
        if current is not None:
            current.check(f"bulkhead {self.name!r}")
            limit = current.remaining() if limit is None else min(limit, current.remaining())
        await self._permits.wait(limit, lambda: self._full(f"had no permit free for {limit:g} s"))

    def _full(self, why: str) -> BulkheadFullError:
        self._totals["rejected"] += 1
        self._subscribers.publish("bulkhead.rejected", self.name, active=self._permits.active)
        return BulkheadFullError(f"bulkhead {self.name!r} {why}; try again later, or allow more", name=self.name)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a coroutine function; TypeError for a plain one, which cannot wait."""
        guarded = require_async("a bulkhead", function)
        permits, totals = self._permits, self._totals

        async def limited(*args: Any, **kwargs: Any) -> Any:
            if not permits.try_take():
                await self._queue()
            totals["calls"] += 1
            try:
                return await guarded(*args, **kwargs)
            finally:
                permits.give_back()

        return cast("Callable[P, T]", functools.wraps(function)(limited))

    @overload
    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function(*args, **kwargs)` with a permit, awaiting what it returns when that is awaitable."""
        await self.acquire()
        try:
            result = function(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result
        finally:
            self.release()

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.release()

    def stats(self) -> dict[str, int | float | str]:
        """What runs and waits now, and totals since the beginning."""
        now = {"active": self._permits.active, "waiting": self._permits.waiting}
        limits = {"max_concurrent": self.max_concurrent, "max_queue": self.max_queue}
        return {"name": self.name, **now, **limits, **self._totals, "subscriber_errors": self._subscribers.errors}

    get_metrics = stats

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on every `bulkhead.rejected`; gives the undo."""
        return self._subscribers.subscribe(callback)


class StrictBulkhead(Bulkhead):
    """A bulkhead without a queue: a call that cannot run at once raises `BulkheadFullError`."""

    def __init__(self, max_concurrent: int, name: str = "unnamed") -> None:
        super().__init__(max_concurrent, name, max_queue=0)
