"""The files of the index: put, found, listed and removed, with nothing half done after a crash."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, BinaryIO, Final

from tooling.localnexus.assets import Asset, Component, NewAsset, content_type, normalised
from tooling.localnexus.disk import Disk, StagedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tooling.localnexus.database import Database, Transaction
    from tooling.localnexus.settings import WritePolicy

PAGE: Final = 100
"""Rows in one page of a listing."""

_NOTED: Final = 12 * 3600.0
"""Seconds between two notes of a file's last download, as Nexus spaces them."""


class UpdateRefusedError(Exception):
    """The write policy forbids storing under a path that is taken."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Store:
    """Assets in the database, their bytes in files of their own.

    The order of a write is: bytes synced, file named, folder synced, row committed, answer sent. Whatever a crash
    leaves of it is either whole or removed by the next start.
    """

    def __init__(self, folder: Path, database: Database, disk: Disk, clock: Callable[[], float]) -> None:
        self._incoming = folder / "incoming"
        self._blobs = folder / "blobs"
        self._database = database
        self._disk = disk
        self._clock = clock
        for made in (self._incoming, self._blobs):
            made.mkdir(exist_ok=True)
        self._sweep()

    def stage(self, *algorithms: str) -> StagedFile:
        """Begin a file that is on its way in."""
        return StagedFile(self._incoming, self._disk, algorithms)

    def open(self, asset: Asset) -> BinaryIO:
        """Open an asset's bytes; FileNotFoundError when it was removed meanwhile."""
        return (self._blobs / asset.blob).open("rb", buffering=0)

    async def put(self, files: Sequence[NewAsset], policy: WritePolicy) -> None:
        """Store sealed files together; returns when they would survive a power failure.

        Raises:
            UpdateRefusedError: a path is taken and `policy` is not `ALLOW`; nothing is stored.
        """
        await self._database.write(lambda transaction: self._put(transaction, files, policy))

    def asset(self, repository: str, path: str) -> Asset | None:
        """The asset under a path."""
        row = self._database.row("SELECT * FROM assets WHERE repository = ? AND path = ?", repository, path)
        return Asset.from_row(row) if row else None

    def asset_by_number(self, number: int) -> Asset | None:
        """The asset with a row number."""
        row = self._database.row("SELECT * FROM assets WHERE id = ?", number)
        return Asset.from_row(row) if row else None

    def project(self, repository: str, name: str) -> list[Asset]:
        """The files of a project, by its normalised name, in the order they came."""
        query = "SELECT * FROM assets WHERE repository = ? AND name = ? ORDER BY id"
        return [Asset.from_row(row) for row in self._database.rows(query, repository, name)]

    def has_project(self, repository: str, name: str) -> bool:
        """Whether a repository has any file of a project."""
        query = "SELECT 1 FROM assets WHERE repository = ? AND name = ? LIMIT 1"
        return self._database.row(query, repository, name) is not None

    def projects(self, repository: str) -> list[str]:
        """The normalised names of all projects, sorted."""
        query = "SELECT DISTINCT name FROM assets WHERE repository = ? ORDER BY name"
        return [row["name"] for row in self._database.rows(query, repository)]

    def assets(self, repositories: Iterable[str], after: int = 0, limit: int = PAGE) -> list[Asset]:
        """A page of the assets of some repositories, in the order they came; `after` is a row number."""
        names = tuple(repositories)
        query = f"SELECT * FROM assets WHERE repository IN ({_marks(names)}) AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 - question marks only
        return [Asset.from_row(row) for row in self._database.rows(query, *names, after, limit)]

    def components(self, repositories: Iterable[str], after: int = 0, limit: int = PAGE) -> list[Component]:
        """A page of the components of some repositories, in the order they came; `after` is a row number."""
        names = tuple(repositories)
        query = f"SELECT * FROM components WHERE repository IN ({_marks(names)}) AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 - question marks only
        rows = self._database.rows(query, *names, after, limit)
        files: dict[int, list[Asset]] = {row["id"]: [] for row in rows}
        query = f"SELECT * FROM assets WHERE component IN ({_marks(files)}) ORDER BY id"  # noqa: S608 - question marks only
        for row in self._database.rows(query, *files):
            files[row["component"]].append(Asset.from_row(row))
        return [Component(**dict(row), assets=tuple(files[row["id"]])) for row in rows]

    def component(self, number: int) -> Component | None:
        """The component with a row number."""
        row = self._database.row("SELECT * FROM components WHERE id = ?", number)
        if row is None:
            return None
        files = self._database.rows("SELECT * FROM assets WHERE component = ? ORDER BY id", number)
        return Component(**dict(row), assets=tuple(Asset.from_row(file) for file in files))

    async def remove(self, assets: Iterable[Asset]) -> None:
        """Remove assets, and components that are left without any."""
        doomed = tuple(assets)
        await self._database.write(lambda transaction: self._remove(transaction, doomed))

    def note_download(self, asset: Asset) -> None:
        """Remember that a file was fetched; nobody waits for it."""
        now = self._clock()
        if asset.downloaded is None or now - asset.downloaded > _NOTED:
            query = "UPDATE assets SET downloaded = ? WHERE id = ?"
            self._database.submit(lambda transaction: transaction.connection.execute(query, (now, asset.id)))

    def _put(self, transaction: Transaction, files: Sequence[NewAsset], policy: WritePolicy) -> None:
        for new in files:
            query = "SELECT * FROM assets WHERE repository = ? AND path = ?"
            row = transaction.connection.execute(query, (new.repository, new.path)).fetchone()
            if policy == "DENY" or (row and policy == "ALLOW_ONCE"):
                raise UpdateRefusedError(new.path)
            if row:
                self._remove(transaction, (Asset.from_row(row),))
            blob = uuid.uuid4().hex
            transaction.keep(new.staged.path, self._blobs / blob)
            self._insert(transaction, new, blob)

    def _insert(self, transaction: Transaction, new: NewAsset, blob: str) -> None:
        now = self._clock()
        name = normalised(new.name)
        key = (new.repository, name, new.version)
        transaction.connection.execute(
            "INSERT INTO components (repository, name, version, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*key, now),
        )
        query = "SELECT id FROM components WHERE repository = ? AND name = ? AND version = ?"
        (component,) = transaction.connection.execute(query, key).fetchone()
        values = {
            "component": component,
            "repository": new.repository,
            "path": new.path,
            "name": name,
            "version": new.version,
            "file": new.file,
            "blob": blob,
            "size": new.staged.size,
            "digests": json.dumps(new.staged.digests()),
            "content_type": content_type(new.file),
            "requires_python": new.requires_python,
            "attributes": json.dumps({"name": new.name, "version": new.version, **new.attributes}),
            "created": now,
            "uploader": new.uploader,
            "uploader_ip": new.uploader_ip,
        }
        query = f"INSERT INTO assets ({', '.join(values)}) VALUES ({_marks(values)})"  # noqa: S608 - our own names
        transaction.connection.execute(query, tuple(values.values()))

    def _remove(self, transaction: Transaction, assets: Sequence[Asset]) -> None:
        for asset in assets:
            if transaction.connection.execute("DELETE FROM assets WHERE id = ?", (asset.id,)).rowcount:
                transaction.drop(self._blobs / asset.blob)
            transaction.connection.execute(
                "DELETE FROM components WHERE id = ? AND NOT EXISTS (SELECT 1 FROM assets WHERE component = ?)",
                (asset.component, asset.component),
            )

    def _sweep(self) -> None:
        """Remove what a crash left behind: files on their way in, and files that no row names."""
        for stray in self._incoming.iterdir():
            stray.unlink()
        present = {blob.name for blob in self._blobs.iterdir()}
        if present:
            for stray_name in present - {row["blob"] for row in self._database.rows("SELECT blob FROM assets")}:
                (self._blobs / stray_name).unlink()


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
