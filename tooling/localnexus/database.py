"""The SQLite database: many readers, one thread that writes, and one commit for all that waits to be written."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tooling.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tooling.localnexus.disk import Disk

T = TypeVar("T")

FILE: Final = "index.db"
_LAYOUT: Final = 1
_BATCH: Final = 64
_SCHEMA: Final = """
CREATE TABLE components (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, created REAL NOT NULL,
    UNIQUE (repository, name, version)
);
CREATE TABLE assets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    component INTEGER NOT NULL REFERENCES components (id),
    repository TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, file TEXT NOT NULL,
    blob TEXT NOT NULL, size INTEGER NOT NULL, digests TEXT NOT NULL, content_type TEXT NOT NULL,
    requires_python TEXT NOT NULL, attributes TEXT NOT NULL, created REAL NOT NULL, downloaded REAL,
    uploader TEXT, uploader_ip TEXT,
    UNIQUE (repository, path)
);
CREATE INDEX assets_by_project ON assets (repository, name);
CREATE INDEX assets_by_component ON assets (component);
CREATE INDEX assets_by_file ON assets (repository, file);
CREATE TABLE users (userid TEXT PRIMARY KEY, secret TEXT NOT NULL, privileges TEXT NOT NULL);
CREATE TABLE upstream_pages (project TEXT PRIMARY KEY, links TEXT NOT NULL, fetched REAL NOT NULL);
"""


def connect(file: Path) -> sqlite3.Connection:
    """Open the database for any thread; a commit returns when it would survive a power failure."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def prepare(connection: sqlite3.Connection, folder: Path) -> None:
    """Make the tables of a new database; leave one that has them alone.

    Raises:
        RefusedError: SV03, the database was written by another release.
    """
    layout = connection.execute("PRAGMA user_version").fetchone()[0]
    if layout == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_LAYOUT};COMMIT;")
    elif layout != _LAYOUT:
        raise RefusedError(
            "SV03",
            f"The index database in {str(folder)!r} has layout {layout}, and this release reads layout {_LAYOUT}.",
            "Use the release that wrote it, or another data folder.",
        )


@dataclass(slots=True)
class Transaction:
    """What one commit does to the database and to the files it names.

    Attributes:
        connection: to write rows with.
        disk: to name files with.
    """

    connection: sqlite3.Connection
    disk: Disk
    _kept: list[Path] = field(default_factory=list)
    _dropped: list[Path] = field(default_factory=list)

    def keep(self, staged: Path, blob: Path) -> None:
        """Give a staged file its lasting name; it is removed again should the commit fail."""
        self.disk.rename(staged, blob)
        self._kept.append(blob)

    def drop(self, blob: Path) -> None:
        """Remove a file once the commit has succeeded."""
        self._dropped.append(blob)

    def settle(self) -> None:
        """Make the names of the kept files durable."""
        for folder in {blob.parent for blob in self._kept}:
            self.disk.sync_folder(folder)

    def finish(self) -> None:
        """Remove the dropped files."""
        for blob in self._dropped:
            with suppress(OSError):  # the next start sweeps what nothing refers to
                self.disk.remove(blob)

    def mark(self) -> tuple[int, int]:
        """Where we are, for `undo`."""
        return len(self._kept), len(self._dropped)

    def undo(self, mark: tuple[int, int] = (0, 0)) -> None:
        """Take back the naming and dropping of files since a mark."""
        for blob in self._kept[mark[0] :]:
            self.disk.remove(blob)
        del self._kept[mark[0] :], self._dropped[mark[1] :]


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    work: Callable[[Transaction], T]
    future: Future[T]


class Database:
    """Reads at once; writes through one thread that commits together what waits together.

    Each piece of work has a savepoint of its own: one that fails takes nothing with it.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._disk = disk
        with ExitStack() as opened:
            self._writer = opened.enter_context(closing(connect(folder / FILE)))
            prepare(self._writer, folder)
            disk.sync_folder(folder)
            self._reader = opened.enter_context(closing(connect(folder / FILE)))
            opened.pop_all()
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="index-writer", daemon=True)
        self._thread.start()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        return self._reader.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None = self._reader.execute(query, values).fetchone()
        return found

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry out work in the writing thread and return its result when the commit is durable."""
        return await asyncio.wrap_future(self.submit(work))

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """Queue work for the writing thread; the future completes when the commit is durable."""
        future: Future[T] = Future()
        self._jobs.put(_Job(work, future))
        return future

    def close(self) -> None:
        """Finish what is queued and close."""
        self._jobs.put(None)
        self._thread.join()
        self._reader.close()
        self._writer.close()

    def _run(self) -> None:
        while True:
            batch = [self._jobs.get()]
            with suppress(queue.Empty):
                while len(batch) < _BATCH:
                    batch.append(self._jobs.get_nowait())
            if jobs := [job for job in batch if job is not None and job.future.set_running_or_notify_cancel()]:
                self._commit(jobs)
            if None in batch:
                return

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        transaction = Transaction(self._writer, self._disk)
        outcomes: list[tuple[_Job[Any], Any, Exception | None]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes.extend((job, *self._attempt(transaction, job)) for job in jobs)
            transaction.settle()
            self._writer.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever broke the commit is everybody's answer
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            transaction.undo()
            outcomes = [(job, None, error) for job in jobs]
        else:
            transaction.finish()
        for job, result, failure in outcomes:
            if failure is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(failure)

    def _attempt(self, transaction: Transaction, job: _Job[Any]) -> tuple[Any, Exception | None]:
        mark = transaction.mark()
        self._writer.execute("SAVEPOINT job")
        try:
            return job.work(transaction), None
        except Exception as error:  # noqa: BLE001 - it becomes the answer of this piece of work
            self._writer.execute("ROLLBACK TO job")
            transaction.undo(mark)
            return None, error
        finally:
            self._writer.execute("RELEASE job")
