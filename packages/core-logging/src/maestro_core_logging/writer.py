"""What takes finished lines from callers, and the plain kind that writes each at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .output import Output

__all__ = ["SyncWriter", "Writer", "count_lines"]


class Writer(Protocol):
    """What a log call needs of a writer, and what the process needs of it around forks and at its end."""

    output: Output

    def put(self, number: int, line: bytes) -> None:
        """Take one line of a level; never raises, never waits long."""

    def flush(self, timeout: float) -> bool:
        """Write what was put before; False when `timeout` seconds were not enough."""

    def close(self, timeout: float) -> bool:
        """Flush, then write every later line at once."""

    def counts(self) -> dict[str, int]:
        """Return lines produced, queued, written and dropped, and errors of the sink."""

    def before_fork(self) -> None:
        """Come to rest: nothing half written, no thread."""

    def after_fork_in_parent(self) -> None:
        """Go on."""

    def after_fork_in_child(self) -> None:
        """Start anew, empty: what was queued belongs to the parent."""


class SyncWriter:
    """Writes each line before the call returns: for command line programs."""

    def __init__(self, output: Output) -> None:
        self.output = output

    def put(self, number: int, line: bytes) -> None:  # noqa: ARG002 - every level is written alike
        """Write one line."""
        with self.output.lock:
            self.output.write((line,))

    def flush(self, timeout: float) -> bool:  # noqa: ARG002 - there is nothing to wait for
        """Nothing is ever pending."""
        return True

    def close(self, timeout: float) -> bool:  # noqa: ARG002 - there is nothing to wait for
        """Close the sink."""
        self.output.close()
        return True

    def counts(self) -> dict[str, int]:
        """Return the counts; nothing is ever queued."""
        output = self.output
        return count_lines(output.written + output.dropped, 0, output.dropped, output)

    def before_fork(self) -> None:
        """Wait for a line that another thread is writing, but not for a sink that hangs."""
        if self.output.lock.acquire(timeout=1.0):
            self.output.lock.release()

    def after_fork_in_parent(self) -> None:
        """Nothing was stopped."""

    def after_fork_in_child(self) -> None:
        """Replace the lock."""
        self.output.reset_after_fork()


def count_lines(produced: int, queued: int, dropped: int, output: Output) -> dict[str, int]:
    """Return the counts under the names that `logging_stats()` shows."""
    return {
        "produced": produced,
        "written": output.written,
        "dropped": dropped,
        "dropped_by_sink": output.dropped,
        "queued": queued,
        "sink_errors": output.errors,
    }
