"""Threads beside a virtual-time loop: whose time they read, and how they hold it still or let it pass."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from maestro_resilience.clock import SYSTEM

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

__all__ = ["Jobs", "blocking_sleep", "drives_clock"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_here = threading.local()  # .jobs: the Jobs of the virtual loop that this thread belongs to
_drivers = 0
_drivers_lock = threading.Lock()


class Jobs:
    """The functions that a virtual-time loop has running in threads.

    While one is `busy`, time stands still. A job stops being busy when it returns, when nobody waits for it any more
    (it was abandoned by a timeout), and while it is in `blocking_sleep`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.owner: int | None = None
        self.busy: set[object] = set()
        self.closing = False
        self._sleepers: set[threading.Event] = set()

    def start(self, function: Callable[[*Ts], T], args: tuple[*Ts]) -> tuple[_Job, Callable[[], T]]:
        """A new busy job, and the function that does its work in a thread."""
        job = _Job()
        self.busy.add(job)

        def work() -> T:
            _here.jobs, _here.job = self, job
            try:
                return function(*args)
            finally:
                del _here.jobs, _here.job

        return job, work

    def finish(self, job: _Job) -> None:
        """Nobody waits for this job any more; it holds time no longer."""
        job.awaited = False
        self.busy.discard(job)

    def sleep(self, seconds: float) -> None:
        """Block the calling thread until `seconds` of virtual time have passed."""
        if threading.get_ident() == self.owner:
            raise RuntimeError("a blocking sleep on the event loop would stop everything; await asyncio.sleep instead")
        woken = threading.Event()
        self.loop.call_soon_threadsafe(self._park, _here.job, seconds, woken)
        woken.wait()

    def _park(self, job: _Job, seconds: float, woken: threading.Event) -> None:
        if self.closing:
            woken.set()
            return
        self.busy.discard(job)
        self._sleepers.add(woken)
        self.loop.call_later(seconds, self._unpark, job, woken)

    def _unpark(self, job: _Job, woken: threading.Event) -> None:
        if job.awaited:
            self.busy.add(job)
        self._sleepers.discard(woken)
        woken.set()

    def close(self) -> None:
        """Wake all sleepers now: the program has ended."""
        self.closing = True
        for woken in self._sleepers:
            woken.set()


class _Job:
    __slots__ = ("awaited",)

    def __init__(self) -> None:
        self.awaited = True


@contextlib.contextmanager
def drives_clock(jobs: Jobs) -> Iterator[None]:
    """Within, this thread and the jobs' threads read the loop's time from `clock.SYSTEM`; all others the real one."""
    _here.jobs = jobs
    jobs.owner = threading.get_ident()
    _count_drivers(1)
    try:
        yield
    finally:
        _count_drivers(-1)
        jobs.owner = None
        del _here.jobs


def _count_drivers(change: int) -> None:
    global _drivers  # noqa: PLW0603 - the clock is the process's, and so is the number of loops that drive it
    with _drivers_lock:
        _drivers += change
        SYSTEM.read, SYSTEM.sleep = (_read, blocking_sleep) if _drivers else (time.monotonic, time.sleep)


def _read() -> float:
    jobs: Jobs | None = getattr(_here, "jobs", None)
    return time.monotonic() if jobs is None else jobs.loop.time()


def blocking_sleep(seconds: float) -> None:
    """Sleep in a thread: virtual seconds in a thread that a virtual-time loop started, real ones elsewhere."""
    jobs: Jobs | None = getattr(_here, "jobs", None)
    if jobs is None:
        time.sleep(seconds)
    else:
        jobs.sleep(seconds)
