"""One point in time by which a whole piece of work must be over, known to every layer below it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from maestro_resilience.alarm import Alarm
from maestro_resilience.checks import positive
from maestro_resilience.clock import SYSTEM, Clock, clock_from
from maestro_resilience.entries import Entries
from maestro_resilience.errors import DeadlineExceededError, TimeoutError  # noqa: A004 - the name users know

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Deadline", "DeadlineExceededError", "DeadlineScope", "deadline", "published"]


class Deadline:
    """A point in time, `expires_at`, in seconds of its clock. Make one by `Deadline.after(seconds)`."""

    __slots__ = ("_clock", "expires_at")

    def __init__(self, expires_at: float, clock: Clock) -> None:
        self.expires_at = expires_at
        self._clock = clock

    @classmethod
    def after(cls, seconds: float, *, clock: Callable[[], float] | None = None) -> Deadline:
        """The deadline `seconds` from now."""
        chosen = clock_from(clock)
        return cls(chosen.read() + positive("seconds", seconds), chosen)

    @classmethod
    def current(cls) -> Deadline | None:
        """The deadline in force here: the earliest of all scopes around this code; None when there is none."""
        return published.get()

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.expires_at - self._clock.read())

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self._clock.read() >= self.expires_at

    def check(self, operation: str = "the work") -> None:
        """Raise DeadlineExceededError when no time is left; for code that cannot be cancelled."""
        if self.expired:
            raise DeadlineExceededError(
                f"no time is left for {operation}; give it a later deadline", operation=operation
            )

    def __repr__(self) -> str:
        return f"Deadline(remaining={self.remaining():.3f})"


published: ContextVar[Deadline | None] = ContextVar("maestro_resilience_deadline", default=None)
"""The deadline in force; tasks inherit it from the code that made them."""


def earliest(seconds: float) -> tuple[Deadline, float, bool]:
    """The deadline `seconds` from now, or the one in force if that is earlier; its seconds left; whether it is new.

    Raises DeadlineExceededError when the one in force has passed already.
    """
    outer = published.get()
    if outer is not None:
        left = outer.remaining()
        if left <= 0:
            outer.check()
        if left <= seconds:
            return outer, left, False
    return Deadline(SYSTEM.read() + seconds, SYSTEM), seconds, True


class DeadlineScope:
    """`with` publishes the deadline to the layers inside; `async with` also ends the code inside when it passes."""

    def __init__(self, seconds: float) -> None:
        self.seconds = positive("seconds", seconds)
        self._entries: Entries[tuple[Deadline | None, Alarm | None, bool]] = Entries(repr(self))

    def __repr__(self) -> str:
        return f"deadline({self.seconds:g})"

    def __enter__(self) -> Deadline:
        inner, _, own = earliest(self.seconds)
        self._publish(inner, None, own=own)
        return inner

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        published.set(self._entries.pop()[0])

    async def __aenter__(self) -> Deadline:
        inner, left, own = earliest(self.seconds)
        self._publish(inner, Alarm(left), own=own)
        return inner

    async def __aexit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        outer, alarm, own = self._entries.pop()
        published.set(outer)
        if alarm is not None and alarm.off(error):
            raise self._late(own=own) from error

    def _publish(self, inner: Deadline, alarm: Alarm | None, *, own: bool) -> None:
        self._entries.push((published.get(), alarm, own))
        published.set(inner)

    def _late(self, *, own: bool) -> TimeoutError:
        limit = f"the deadline of {self.seconds:g} s" if own else "the deadline around it"
        return DeadlineExceededError(f"the work was ended by {limit}; do less in it, or give it more time")


def deadline(seconds: float) -> DeadlineScope:
    """A scope that must be over in `seconds`; inside another one, the earlier of the two holds.

    `async with deadline(5):` ends the code inside with DeadlineExceededError. `with deadline(5):` can only tell:
    retries stop, timeouts shrink, code that asks `Deadline.current()` knows. Both give the `Deadline` in force.
    """
    return DeadlineScope(seconds)
