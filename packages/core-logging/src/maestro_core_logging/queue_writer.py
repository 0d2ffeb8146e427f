"""The writer for services: a bounded queue that callers fill and one thread empties, so that none is blocked."""

from __future__ import annotations

import threading
from collections import deque
from itertools import count
from time import monotonic, sleep
from typing import TYPE_CHECKING

from .wake_flag import WakeFlag
from .writer import count_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from .output import Output

__all__ = ["QueueWriter"]

WARNING = 30
_LINGER = 0.005
_SUMMARY_SECONDS = 5.0


class _Kept(bytes):
    """A line of WARNING or above: never pushed out by others."""

    __slots__ = ()


class QueueWriter:
    """A bounded queue and one daemon thread, started by the first line and again after a fork.

    Appending and popping a deque is atomic, so a line costs its caller no lock. When the queue is full the oldest line
    below WARNING goes; a line of WARNING or above that finds only its like waits `patience` seconds at most and is then
    written directly.
    `summary` renders the line that reports drops, at most every 5 s of `clock`.
    """

    def __init__(
        self,
        output: Output,
        *,
        size: int,
        summary: Callable[[int], bytes],
        clock: Callable[[], float] = monotonic,
        patience: float = 0.05,
    ) -> None:
        self.output = output
        self._size = size
        self._half = size // 2
        self._summary = summary
        self._clock = clock
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
        self._pushed_out = 0
        self._reported = 0
        self._next_report = self._clock() + _SUMMARY_SECONDS

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
        if self._closed or self.output.holder == threading.get_ident():
            # The thread is gone, or waits for a lock this very thread holds (a signal handler that cut into a write).
            return self._drain_here(timeout)
        done = WakeFlag()
        self._flushes.append(done)
        self._start()
        return done.wait(timeout)

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
            self._report(now=True)
            self.output.close()
            self.output.lock.release()
        return flushed

    def counts(self) -> dict[str, int]:
        """Return the counts; `dropped` holds what was pushed out and what the sink lost."""
        with self._full:
            produced = next(self._produced) - self._looks
            self._looks += 1
        return count_lines(
            produced, len(self._queue) + len(self._older), self._pushed_out + self.output.dropped, self.output
        )

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
                    self._pushed_out += 1
                    return True
                self._older.append(oldest)
        return False

    def _wait_for_room(self) -> bool:
        self._start()
        end = monotonic() + self._patience
        while len(self._queue) + len(self._older) >= self._size:
            if monotonic() >= end:
                return False
            sleep(_LINGER)
        return True

    def _write_directly(self, line: bytes) -> None:
        """Write past the queue; a sink that hangs in another thread's hands loses the line, counted."""
        if self.output.lock.acquire(timeout=self._patience):
            self.output.write((line,))
            self.output.lock.release()
        else:
            with self._full:
                self._pushed_out += 1

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
        while not self._ending():
            if not (self._queue or self._older or self._flushes):
                self._idle = True
                if not (self._queue or self._flushes or self._ending()):
                    self._wake.wait(self._seconds_to_report())
                self._idle = False
            # Lines come in bursts: a short rest lets one write carry many. WARNING, flush and a half-full queue end it.
            if not (self._flushes or self._ending() or len(self._queue) > self._half):
                self._wake.wait(_LINGER)
            self._cycle()
        self._cycle()
        self._idle = True

    def _ending(self) -> bool:
        return self._closed or self._resting

    def _cycle(self) -> None:
        waiting = [self._flushes.popleft() for _ in range(len(self._flushes))]
        with self.output.lock:
            self._drain()
            self._report(now=False)
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
        # Against _push_out, which moves lines from one deque to the other. Bounded, as a signal handler may have cut
        # into _push_out on the thread that holds the lock.
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

    def _seconds_to_report(self) -> float | None:
        if self._pushed_out == self._reported:
            return None
        return max(_LINGER, self._next_report - self._clock())

    def _report(self, *, now: bool) -> None:
        """Write one line about drops since the last such line, if it is time."""
        lost = self._pushed_out - self._reported
        if not lost or not (now or self._clock() >= self._next_report):
            return
        self._reported += lost
        self._next_report = self._clock() + _SUMMARY_SECONDS
        before = self.output.written, self.output.dropped
        self.output.write((self._summary(lost),))
        # The report is ours, not a line of the caller's.
        self.output.written, self.output.dropped = before
