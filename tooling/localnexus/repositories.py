"""Requests below `/repository/`: the checks Nexus makes before any route, then the routes of a PyPI repository."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, Protocol

from starlette.responses import Response

from tooling.localnexus.answers import EULA_PENDING, Refused, challenge, page
from tooling.localnexus.content import etag, is_unchanged
from tooling.localnexus.hosted import Hosted
from tooling.localnexus.simple import project_page, root_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from tooling.localnexus.pages import ProjectPage
    from tooling.localnexus.security import Action, Caller
    from tooling.localnexus.settings import IndexSettings

_PROJECT: Final = re.compile(r"/simple/([A-Za-z0-9._-]+)/?")
_FILE: Final = re.compile(r"/packages/([^/]{2,})/([^/]+)/([^/]+)")
_BROWSE: Final = re.compile(r"/|.*/(index\.html?)?")
_FROM_HTTP: Final[dict[str, Action]] = {"GET": "read", "HEAD": "read", "POST": "add", "PUT": "edit", "DELETE": "delete"}


class Repository(Protocol):
    """What every kind of repository can be asked."""

    name: str
    kind: str

    async def names(self) -> list[str]:
        """The names of all projects."""

    def known(self) -> list[str]:
        """The names of the projects that are here already."""

    async def project(self, name: str) -> ProjectPage | None:
        """A project's page, or None."""

    async def file(self, request: Request, project: str, version: str, file: str) -> Response | None:
        """A file, or None."""


class Repositories:
    """Finds the repository and the route of a request."""

    def __init__(self, repositories: Mapping[str, Repository], settings: IndexSettings) -> None:
        self._repositories = repositories
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        """Answer a request whose path, after `/repository/`, is the path parameter `rest`."""
        caller: Caller = request.state.caller
        name, slash, rest = request.path_params["rest"].partition("/")
        if not slash:
            raise Refused(page(400, "Repository path must have another '/' after initial '/'"))
        path = f"/{rest}"
        if {".", ".."} & set(path.split("/")):
            raise Refused(page(400, "Repository path must not contain a relative token"))
        repository = self._repositories.get(name)
        if repository is None:
            raise Refused(page(404, "Repository not found"))
        faults = self._settings.faults
        if {"hosted": faults.offline, "group": faults.group_offline}.get(repository.kind):
            raise Refused(page(503, "Repository offline"))
        if request.method == "POST":
            return await self._post(request, caller, repository, path)
        if request.method in {"GET", "HEAD"}:
            return await self._get(request, caller, repository, path)
        raise Refused(page(404))

    async def _post(self, request: Request, caller: Caller, repository: Repository, path: str) -> Response:
        if path != "/" or not isinstance(repository, Hosted):
            raise Refused(page(404))
        self._authorise(request, caller, repository)
        return await repository.upload(request)

    async def _get(self, request: Request, caller: Caller, repository: Repository, path: str) -> Response:
        if path == "/simple/":
            self._authorise(request, caller, repository)
            return _page(request, root_page(await repository.names()), self._settings)
        if match := _PROJECT.fullmatch(path):
            self._authorise(request, caller, repository)
            return await self._project(request, repository, match[1])
        if match := _FILE.fullmatch(path):
            self._authorise(request, caller, repository)
            if self._settings.faults.eula_pending:
                raise Refused(page(403, EULA_PENDING))
            found = await repository.file(request, match[1], match[2], match[3])
            return found or page(404)
        if request.method == "GET" and _BROWSE.fullmatch(path):
            self._authorise(request, caller, repository)
            return _unbrowsable(repository)
        raise Refused(page(404))

    async def _project(self, request: Request, repository: Repository, name: str) -> Response:
        found = await repository.project(name)
        if found is None:
            raise Refused(page(404))
        body = project_page(found.project, found.links, md5_only=self._settings.faults.md5_only)
        return _page(request, body, self._settings, modified=found.built)

    def _authorise(self, request: Request, caller: Caller, repository: Repository) -> None:
        if caller.may(_FROM_HTTP[request.method], repository.name):
            return
        if caller.anonymous:
            raise Refused(challenge(close=self._settings.faults.close_on_401))
        raise Refused(page(403))


def _page(request: Request, text: str, settings: IndexSettings, modified: float | None = None) -> Response:
    body = text.encode()
    tag = etag(hashlib.sha1(body, usedforsecurity=False).hexdigest(), settings.dialect)
    headers = {"etag": tag, "content-type": "text/html"}
    if is_unchanged(request, tag, settings.clock() if modified is None else modified):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)


def _unbrowsable(repository: Repository) -> Response:
    body = (
        f"<!DOCTYPE html>\n<html lang='en'>\n<head><title>Repository - {repository.name}</title></head>\n"
        f"<body>\n<p>This {repository.kind} repository is not directly browseable at this URL.</p>\n</body>\n</html>\n"
    )
    return Response(body, headers={"content-type": "text/html"})
