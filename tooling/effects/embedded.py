"""The embedded index for a publisher that was given no server: use the one that serves the folder, else be it.

Several publishers on one folder share the one index that the first of them runs. Each borrower holds a shared lock on
`borrowers.lock`; the one that runs the index takes it exclusively before it stops, and so waits for them.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import FailedError, UsageError
from tooling.localnexus import IndexSettings, holder, running_index
from tooling.model.secret import Secret
from tooling.model.target import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ADMIN = "admin"
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
        FailedError: SV05, when the folder's index neither serves nor ends within half a minute.
        UsageError: SV06, when another index serves the folder and its password is not known here.
    """
    data.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + PATIENCE
    while True:
        with _borrowing(data) as borrowed:
            serving = holder(data) if borrowed else None
            if serving is not None:
                yield Lent(url=serving.url, credentials=_known(data, password), ours=False)
                return
        try:
            running = running_index(IndexSettings(data=data))
            index = running.__enter__()
        except UsageError:
            # Another publisher began to serve the folder in this very moment.
            if time.monotonic() > deadline:
                raise FailedError(
                    "SV05", f"The embedded index of {data} neither serves nor ends.", "Stop the process that holds it."
                ) from None
            time.sleep(_PAUSE)
            continue
        try:
            yield Lent(
                url=index.url, credentials=Credentials(username=ADMIN, password=Secret(index.password)), ours=True
            )
        finally:
            _wait_for_borrowers(data, says)
            running.__exit__(None, None, None)
        return


@contextmanager
def _borrowing(data: Path) -> Iterator[bool]:
    """Hold the borrowers' lock, shared; False when the index of the folder is just ending."""
    handle = os.open(data / "borrowers.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _wait_for_borrowers(data: Path, says: Callable[[str], None]) -> None:
    handle = os.open(data / "borrowers.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            says("Waiting for other publishers that use this embedded index.")
            fcntl.flock(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)


def _known(data: Path, password: Secret | None) -> Credentials:
    kept = data / "admin.password"
    if password is not None:
        return Credentials(username=ADMIN, password=password)
    if kept.is_file():
        return Credentials(username=ADMIN, password=Secret(kept.read_text(encoding="utf-8")))
    raise UsageError("SV06", f"The index that serves {data} has a password of its own.", "Set NEXUS_PASSWORD to it.")
