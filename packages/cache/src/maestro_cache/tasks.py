"""Work that goes on in the background, owned by a cache and ended with it."""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

from maestro_resilience.deadline import published

from maestro_cache.flights import leading

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Tasks"]

_OUTSIDE: tuple[tuple[contextvars.ContextVar[Any], Any], ...] = ((published, None), (leading, ()))


class Tasks:
    """Tasks that nobody awaits; their errors have been dealt with inside."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, object]) -> asyncio.Task[Any]:
        """Run it until it ends, outside the deadline and the computation of whoever began it."""
        context = contextvars.copy_context()
        for variable, value in _OUTSIDE:
            context.run(variable.set, value)
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # seen

    async def finish(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await it; a cancellation of the caller does not stop it, it then ends in the background."""
        return await asyncio.shield(self.spawn(work))

    async def aclose(self) -> None:
        """Cancel what runs and wait for it."""
        while self._running:
            tasks = list(self._running)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._running.difference_update(tasks)
