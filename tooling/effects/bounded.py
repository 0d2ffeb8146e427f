"""Commands that may run other people's code, such as git's hooks: bounded in time, and ended with all they started."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GRACE = 5.0
"""Seconds a command may take to put away its lock files once it is told to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command ended with; `code` is None when it took too long and was ended."""

    code: int | None
    out: bytes
    err: bytes


def run_bounded(words: Sequence[str], *, given: bytes, environment: Mapping[str, str], seconds: float) -> Ended:
    """Run a command for at most `seconds`, with `given` on its standard input.

    It gets a session of its own, so it cannot ask anything on the terminal: a prompt fails at once instead of waiting
    unseen. Output goes to files, not pipes: what a hook leaves running in the background keeps nobody waiting.

    Raises:
        FileNotFoundError: there is no such command.
    """
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        asked.write(given)
        asked.seek(0)
        code: int | None = None
        with _heard_later() as interrupted:
            process = subprocess.Popen(
                words, stdin=asked, stdout=out, stderr=err, env=dict(environment), start_new_session=True
            )
        try:
            code = process.wait(0 if interrupted else seconds)
        except subprocess.TimeoutExpired:
            _end(process)
        except BaseException:
            _end(process)
            raise
        if interrupted:
            raise KeyboardInterrupt
        return Ended(code=code, out=_all(out), err=_all(err))


@contextmanager
def _heard_later() -> Iterator[list[int]]:
    """Within, Ctrl-C is noted and not raised: between the start of a process and its number being known lies a gap."""
    heard: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    previous = signal.signal(signal.SIGINT, lambda number, _frame: heard.append(number))
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, previous)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and its whole group: by request first, since git then removes its locks, then by force."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _all(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
