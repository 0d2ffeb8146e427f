"""The embedded index for a publisher that was given no server: use the one that serves the folder, else be it.

Several publishers on one folder share the one index that the first of them runs. Each borrower holds a shared lock on
`borrowers.lock`; the one that runs the index takes it exclusively before it stops, and so waits for them.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from tooling.errors import FailedError, RefusedError, UsageError
from tooling.localnexus import IndexSettings, holder, running_index
from tooling.localnexus.security import ADMIN, INITIAL_PASSWORD, PASSWORD_FILE
from tooling.model.secret import Secret
from tooling.model.target import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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

    `password` counts where the folder does not tell the one it was made with.

    Raises:
        FailedError: SV10, when the folder's index neither serves nor ends within half a minute.
        UsageError: SV11, when the index has a password that is not known here.
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
    """Borrow the index that serves the folder; None if there is none, or it is just beginning or ending."""
    with ExitStack() as borrowing:
        lock = borrowing.enter_context(_borrowers_lock(data))
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        serving = holder(data)
        if serving is None or not _answers(serving.url):
            return None
        stack.enter_context(borrowing.pop_all())
        return Lent(url=serving.url, credentials=_as_admin(data, _kept(data), password), ours=False)


def _answers(url: str) -> bool:
    """Whether the index serves by now. Its folder is held before its users are made, and so before its password."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE)
    try:
        connection.request("HEAD", f"{place.path}/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _started(data: Path, password: Secret | None, says: Callable[[str], None], stack: ExitStack) -> Lent | None:
    """Serve the folder from this process; None if somebody else began to in this very moment.

    The lock on borrowers is given back last: nobody may borrow an index that is about to stop.
    """
    with ExitStack() as starting:
        lock = starting.enter_context(_borrowers_lock(data))
        try:
            index = starting.enter_context(running_index(IndexSettings(data=data)))
        except RefusedError as error:
            if error.code != HELD:
                raise
            return None
        starting.callback(_wait_for_borrowers, lock, says)
        stack.enter_context(starting.pop_all())
        return Lent(url=index.url, credentials=_as_admin(data, index.password, password), ours=True)


def _wait_for_borrowers(lock: BinaryIO, says: Callable[[str], None]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        says("Waiting for other publishers that use this embedded index.")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _borrowers_lock(data: Path) -> BinaryIO:
    return (data / "borrowers.lock").open("ab")


def _kept(data: Path) -> str | None:
    """Return the password the index was made with: kept in its folder, or named by this environment as by its own."""
    try:
        return (data / PASSWORD_FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return os.environ.get(INITIAL_PASSWORD)


def _as_admin(data: Path, kept: str | None, password: Secret | None) -> Credentials:
    known = Secret(kept) if kept else password
    if known is None:
        raise UsageError("SV11", f"The index of {data} has a password of its own.", "Set NEXUS_PASSWORD to it.")
    return Credentials(username=ADMIN, password=known)
