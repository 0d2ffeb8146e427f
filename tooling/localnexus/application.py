"""The server's application: every part made once and connected."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route

from tooling.localnexus.answers import Refused, page, rest_empty, rest_failure
from tooling.localnexus.components import Content
from tooling.localnexus.database import Database
from tooling.localnexus.gates import FaultGate, LoginGate
from tooling.localnexus.group import Group
from tooling.localnexus.hosted import Hosted
from tooling.localnexus.proxy import Proxy
from tooling.localnexus.repositories import Repositories, Repository
from tooling.localnexus.rest import Desk
from tooling.localnexus.rest_upload import RestUpload
from tooling.localnexus.search import Search
from tooling.localnexus.security import Security
from tooling.localnexus.settings import GROUP, HOSTED, PROXY, IndexSettings
from tooling.localnexus.status import Status
from tooling.localnexus.store import Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


class Index:
    """One server's parts: the data it opened, and the application over it."""

    def __init__(self, settings: IndexSettings) -> None:
        self.settings = settings
        self.database = Database(settings.data, settings.disk)
        try:
            self.store = Store(settings.data, self.database, settings.disk, settings.clock)
            self.security = Security(self.database, anonymous=settings.anonymous)
            self.app = self._application()
        except BaseException:
            self.database.close()
            raise

    async def close(self) -> None:
        """Break off what is being fetched; to be called where the server ran."""
        await self._proxy.close()

    def _application(self) -> Starlette:
        settings = self.settings
        hosted = Hosted(HOSTED, self.store, settings)
        self._proxy = Proxy(PROXY, self.store, self.database, settings)
        members: dict[str, Repository] = {HOSTED: hosted, PROXY: self._proxy}
        repositories: dict[str, Repository] = {**members, GROUP: Group(GROUP, members, settings)}
        desk = Desk(repositories, settings)
        search = Search(desk, self.store)
        content = Content(desk, self.store, search.forget)
        rest = [*Status(desk).routes(), *RestUpload(desk).routes(), *content.routes(), *search.routes()]
        routes: list[BaseRoute] = [
            Route("/repository/{rest:path}", Repositories(repositories, settings).answer, methods=_METHODS),
            Mount("/service/rest/v1", routes=rest),
        ]
        return Starlette(
            routes=[Mount(settings.prefix, routes=routes)] if settings.prefix else routes,
            middleware=[
                Middleware(FaultGate, faults=settings.faults),
                Middleware(LoginGate, security=self.security, faults=settings.faults),
            ],
            exception_handlers={
                Refused: _refused,
                HTTPException: _unrouted,
                OSError: _failed,  # a full disk is no fault of the program
                sqlite3.Error: _failed,
                Exception: _failed,
            },
        )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return error.response


async def _unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return rest_empty(error.status_code) if _is_rest(request) else page(404)


async def _failed(request: Request, error: Exception) -> Response:
    cause = f"{type(error).__name__}: {error}"
    return rest_failure(cause) if _is_rest(request) else page(500, cause)


def _is_rest(request: Request) -> bool:
    return "/service/rest/" in request.url.path
