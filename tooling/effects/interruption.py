"""Ctrl-C while files are on their way: the first asks to stop after them, the second to abandon them.

A handler of our own instead of `KeyboardInterrupt`, which could strike between any two steps of the bookkeeping.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from tooling.effects.progress import Watcher


@contextmanager
def interruptions(stop: threading.Event, abandon: Callable[[], None], watcher: Watcher) -> Iterator[None]:
    """Within, SIGINT and SIGTERM set `stop`, and call `abandon` when it is already set.

    Only the main thread has signals; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            watcher.says("Stopping now: uploads on their way are abandoned.")
            abandon()
        else:
            watcher.says("Stopping: uploads on their way may finish, no other is begun. Once more to abandon them.")
            stop.set()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
