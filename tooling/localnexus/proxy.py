"""The proxy: fetches what is asked for from the index behind it, and keeps it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from starlette.responses import Response, StreamingResponse

from tooling.localnexus.answers import LIMIT_REACHED, Refused, page
from tooling.localnexus.assets import NewAsset, content_type, normalised
from tooling.localnexus.content import SANDBOX, file_response
from tooling.localnexus.download import Download, checkable
from tooling.localnexus.pages import ProjectPage
from tooling.localnexus.simple import Link
from tooling.localnexus.upstream import Upstream, UpstreamError, UpstreamFile, belongs
from tooling.localnexus.wire import RESET

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from starlette.requests import Request

    from tooling.localnexus.assets import Asset
    from tooling.localnexus.database import Database
    from tooling.localnexus.settings import IndexSettings
    from tooling.localnexus.store import Store

MINUTE: Final = 60.0
_HELD: Final = 64
_ROOT: Final = ""
"""Stands for the list of all projects where a project's name would stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A page as it was fetched: files of a project, or names of projects; `fetched` in seconds since the epoch."""

    files: tuple[UpstreamFile, ...] = ()
    names: tuple[str, ...] = ()
    fetched: float


class Proxy:
    """One proxy repository."""

    kind = "proxy"

    def __init__(self, name: str, store: Store, database: Database, settings: IndexSettings) -> None:
        self.name = name
        self._store = store
        self._database = database
        self._settings = settings
        self._faults = settings.faults
        self._upstream = Upstream(settings.upstream)
        self._absent: dict[str, float] = {}
        self._pages: dict[str, Remembered] = {}
        self._asking: dict[str, asyncio.Task[Remembered | None]] = {}
        self._downloads: dict[str, Download] = {}

    async def names(self) -> list[str]:
        """The names of all projects upstream."""
        found = await self._page(_ROOT)
        return list(found.names) if found else []

    def known(self) -> list[str]:
        """The names of the projects whose pages are remembered."""
        rows = self._database.rows("SELECT project FROM upstream_pages WHERE project <> ? ORDER BY project", _ROOT)
        return [row["project"] for row in rows]

    async def project(self, name: str) -> ProjectPage | None:
        """A project's page: links to files that are fetched when they are asked for."""
        found = await self._page(normalised(name))
        if found is None:
            return None
        links = tuple(
            Link(file=each.file, path=_path(name, each), digests=each.digests, requires_python=each.requires_python)
            for each in found.files
        )
        return ProjectPage(project=name, links=links, built=found.fetched)

    async def file(self, request: Request, project: str, version: str, file: str) -> Response | None:
        """A file: kept, or fetched now; sent on while it arrives where the request allows it."""
        asset = self._store.asset(self.name, f"packages/{normalised(project)}/{version}/{file}")
        if asset is not None and self._is_fresh(asset.created, self._settings.content_max_age):
            return self._kept(request, asset)
        try:
            return await self._fetched(request, normalised(project), file)
        except UpstreamError as error:
            if asset is not None:
                return self._kept(request, asset)
            raise Refused(page(error.status, str(error))) from error
        except Refused:
            if asset is not None:
                return self._kept(request, asset)
            raise

    async def forget(self) -> None:
        """Ask upstream again for every page."""
        self._absent.clear()
        self._pages.clear()
        await self._database.write(lambda all_: all_.connection.execute("UPDATE upstream_pages SET fetched = 0"))

    async def close(self) -> None:
        """Break off what is being fetched."""
        tasks = [*self._asking.values(), *(each.task for each in self._downloads.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._upstream.close()

    async def _page(self, project: str) -> Remembered | None:
        """The page of a project, from memory or from upstream; None when there is none.

        Raises:
            Refused: upstream could not be asked, and nothing is remembered.
        """
        remembered = self._remembered(project)
        if remembered and self._is_fresh(remembered.fetched, self._settings.metadata_max_age):
            return remembered
        if self._faults.upstream_blocked or self._absent.get(project, 0) > self._settings.clock():
            return remembered
        try:
            return await self._once(project, lambda: self._ask(project)) or remembered
        except UpstreamError as error:
            if remembered is None:
                raise Refused(page(error.status, str(error))) from error
            return remembered

    async def _ask(self, project: str) -> Remembered | None:
        if project == _ROOT:
            names = tuple(await self._upstream.projects())
            found = Remembered(names=names, fetched=self._settings.clock())
        else:
            files = await self._upstream.project(project)
            if not files or not any(belongs(each.file, project) for each in files):
                self._absent[project] = self._settings.clock() + self._settings.negative_max_age * MINUTE
                return None
            found = Remembered(files=tuple(files), fetched=self._settings.clock())
        await self._remember(project, found)
        return found

    async def _once(
        self, project: str, ask: Callable[[], Coroutine[None, None, Remembered | None]]
    ) -> Remembered | None:
        """Let those who want the same page at the same time wait for one question."""
        asking = self._asking.get(project)
        if asking is None:
            asking = self._asking[project] = asyncio.create_task(ask())
            asking.add_done_callback(lambda _: self._asking.pop(project, None))
        return await asyncio.shield(asking)

    def _remembered(self, project: str) -> Remembered | None:
        if found := self._pages.get(project):
            return found
        row = self._database.row("SELECT links, fetched FROM upstream_pages WHERE project = ?", project)
        if row is None:
            return None
        kept = json.loads(row["links"])
        files = tuple(UpstreamFile(**each) for each in kept["files"])
        return self._hold(project, Remembered(files=files, names=tuple(kept["names"]), fetched=row["fetched"]))

    def _hold(self, project: str, found: Remembered) -> Remembered:
        """Keep a page in memory too: reading thousands of links anew for every request takes time."""
        if len(self._pages) >= _HELD:
            self._pages.clear()
        self._pages[project] = found
        return found

    async def _remember(self, project: str, found: Remembered) -> None:
        kept = json.dumps({"files": [asdict(each) for each in found.files], "names": found.names})
        query = "INSERT OR REPLACE INTO upstream_pages (project, links, fetched) VALUES (?, ?, ?)"
        values = (project, kept, found.fetched)
        self._hold(project, found)
        await self._database.write(lambda transaction: transaction.connection.execute(query, values))

    def _kept(self, request: Request, asset: Asset) -> Response | None:
        try:
            stream = self._store.open(asset)
        except FileNotFoundError:
            return None
        self._store.note_download(asset)
        return file_response(request, asset, stream, self._settings.dialect)

    async def _fetched(self, request: Request, project: str, file: str) -> Response | None:
        found = await self._page(project)
        wanted = next((each for each in found.files if each.file == file), None) if found else None
        if wanted is None:
            return None
        if self._faults.limit_reached:
            raise Refused(page(403, LIMIT_REACHED))
        if self._faults.upstream_blocked:
            return None
        download = self._download(project, wanted)
        size = await asyncio.shield(download.size)
        conditions = {"range", "if-none-match", "if-modified-since"} & set(request.headers.keys())
        if request.method == "GET" and size is not None and not conditions:
            headers = {"content-type": content_type(file), "content-length": str(size), **SANDBOX}
            pieces = download.pieces(lambda: self._open_kept(project, wanted))
            return StreamingResponse(_handed_on(request, pieces), headers=headers)
        await asyncio.shield(download.task)
        asset = self._store.asset(self.name, _path(project, wanted))
        return None if asset is None else self._kept(request, asset)

    def _download(self, project: str, wanted: UpstreamFile) -> Download:
        path = _path(project, wanted)
        if path not in self._downloads:
            staged = self._store.stage(*({"md5", "sha1", "sha256"} | checkable(wanted.digests)))
            new = NewAsset(
                repository=self.name,
                staged=staged,
                name=project,
                version=wanted.version,
                file=wanted.file,
                requires_python=wanted.requires_python,
                attributes={},
                uploader=None,
                uploader_ip=None,
            )
            made = Download(self._upstream, wanted, staged, lambda: self._store.put([new], "ALLOW"))
            made.task.add_done_callback(lambda _: self._downloads.pop(path, None))
            self._downloads[path] = made
        return self._downloads[path]

    def _open_kept(self, project: str, wanted: UpstreamFile) -> BinaryIO:
        asset = self._store.asset(self.name, _path(project, wanted))
        if asset is None:
            raise UpstreamError(502, "The file was removed while it was fetched")
        return self._store.open(asset)

    def _is_fresh(self, fetched: float, minutes: float) -> bool:
        return minutes < 0 or self._settings.clock() - fetched < minutes * MINUTE


def _path(project: str, file: UpstreamFile) -> str:
    return f"packages/{normalised(project)}/{file.version}/{file.file}"


async def _handed_on(request: Request, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes of a download; a failure becomes a reset, so that nobody takes a part for the whole."""
    try:
        async for piece in pieces:
            yield piece
    except UpstreamError:
        await getattr(request.state, RESET)()
