"""What the process does to its writers: forks, ends, is told to end."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from .writer import Writer

__all__ = ["ProcessHooks"]

_EXIT_SECONDS = 2.0


class ProcessHooks:
    """Keeps the open writers safe over `fork`, flushes them at exit and before SIGTERM ends the process.

    Installed with the first writer; a process that only imports the library is left alone. The SIGTERM handler is
    set only in the main thread and only where none is set; it flushes and then lets the signal do what it does.
    """

    def __init__(self) -> None:
        self._writers: list[Writer] = []
        self._installed = False
        self.in_child: list[Callable[[], None]] = []

    def watch(self, writer: Writer) -> None:
        """Take a writer into care."""
        self._writers = [*self._writers, writer]
        if not self._installed:
            self._installed = True
            atexit.register(self.flush_at_exit)
            self._at_child_exit()
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(
                    before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_child
                )

    def release(self, writer: Writer) -> None:
        """Forget a writer that was closed."""
        self._writers = [kept for kept in self._writers if kept is not writer]

    def handle_sigterm(self, *, wanted: bool) -> None:
        """Set or take back the SIGTERM handler; a handler of somebody else's is never touched."""
        if threading.current_thread() is not threading.main_thread():
            return
        current = signal.getsignal(signal.SIGTERM)
        if wanted and current is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._on_sigterm)
        elif not wanted and current == self._on_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def _on_sigterm(self, number: int, _frame: FrameType | None) -> None:
        for writer in self._writers:
            writer.flush(_EXIT_SECONDS)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def flush_at_exit(self) -> None:
        """Write what is waiting; lines that come later are written by their callers."""
        for writer in self._writers:
            writer.close(_EXIT_SECONDS)

    def _before_fork(self) -> None:
        for writer in self._writers:
            writer.before_fork()

    def _after_fork(self) -> None:
        for writer in self._writers:
            writer.after_fork_in_parent()

    def _in_child(self) -> None:
        for writer in self._writers:
            writer.after_fork_in_child()
        for renew in self.in_child:
            renew()
        util: Any = sys.modules.get("multiprocessing.util")
        if util is not None:
            # multiprocessing forgets all finalisers right after its fork, and then calls those registered here.
            util.register_after_fork(self, ProcessHooks._at_child_exit)

    def _at_child_exit(self) -> None:
        """Flush also in children of `multiprocessing`, some of which end without any exit hook."""
        process: Any = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            from multiprocessing.util import Finalize

            Finalize(None, self.flush_at_exit, exitpriority=-100)
