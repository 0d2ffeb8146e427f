"""The hosted repository: takes uploads by the classic route, serves pages and files."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from tooling.localnexus.answers import EULA_PENDING, LIMIT_REACHED, READ_ONLY, Refused, page
from tooling.localnexus.assets import NewAsset, is_proper_path, normalised
from tooling.localnexus.content import file_response
from tooling.localnexus.declared import declared_files
from tooling.localnexus.form import MalformedFormError, UploadForm, read_form
from tooling.localnexus.pages import ProjectPage, ProjectPages
from tooling.localnexus.store import UpdateRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from tooling.localnexus.disk import StagedFile
    from tooling.localnexus.settings import IndexSettings
    from tooling.localnexus.store import Store


@dataclass(slots=True)
class Flight:
    """An upload between the moment its project is known and its end; `stored` once it is durable."""

    project: str | None = None
    number: int = 0
    stored: bool = False


class Hosted:
    """One hosted repository."""

    kind = "hosted"

    def __init__(self, name: str, store: Store, settings: IndexSettings) -> None:
        self.name = name
        self._store = store
        self._settings = settings
        self._faults = settings.faults
        self.pages = ProjectPages(lambda project: store.project(name, project), settings.faults, settings.clock)

    async def names(self) -> list[str]:
        """The names of all projects."""
        if self._settings.write_policy == "DENY":
            raise Refused(page(400, self.refusal("simple/")))
        return self.known()

    def known(self) -> list[str]:
        """The names of all projects."""
        return self._store.projects(self.name)

    def has(self, project: str) -> bool:
        """Whether there is any file of a project, by its normalised name."""
        return self._store.has_project(self.name, project)

    async def project(self, name: str) -> ProjectPage | None:
        """A project's page, by exactly the name it is stored under: the lookup does not normalise."""
        found = self.pages.page(name)
        if found and self._settings.write_policy == "DENY" and self._settings.dialect == "datastore":
            self.pages.drop(name)
            raise Refused(page(400, self.refusal(f"simple/{name}/")))
        return found

    async def file(self, request: Request, project: str, version: str, file: str) -> Response | None:
        """A stored file, or None."""
        asset = self._store.asset(self.name, f"packages/{project}/{version}/{file}")
        if asset is None:
            return None
        try:
            stream = self._store.open(asset)
        except FileNotFoundError:  # removed since the row was read
            return None
        self._store.note_download(asset)
        return file_response(request, asset, stream, self._settings.dialect)

    async def upload(self, request: Request) -> Response:
        """Take an upload by the classic route: the form is believed, the archive is not opened."""
        self._refuse_writing()
        with self.flight() as flight:
            form: UploadForm | None = None
            try:
                form = await self._read(request, flight)
                await self._keep(flight, declared_files(form, request, self.name, self._settings.dialect))
            except MalformedFormError as error:
                raise Refused(page(500, str(error))) from error
            except UpdateRefusedError as error:
                raise Refused(page(400, self.refusal(error.path))) from error
            except ClientDisconnect:
                return Response(status_code=400)
            finally:
                if form is not None:
                    form.abandon()
        return Response(status_code=200)

    async def store(self, flight: Flight, files: Sequence[NewAsset]) -> None:
        """Store files as an upload that is in flight; UpdateRefusedError when the write policy forbids it."""
        if self._faults.upload_seconds:
            await asyncio.sleep(self._faults.upload_seconds)
        await self._store.put(files, self._settings.write_policy)
        flight.stored = True

    @contextmanager
    def flight(self) -> Iterator[Flight]:
        """Run an upload; the page of its project is dropped when it was stored."""
        flight = Flight()
        try:
            yield flight
        finally:
            if flight.project is not None:
                self.pages.end(flight.project, flight.number, stored=flight.stored)

    def announce(self, flight: Flight, project: str) -> None:
        """Tell the pages which project an upload is for, as soon as that is known."""
        if flight.project is None:
            flight.project = normalised(project)
            flight.number = self.pages.begin(flight.project)

    def stage(self, *more: str) -> StagedFile:
        """Begin a file with the digests every upload gets, and more."""
        return self._store.stage("md5", "sha1", "sha256", *more)

    def refusal(self, path: str) -> str:
        """Why a path cannot be written, in the words of the store."""
        denied = self._settings.write_policy == "DENY"
        if self._settings.dialect == "orient":
            told = "Repository is read only" if denied else "Repository does not allow updating assets"
            return f"{told}: {self.name}"
        return f"{self.name}/{path} {'is read-only' if denied else 'cannot be updated'}"

    def _refuse_writing(self) -> None:
        if self._faults.frozen:
            raise Refused(page(503, READ_ONLY))
        if self._faults.eula_pending:
            raise Refused(page(403, EULA_PENDING))
        if self._faults.limit_reached:
            raise Refused(page(403, LIMIT_REACHED))

    async def _read(self, request: Request, flight: Flight) -> UploadForm:
        def on_field(field: str, value: str) -> None:
            if field == "name" and value:
                self.announce(flight, value)

        return await read_form(request.headers.get("content-type", ""), request.stream(), self.stage, on_field)

    async def _keep(self, flight: Flight, files: Sequence[NewAsset]) -> None:
        for new in files:
            if not is_proper_path(new.path):
                raise Refused(page(400, f"Path is not allowed to have '.' or '..' segments: '{new.path}'"))
        self.announce(flight, files[0].name)
        await self.store(flight, files)
