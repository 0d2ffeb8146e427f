"""Work that goes on beside the application, from `start` to `aclose`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Background", "ended"]


class Background:
    """Runs `_run` as a task of the event loop that `start` was awaited on. `async with` starts and ends it."""

    name: str
    _task: asyncio.Task[None] | None = None

    def _run(self) -> Coroutine[None, None, None]:
        """Work until cancelled."""
        raise NotImplementedError

    async def start(self) -> None:
        """Begin; again is harmless."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"maestro-monitoring-{self.name}")

    async def aclose(self) -> None:
        """End; again is harmless."""
        if self._task is not None:
            task, self._task = self._task, None
            await ended(task)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait({task})
