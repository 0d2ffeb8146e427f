"""Where bytes go: a standard stream, a stream of the caller's, a function. Files have a module of their own."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PartialWriteError", "Sink", "StandardStream", "StreamSink", "is_terminal", "write_all"]

_PATIENCE_MS = 1000


class PartialWriteError(OSError):
    """A sink failed after it had taken `done` bytes of what it was given."""

    def __init__(self, done: int, cause: OSError) -> None:
        super().__init__(cause.errno, cause.strerror)
        self.done = done


class Sink(Protocol):
    """Takes whole lines, one call at a time; raises when it cannot."""

    label: str

    def write(self, data: bytes) -> None:
        """Write all of it, or raise; PartialWriteError says how much was taken."""

    def close(self) -> None:
        """Let go of what the sink itself has opened; a later write may open it again."""


def write_all(descriptor: int, data: bytes) -> None:
    """Write all bytes to a descriptor, also to one that somebody has made non-blocking."""
    view, done = memoryview(data), 0
    while done < len(view):
        try:
            done += os.write(descriptor, view[done:])
        except BlockingIOError as error:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            if not poll.poll(_PATIENCE_MS):
                raise PartialWriteError(done, error) from error
        except OSError as error:
            raise PartialWriteError(done, error) from error


class StreamSink:
    """A binary or text stream, or a function that takes bytes, owned by the caller."""

    def __init__(self, target: Any) -> None:
        self.label = type(target).__name__
        self._write: Callable[[Any], object] = (
            target if callable(target) and not hasattr(target, "write") else target.write
        )
        self._flush: Callable[[], object] | None = getattr(target, "flush", None)
        self._text = isinstance(target, io.TextIOBase)

    def write(self, data: bytes) -> None:
        """Hand the lines over and flush the stream."""
        self._write(data.decode() if self._text else data)
        if self._flush is not None:
            self._flush()

    def close(self) -> None:
        """Leave the caller's stream open."""


class StandardStream:
    """`sys.stderr` or `sys.stdout` as it is at each write, so that whoever replaces it gets the lines."""

    def __init__(self, name: str) -> None:
        self.label = name

    def write(self, data: bytes) -> None:
        """Write past the stream's buffer where it has a descriptor, after what was printed before."""
        stream = getattr(sys, self.label)
        if stream is None:
            raise OSError(f"this process has no sys.{self.label}")
        stream.flush()
        descriptor = _descriptor(stream)
        if descriptor is not None:
            write_all(descriptor, data)
        else:
            StreamSink(getattr(stream, "buffer", stream)).write(data)

    def close(self) -> None:
        """Leave the process's stream open."""


def _descriptor(stream: Any) -> int | None:
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def is_terminal(stream: Any) -> bool:
    """Tell whether a stream, or the standard stream of that name, is a terminal."""
    target = getattr(sys, stream) if isinstance(stream, str) else stream
    try:
        return bool(target.isatty())
    except (AttributeError, ValueError):
        return False
