"""The writer for services: a bounded queue that callers fill and one thread empties, so that none is blocked."""

from __future__ import annotations

import threading
from collections import deque
from itertools import count
from time import monotonic, sleep
from typing import TYPE_CHECKING

from .levels import WARNING
from .wake_flag import WakeFlag
from .writer import count_lines

if TYPE_CHECKING:
    from .drop_report import DropReport
    from .output import Output

__all__ = ["QueueWriter"]

_LINGER = 0.005


class _Kept(bytes):
    """A line of WARNING or above: never pushed out by others."""

    __slots__ = ()


class QueueWriter:
    """A bounded queue and one daemon thread, started by the first line and again after a fork.

    Appending and popping a deque is atomic, so a line costs its caller no lock. When the queue is full the oldest line
    below WARNING goes; a line of WARNING or above that finds only its like waits and is then written directly, both
    within `patience` seconds.
    """

    def __init__(self, output: Output, *, size: int, report: DropReport, patience: float = 0.05) -> None:
        self.output = output
        self._size = size
        self._half = size // 2
        self._report = report
        self._patience = patience
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        """Set up everything that a forked child must not share."""
        self._queue: deque[bytes] = deque()
        self._older: deque[bytes] = deque()
        self._flushes: deque[WakeFlag] = deque()
        self._full = threading.RLock()
        self._wake = WakeFlag()
        self._idle = True
        self._resting = False
        self._thread: threading.Thread | None = None
        self._produced = count()
        self._looks = 0

    def put(self, number: int, line: bytes) -> None:
        """Queue one line."""
        next(self._produced)
        if number >= WARNING:
            self._put_kept(_Kept(line))
            return
        queue = self._queue
        queue.append(line)
        if len(queue) + len(self._older) > self._half:
            self._relieve()
        if self._idle:
            self._start()

    def flush(self, timeout: float) -> bool:
        """Wait until everything put before this call was handed to the sink."""
        if self.output.holder == threading.get_ident():  # a signal handler cut into a write; the thread waits for it
            return self._drain_here(timeout)
        done = WakeFlag()
        self._flushes.append(done)
        self._start()
        return self._drain_here(timeout) if self._closed else done.wait(timeout)

    def close(self, timeout: float) -> bool:
        """Flush and end the thread; lines that come later are written by their callers."""
        flushed = self.flush(timeout)
        self._closed = True
        self._wake.raise_()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._patience)
        if self.output.lock.acquire(timeout=self._patience):
            self._drain()
            self._tell(at_once=True)
            self.output.close()
            self.output.lock.release()
        return flushed

    def counts(self) -> dict[str, int]:
        """Return the counts; `dropped` holds what was pushed out and what the sink lost."""
        with self._full:
            produced = next(self._produced) - self._looks
            self._looks += 1
        queued, dropped = len(self._queue) + len(self._older), self._report.dropped + self.output.dropped
        return count_lines(produced, queued, dropped, self.output)

    def before_fork(self) -> None:
        """End the thread at a line's end, so that the child is forked from a quiet process."""
        self._resting = True
        self._wake.raise_()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)

    def after_fork_in_parent(self) -> None:
        """Start the thread again if lines are waiting; else the next line does."""
        self._resting = False
        if self._queue or self._older or self._flushes:
            self._start()

    def after_fork_in_child(self) -> None:
        """Begin with an empty queue, new locks and no thread."""
        self.output.reset_after_fork()
        self._report = self._report.anew()
        self._begin()

    def _put_kept(self, line: bytes) -> None:
        if len(self._queue) + len(self._older) >= self._size and not self._push_out() and not self._wait_for_room():
            self._write_directly(line)
            return
        self._queue.append(line)
        self._start()

    def _relieve(self) -> None:
        """End the thread's rest when the queue is half full; make room when it is full."""
        if len(self._queue) + len(self._older) > self._size:
            self._push_out()
        self._wake.raise_()

    def _push_out(self) -> bool:
        """Drop the oldest line that may go; False when all that wait must be kept."""
        with self._full:
            while self._queue:
                try:
                    oldest = self._queue.popleft()
                except IndexError:
                    return True
                if type(oldest) is bytes:
                    self._report.dropped += 1
                    return True
                self._older.append(oldest)
        return False

    def _wait_for_room(self) -> bool:
        self._start()
        end = monotonic() + 0.8 * self._patience
        while len(self._queue) + len(self._older) >= self._size:
            if monotonic() >= end:
                return False
            sleep(_LINGER)
        return True

    def _write_directly(self, line: bytes) -> None:
        """Write past the queue; a sink that hangs in another thread's hands loses the line, counted."""
        if self.output.lock.acquire(timeout=0.2 * self._patience):
            self.output.write((line,))
            self.output.lock.release()
        else:
            with self._full:
                self._report.dropped += 1

    def _start(self) -> None:
        """Wake the thread, or make it."""
        self._idle = False
        if not (self._closed or self._resting or self._alive()):
            with self._full:
                if not self._alive():
                    self._make_thread()
        if self._closed:
            self._idle = True
            self._drain_here(self._patience)
        self._wake.raise_()

    def _alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _make_thread(self) -> None:
        self._thread = threading.Thread(target=self._run, name="maestro-logging-writer", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no more threads here, or the interpreter is shutting down
            self._closed = True

    def _run(self) -> None:
        try:
            self._serve()
        finally:
            self._idle = True

    def _serve(self) -> None:
        while not self._ending():
            if not (self._queue or self._older or self._flushes):
                self._idle = True
                if not (self._queue or self._flushes or self._ending()):
                    self._wake.wait(self._report.seconds_left())
                self._idle = False
            # Lines come in bursts: a short rest lets one write carry many. WARNING, flush and a half-full queue end it.
            if not (self._flushes or self._ending() or len(self._queue) > self._half):
                self._wake.wait(_LINGER)
            self._cycle()
        self._cycle()

    def _ending(self) -> bool:
        return self._closed or self._resting

    def _cycle(self) -> None:
        waiting = [self._flushes.popleft() for _ in range(len(self._flushes))]
        with self.output.lock:
            self._drain()
            self._tell()
        for done in waiting:
            done.raise_()

    def _drain_here(self, timeout: float) -> bool:
        if not self.output.lock.acquire(timeout=timeout):
            return False
        try:
            self._drain()
        finally:
            self.output.lock.release()
        return True

    def _drain(self) -> None:
        """Hand everything that waits to the sink; the caller holds the output's lock."""
        # Against _push_out, which moves lines; bounded, as a signal handler may have cut into it on this very thread.
        held = self._full.acquire(timeout=self._patience)
        batch: list[bytes] = []
        for waiting in (self._older, self._queue):
            for _ in range(len(waiting)):
                try:
                    batch.append(waiting.popleft())
                except IndexError:
                    break
        if held:
            self._full.release()
        if batch:
            self.output.write(batch)

    def _tell(self, *, at_once: bool = False) -> None:
        """Write the line about drops if it is time; it is ours, so no count of the caller's lines holds it."""
        line = self._report.line(at_once=at_once)
        if line is not None:
            before = self.output.written, self.output.dropped
            self.output.write((line,))
            self.output.written, self.output.dropped = before
