"""A wake-up flag that a signal handler or a finaliser may raise at any moment, also while it is being raised."""

from __future__ import annotations

from _thread import allocate_lock

__all__ = ["WakeFlag"]


class WakeFlag:
    """Like `threading.Event` for one waiter, but made of one lock whose operations cannot be interrupted half-way.

    `threading.Event.set` holds an inner lock for some bytecodes; a signal handler that logs inside them would wait for
    itself. Here a taken lock means lowered; waiting takes it, which also lowers the flag again.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def raise_(self) -> None:
        """Raise the flag; raising it twice is raising it once."""
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:  # somebody else was faster
                return

    def lower(self) -> None:
        """Lower the flag."""
        self._lock.acquire(blocking=False)

    def wait(self, timeout: float | None) -> bool:
        """Wait until the flag is raised, at most `timeout` seconds, and lower it; tell whether it was raised."""
        return self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
