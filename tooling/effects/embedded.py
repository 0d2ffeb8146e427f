"""The embedded index for a publisher that was given no server: use the one that serves the folder, else be it.

Several publishers on one folder share the one index that the first of them runs. Each borrower holds a shared lock on
`borrowers.lock`; the one that runs the index takes it exclusively before it stops, and so waits for them.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from tooling.errors import FailedError, RefusedError, UsageError
from tooling.localnexus import IndexSettings, holder, running_index
from tooling.model.secret import Secret
from tooling.model.target import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ADMIN = "admin"
HELD = "SV01"  # what the server raises when another process serves the folder
PATIENCE = 30.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """An embedded index that will be there until the context ends; `ours`: this process runs it."""

    url: str
    credentials: Credentials
    ours: bool


@contextmanager
def embedded_index(data: Path, password: Secret | None, says: Callable[[str], None]) -> Iterator[Lent]:
    """Lend the embedded index of the folder `data`, starting it in this process if nobody serves the folder.

    Raises:
        FailedError: SV10, when the folder's index neither serves nor ends within half a minute.
        UsageError: SV11, when another index serves the folder and its password is not known here.
    """
    data.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    with ExitStack() as stack:
        while (lent := _borrowed(data, password, stack) or _started(data, password, says, stack)) is None:
            if time.monotonic() > deadline:
                message = f"The embedded index of {data} neither serves nor ends."
                raise FailedError("SV10", message, "Stop the process that holds it, then run again.")
            time.sleep(_PAUSE)
        yield lent


def _borrowed(data: Path, password: Secret | None, stack: ExitStack) -> Lent | None:
    """Borrow the index that serves the folder; None if there is none, or it is just ending."""
    lock = _borrowers_lock(data)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        serving = holder(data)
    except BlockingIOError:
        serving = None
    if serving is None:
        lock.close()
        return None
    stack.enter_context(lock)
    return Lent(url=serving.url, credentials=_known(data, password), ours=False)


def _started(data: Path, password: Secret | None, says: Callable[[str], None], stack: ExitStack) -> Lent | None:
    """Serve the folder from this process; None if somebody else began to in this very moment."""
    try:
        index = stack.enter_context(running_index(IndexSettings(data=data)))
    except RefusedError as error:
        if error.code != HELD:
            raise
        return None
    stack.callback(_wait_for_borrowers, data, says)
    known = password or (Secret(index.password) if index.password else None)
    return Lent(url=index.url, credentials=_as_admin(known, data), ours=True)


def _wait_for_borrowers(data: Path, says: Callable[[str], None]) -> None:
    with _borrowers_lock(data) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            says("Waiting for other publishers that use this embedded index.")
            fcntl.flock(lock, fcntl.LOCK_EX)


def _borrowers_lock(data: Path) -> BinaryIO:
    return (data / "borrowers.lock").open("ab")


def _known(data: Path, password: Secret | None) -> Credentials:
    kept = data / "admin.password"
    if password is None and kept.is_file():
        password = Secret(kept.read_text(encoding="utf-8"))
    return _as_admin(password, data)


def _as_admin(password: Secret | None, data: Path) -> Credentials:
    if not password:
        raise UsageError("SV11", f"The index of {data} has a password of its own.", "Set NEXUS_PASSWORD to it.")
    return Credentials(username=ADMIN, password=password)
