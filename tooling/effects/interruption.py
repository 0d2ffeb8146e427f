"""Ctrl-C while files are on their way: the first asks to stop after them, the second to abandon them.

A handler of our own instead of `KeyboardInterrupt`, which could strike between any two steps of the bookkeeping. It
only hands the signal over to a thread, by a queue that is made for that: a handler may run while the main thread holds
any lock, even one that the handler would want, such as that of the output or of `stop` itself.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tooling.effects.progress import Watcher

HEARTBEAT = 0.2
"""Seconds a main thread may sleep in one go: of a signal that comes just before it falls asleep it hears on waking."""


@contextmanager
def interruptions(stop: threading.Event, abandon: Callable[[], None], watcher: Watcher) -> Iterator[None]:
    """Within, SIGINT and SIGTERM set `stop`, and call `abandon` when it is already set.

    Only the main thread has signals; elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    signals: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        while signals.get():
            if stop.is_set():
                abandon()
                watcher.says("Stopping now: uploads on their way are abandoned.")
            else:
                stop.set()
                watcher.says("Stopping: uploads on their way may finish, no other is begun. Once more to abandon them.")

    listener = threading.Thread(target=listen, name="interruptions", daemon=True)
    listener.start()
    previous = {
        number: signal.signal(number, lambda *_: signals.put(True)) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        signals.put(False)
        listener.join()
