"""The hosted repository: takes uploads by the classic route, serves pages and files."""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from tooling.localnexus.answers import READ_ONLY, Refused, page
from tooling.localnexus.assets import NewAsset, normalised
from tooling.localnexus.content import file_response
from tooling.localnexus.form import MalformedFormError, UploadForm, read_form
from tooling.localnexus.pages import ProjectPage, ProjectPages
from tooling.localnexus.store import UpdateRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from tooling.localnexus.disk import StagedFile
    from tooling.localnexus.security import Caller
    from tooling.localnexus.settings import IndexSettings
    from tooling.localnexus.store import Store

LIMIT_REACHED: Final = (
    "PAYMENT REQUIRED: At current usage levels, Sonatype Nexus Repository Community Edition requires a paid license to "
    "publish or cache new components. Contact your repository administrator to resolve."
)
EULA_PENDING: Final = (
    "You must accept the End User License Agreement (EULA) to proceed. Contact your repository administrator."
)

ATTRIBUTES: Final = (
    "pyversion",
    "platform",
    "filetype",
    "description",
    "summary",
    "license",
    "keywords",
    "author",
    "author_email",
    "maintainer",
    "maintainer_email",
    "home_page",
    "download_url",
    "classifiers",
    "requires_dist",
    "provides_extra",
    "supported_platform",
    "provides_dist",
    "obsoletes_dist",
    "requires_python",
    "requires_external",
    "project_url",
    "generator",
)
"""Form fields that are kept beside name and version."""


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

    async def upload(self, request: Request, caller: Caller) -> Response:
        """Take an upload by the classic route: the form is believed, the archive is not opened."""
        self._refuse_writing()
        with self.flight() as flight:
            form: UploadForm | None = None
            try:
                form = await self._read(request, flight)
                await self._keep(flight, self._files(form, request, caller))
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

    def _files(self, form: UploadForm, request: Request, caller: Caller) -> list[NewAsset]:
        action = form.get(":action")
        if action != "file_upload":
            raise MalformedFormError(f"Unsupported :action, found: {action}")
        content = form.named("content")
        if len(content) != 1 or not content[0].name:
            raise MalformedFormError("The form needs one content file with a name")
        needed = ["name", "version"] + (["summary"] if self._settings.dialect == "datastore" else [])
        if missing := [
            field for field in needed if not form.get(field) and (field != "summary" or form.get(field) is None)
        ]:
            raise MalformedFormError(f"The form lacks {', '.join(missing)}")
        upload = content[0]
        _check_md5(form.get("md5_digest"), upload.staged.digests()["md5"])
        signatures = [(signature.staged, f"{upload.name}.asc") for signature in form.named("gpg_signature")[:1]]
        return [
            NewAsset(
                repository=self.name,
                staged=staged,
                name=form.get("name") or "",
                version=form.get("version") or "",
                file=file,
                requires_python=(form.get("requires_python") or "") if staged is upload.staged else "",
                attributes={key: value for key in ATTRIBUTES if (value := form.get(key)) is not None},
                uploader=caller.userid,
                uploader_ip=request.client.host if request.client else None,
            )
            for staged, file in [(upload.staged, upload.name), *signatures]
        ]


def is_proper_path(path: str) -> bool:
    """Whether a path is `packages/name/version/file`, without relative segments or control characters."""
    segments = path.split("/")
    proper = len(segments) == 4 and not {"", ".", ".."} & set(segments)  # noqa: PLR2004 - see above
    return proper and not re.search(r"[\x00-\x1f\x7f\\]", path)


def _check_md5(claimed: str | None, found: str) -> None:
    if claimed and claimed.lower() != found:
        raise Refused(page(400, f"Digests do not match, found: {found}, expected: {claimed}"))
