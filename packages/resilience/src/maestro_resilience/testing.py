"""For tests of anything that waits: a virtual-time event loop, a clock to wind by hand, cancellation at every step.

from maestro_resilience import testing

async def main() -> float:
    await asyncio.sleep(3600)
    return asyncio.get_running_loop().time()

assert testing.run(main) == 3600.0  # at once
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from maestro_resilience.checks import at_least
from maestro_resilience.virtual_threads import blocking_sleep
from maestro_resilience.virtual_time import (
    THIRTY_DAYS,
    DeadlockError,
    NoProgressError,
    VirtualTimeError,
    VirtualTimeLoop,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = [
    "Cancellable",
    "DeadlockError",
    "NoProgressError",
    "VirtualClock",
    "VirtualTimeError",
    "VirtualTimeLoop",
    "blocking_sleep",
    "cancel_at_every_step",
    "run",
]

T = TypeVar("T")


def run(
    main: Coroutine[Any, Any, T] | Callable[[], Coroutine[Any, Any, T]],
    *,
    time_limit: float = THIRTY_DAYS,
    turn_limit: int = 100_000,
) -> T:
    """Run a coroutine, or a coroutine function without arguments, on a fresh `VirtualTimeLoop`; return its result.

    Everything of asyncio that waits (`sleep`, `timeout`, `wait`, `call_later`) takes virtual time only. Raises
    `DeadlockError` when all tasks wait for ever, `NoProgressError` when the program spins or outlives `time_limit`
    virtual seconds; both say which task waits where. Tasks left over are cancelled, as by `asyncio.run`.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(time_limit=time_limit, turn_limit=turn_limit)) as runner:
        return runner.run(main() if callable(main) else main)


class VirtualClock:
    """A clock for code without an event loop: `clock()` is the time, `clock.sleep(s)` and `clock.advance(s)` wind it.

    Pass it as `clock=` to any object of this library; blocking waits then wind it and take no time. `slept` lists them.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.now = float(start)
        self.slept: list[float] = []

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """What blocking code calls instead of `time.sleep`."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.now += at_least("seconds", seconds, 0)


class Cancellable(Protocol):
    """Runs a coroutine as a task that is cancelled at this run's step; returns the task once it has ended."""

    async def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> asyncio.Task[T]: ...  # noqa: D102


def cancel_at_every_step(scenario: Callable[[Cancellable], Coroutine[Any, Any, object]]) -> int:
    """Run `scenario` again and again, cancelling its subject one loop turn later each time, until it ends by itself.

    The scenario is `async def scenario(cancellable)`: it prepares what it needs, runs its subject by
    `task = await cancellable(subject())` exactly once, and then asserts what must hold whether or not the subject was
    cancelled. Every await of the subject is thereby cancelled once, also in the instant between the result being set
    and the subject seeing it. Returns the number of turns at which it was cancelled.
    """
    step = 0
    while run(_cancelling(scenario, step)):
        step += 1
    return step


async def _cancelling(scenario: Callable[[Cancellable], Coroutine[Any, Any, object]], step: int) -> bool:
    """Run the scenario, cancelling the subject `step` turns after its start; whether it had not ended before."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):  # pragma: no cover - `run` makes no other
        raise VirtualTimeError("cancellation by step needs a virtual-time loop; use testing.run")
    cancelled: list[bool] = []

    async def cancellable(coroutine: Coroutine[Any, Any, T], /) -> asyncio.Task[T]:
        task = loop.create_task(coroutine)
        loop.at_turn(loop.turns + 1 + step, lambda: cancelled.append(task.cancel()))
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: asyncio shall not report it as forgotten
        return task

    await scenario(cancellable)
    return any(cancelled)
