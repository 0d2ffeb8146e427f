"""Readers of our output, who may leave before its end."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


@contextlib.contextmanager
def readers_may_leave() -> Iterator[None]:
    """Within, whoever reads our output may stop, as `head` does: the work goes on, and the exit code stays true."""
    streams = _Unread(sys.stdout), _Unread(sys.stderr)
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            yield
        finally:
            for stream in streams:
                stream.flush()


class _Unread(io.TextIOBase):
    """A text stream that goes on saying to nobody what its reader does not want to hear any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or do as if."""
        return self._tried(lambda: self._stream.write(text), len(text))

    def flush(self) -> None:
        """Flush, or do as if."""
        self._tried(self._stream.flush, None)

    def isatty(self) -> bool:
        """Whether a terminal reads it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor behind it."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream itself."""
        return self._stream.encoding

    def _tried(self, action: Callable[[], T], otherwise: T) -> T:
        try:
            return action()
        except BrokenPipeError:
            # What is still in its buffer would fail again, at exit at the latest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            return otherwise
