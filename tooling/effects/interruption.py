"""Ctrl-C during a run: while nothing is being sent it ends at once; later the first lets files on their way arrive.

A handler of our own instead of `KeyboardInterrupt`, which could strike between any two steps of the bookkeeping, even
inside a lock that is then never given back. It only hands the signal over to a thread, by a queue that is made for
that: a handler may run while the main thread holds any lock, also one that the work of stopping wants.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

from tooling.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tooling.effects.progress import Watcher

HEARTBEAT = 0.2
"""Seconds a main thread may sleep in one go: of a signal that comes just before it falls asleep it hears on waking."""


@dataclass(slots=True, kw_only=True)
class Interruption:
    """What the user wants: `stop` is set once they want out.

    The run says what it is doing: `sending` while files are on their way, and `abandon`, which cuts all connections.
    """

    watcher: Watcher
    stop: threading.Event = field(default_factory=threading.Event)
    sending: bool = False
    abandon: Callable[[], None] = lambda: None

    def check(self) -> None:
        """Raise `StoppedError` (PB09) if the user wants out."""
        if self.stop.is_set():
            raise StoppedError("PB09", "Interrupted.", "Run it again: it continues where this stopped.")

    def heard(self) -> None:
        """Act on one signal."""
        patient = self.sending and not self.stop.is_set()
        self.stop.set()
        if patient:
            self.watcher.says(
                "Stopping: uploads on their way may finish, no other is begun. Once more to abandon them."
            )
            return
        self.abandon()
        if self.sending:
            self.watcher.says("Stopping now: uploads on their way are abandoned.")


@contextmanager
def interruptions(watcher: Watcher) -> Iterator[Interruption]:
    """Within, SIGINT and SIGTERM are told to the `Interruption`; only the main thread has signals to tell."""
    interruption = Interruption(watcher=watcher)
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    signals: SimpleQueue[bool] = SimpleQueue()

    def listen() -> None:
        while signals.get():
            interruption.heard()

    listener = threading.Thread(target=listen, name="interruptions", daemon=True)
    listener.start()
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, lambda *_: signals.put(True)) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        signals.put(False)
        listener.join()
