"""A timer that cancels the running task: what `asyncio.timeout` does, at a third of its price for a call in time."""

from __future__ import annotations

import asyncio

__all__ = ["Alarm"]


class Alarm:
    """Set for `seconds` from now in the current task; call `off` with what ended the work, if it ended by an error.

    The bookkeeping of cancellation requests follows `asyncio.timeout`: a cancellation from elsewhere that arrives
    together with the alarm stays a cancellation.
    """

    __slots__ = ("_before", "_rang", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a timeout can only end what runs in a task; call it from a coroutine of asyncio")
        self._task = task
        self._before = task.cancelling()
        self._rang = False
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._rang = True
        self._task.cancel()

    def off(self, error: BaseException | None = None) -> bool:
        """Stop the alarm; True when `error` is the cancellation it caused, so that it is to become a timeout."""
        self._timer.cancel()
        if not self._rang:
            return False
        return self._task.uncancel() <= self._before and isinstance(error, asyncio.CancelledError)
