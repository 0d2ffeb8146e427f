"""An asyncio event loop whose time passes only when everybody waits: hours in milliseconds, the same every run."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, TypeVarTuple

from maestro_resilience.checks import positive, whole
from maestro_resilience.virtual_threads import Jobs, drives_clock

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable
    from concurrent.futures import Executor

__all__ = ["DeadlockError", "NoProgressError", "VirtualTimeError", "VirtualTimeLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
THIRTY_DAYS = 30 * 86_400.0
_ASYNCIO = str(Path(asyncio.__file__).parent)


class VirtualTimeError(RuntimeError):
    """Something was asked of virtual time that it cannot do; root of this module's errors."""


class DeadlockError(VirtualTimeError):
    """Every task waits for another one, and no timer will ever wake any of them."""


class NoProgressError(VirtualTimeError):
    """The loop turned very often without time passing, or time passed its limit and the program had not ended."""


class VirtualTimeLoop(asyncio.BaseEventLoop):
    """An event loop that jumps to the next timer as soon as nothing is ready to run. `time()` starts at 0.0.

    It has no sockets, files or subprocesses: asking for one raises `VirtualTimeError`. Functions given to
    `run_in_executor` run in real threads, and time stands still until they return, so their results are deterministic
    too; a thread that shall take virtual time calls `testing.blocking_sleep`. Other threads are not waited for.

    Args:
        time_limit: virtual seconds after which `NoProgressError` is raised, so that a forgotten background loop cannot
            run for ever; 30 days unless told otherwise.
        turn_limit: loop turns without time passing after which `NoProgressError` is raised.
    """

    _ready: deque[asyncio.Handle]  # asyncio's: what runs in this turn
    _scheduled: list[asyncio.TimerHandle]  # asyncio's: the timers, as a heap

    def __init__(self, *, time_limit: float = THIRTY_DAYS, turn_limit: int = 100_000) -> None:
        super().__init__()
        self._time_step = positive("time_limit", time_limit)
        self._time_limit = self._time_step
        self._turn_limit = whole("turn_limit", turn_limit)
        self._now = 0.0
        self._idle_turns = 0
        self._wake = threading.Event()
        self._jobs = Jobs(self)
        self._hooks: dict[int, Callable[[], object]] = {}
        self._selector = self  # asyncio's loop asks `_selector.select` to wait
        self.turns = 0

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def at_turn(self, turn: int, callback: Callable[[], object]) -> None:
        """Call `callback` when the loop begins its turn number `turn`, before anything else in that turn runs."""
        self._hooks[turn] = callback

    def run_forever(self) -> None:
        """Run until stopped; meanwhile `maestro_resilience.clock` is the loop's time for code on this loop."""
        with drives_clock(self._jobs):
            super().run_forever()

    def select(self, timeout: float | None) -> list[NoReturn]:
        """Wait as asyncio asks a selector to: until something is ready, or `timeout` seconds (None: for ever)."""
        self.turns += 1
        hook = self._hooks.pop(self.turns, None)
        if hook is not None:
            hook()
        if timeout == 0 or self._ready or self._wake.is_set():
            self._wake.clear()
            self._count_idle_turn()
        elif self._jobs.busy:
            self._wake.wait()
        elif timeout is None:
            raise DeadlockError(f"nothing can ever happen again: {_waiting(self)}; set what one of them waits for")
        else:
            self._pass_time(timeout)
        return []

    def _count_idle_turn(self) -> None:
        self._idle_turns += 1
        if self._idle_turns > self._turn_limit:
            self._idle_turns = 0
            raise NoProgressError(
                f"the loop turned {self._turn_limit} times at {self._now:g} s and no time passed: {_waiting(self)}; "
                "await something that takes time, or raise turn_limit"
            )

    def _pass_time(self, seconds: float) -> None:
        timer = self._scheduled[0].when()
        # asyncio asks for at most a day at once; else the timer's own time, free of rounding in now + (timer - now)
        self._now = timer if timer - self._now <= seconds else self._now + seconds
        self._idle_turns = 0
        if self._now > self._time_limit:
            self._time_limit = self._now + self._time_step
            raise NoProgressError(
                f"{self._now:,.0f} virtual seconds have passed and the program has not ended: {_waiting(self)}; "
                "stop what keeps running, or raise time_limit"
            )

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run `func(*args)` in a thread of `executor` (None: the default one); time stands still meanwhile."""
        job, work = self._jobs.start(func, args)
        future = super().run_in_executor(executor, work)
        future.add_done_callback(lambda _future: self._jobs.finish(job))
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Wait for the threads that still run; those in `blocking_sleep` are woken first."""
        self._jobs.close()
        self._jobs.busy.add(self)
        try:
            await super().shutdown_default_executor()
        finally:
            self._jobs.busy.discard(self)

    def _process_events(self, event_list: list[NoReturn]) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        self._wake.set()


def _waiting(loop: VirtualTimeLoop) -> str:
    """Each unfinished task and the line it waits at; the first ten."""
    tasks = sorted(asyncio.all_tasks(loop), key=lambda task: (len(task.get_name()), task.get_name()))
    lines = [f"{task.get_name()} waits at {_place(task)}" for task in tasks[:10]]
    if len(tasks) > len(lines):
        lines.append(f"{len(tasks) - len(lines)} more tasks wait")
    return ", ".join(lines) or "no task is left"


def _place(task: asyncio.Task[Any]) -> str:
    """The innermost line a suspended task stands at, outside asyncio itself where there is one."""
    place = "an unknown place"
    awaited: Any = task.get_coro()
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and (place == "an unknown place" or not frame.f_code.co_filename.startswith(_ASYNCIO)):
            place = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
        awaited = getattr(awaited, "cr_await", None)
    return place


def _refuse(operation: str) -> Callable[..., NoReturn]:
    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise VirtualTimeError(
            f"{operation}: virtual time cannot wait for the world outside; give the code under test an in-memory "
            "stand-in, or run it on a real event loop"
        )

    return refuse


for _operation in (
    *("add_reader", "add_writer", "add_signal_handler", "connect_accepted_socket", "connect_read_pipe"),
    *("connect_write_pipe", "create_connection", "create_datagram_endpoint", "create_server", "create_unix_connection"),
    *("create_unix_server", "getaddrinfo", "getnameinfo", "sock_accept", "sock_connect", "sock_recv", "sock_recv_into"),
    *("sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendfile", "sock_sendto", "sendfile", "start_tls"),
    *("subprocess_exec", "subprocess_shell"),
):
    setattr(VirtualTimeLoop, _operation, _refuse(_operation))
