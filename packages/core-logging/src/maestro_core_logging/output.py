"""One sink and its book-keeping: every line handed over is counted as written or dropped, and no error gets out."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from .observers import NAME, OBSERVERS
from .sinks import PartialWriteError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .sinks import Sink

__all__ = ["Output"]

_COMPLAINT_SECONDS = 60.0


class Output:
    """Writes batches of lines to a sink under a re-entrant lock; complains on stderr once a minute when it fails."""

    def __init__(self, sink: Sink, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.sink = sink
        self.lock = threading.RLock()
        self.holder = 0
        self.written = 0
        self.dropped = 0
        self.errors = 0
        self._clock = clock
        self._torn = False
        self._complained = float("-inf")

    def write(self, lines: Sequence[bytes]) -> None:
        """Write lines in order; the caller holds `lock`."""
        outer, self.holder = self.holder, threading.get_ident()
        try:
            self._write(lines)
        finally:
            self.holder = outer

    def close(self) -> None:
        """Close what the sink has opened."""
        try:
            self.sink.close()
        except Exception:  # noqa: BLE001 - a sink of the caller's may fail in any way
            self.errors += 1

    def reset_after_fork(self) -> None:
        """Start anew in a forked child: own lock, own counts."""
        self.lock = threading.RLock()
        self.holder = self.written = self.dropped = self.errors = 0

    def _write(self, lines: Sequence[bytes]) -> None:
        # A line cut off by a full disk must not run into the next one.
        mend = b"\n" if self._torn else b""
        data = mend + b"".join(lines)
        try:
            self.sink.write(data)
        except PartialWriteError as error:
            self._failed(error, lines, data[len(mend) : error.done])
        except Exception as error:  # noqa: BLE001 - a sink of the caller's may fail in any way
            self._failed(error, lines, b"")
        else:
            self._torn = False
            self.written += len(lines)

    def _failed(self, error: Exception, lines: Sequence[bytes], taken: bytes) -> None:
        complete = taken.count(b"\n")
        if taken:
            self._torn = not taken.endswith(b"\n")
        self.written += complete
        self.dropped += len(lines) - complete
        self.errors += 1
        now = self._clock()
        if now - self._complained >= _COMPLAINT_SECONDS:
            self._complained = now
            self._complain(error)
            OBSERVERS.publish("logging.output_failed", NAME, dropped=self.dropped)

    def _complain(self, error: Exception) -> None:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        text = (
            f"maestro-core-logging cannot write to {self.sink.label} ({reason}): {self.dropped} lines are lost so far; "
            "make it writable or configure another output.\n"
        )
        try:
            if sys.__stderr__ is not None:
                sys.__stderr__.write(text)
                sys.__stderr__.flush()
        except (OSError, ValueError):
            return
