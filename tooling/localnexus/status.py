"""The calls about the server and its repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tooling.localnexus.answers import Refused, rest_empty, rest_text
from tooling.localnexus.proxy import Proxy
from tooling.localnexus.shapes import Shapes

if TYPE_CHECKING:
    from starlette.requests import Request

    from tooling.localnexus.repositories import Repository
    from tooling.localnexus.rest import Desk


class Status:
    """Endpoints that show, and one that clears what the proxy remembers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        """The routes below `/service/rest/v1`."""
        return [
            Route("/status", self.alive, methods=["GET"]),
            Route("/status/writable", self.writable, methods=["GET"]),
            Route("/repositories", self.list_repositories, methods=["GET"]),
            Route("/repositories/{name}", self.show_repository, methods=["GET"]),
            Route("/repositories/{name}/invalidate-cache", self.invalidate, methods=["POST"]),
            Route("/repositories/{name}/rebuild-index", self.rebuild, methods=["POST"]),
        ]

    async def alive(self, _request: Request) -> Response:
        """GET /status: 200 while the server serves."""
        return Response(status_code=200)

    async def writable(self, _request: Request) -> Response:
        """GET /status/writable: 503 while the server is read-only."""
        return Response(status_code=503 if self._desk.settings.faults.frozen else 200)

    async def list_repositories(self, request: Request) -> Response:
        """GET /repositories: those the caller may browse."""
        shapes = Shapes(request, self._desk.settings)
        return JSONResponse([self._shown(shapes, each) for each in self._desk.visible(request)])

    async def show_repository(self, request: Request) -> Response:
        """GET /repositories/{name}."""
        repository = self._desk.browsed(request, request.path_params["name"])
        return JSONResponse(self._shown(Shapes(request, self._desk.settings), repository))

    async def invalidate(self, request: Request) -> Response:
        """POST /repositories/{name}/invalidate-cache: proxies and groups only."""
        repository = self._administered(request)
        if repository.kind == "hosted":
            raise Refused(rest_text(400, '"You can invalidate cache of proxy or group repository only"'))
        for name in self._desk.members(repository):
            member = self._desk.repository(name)
            if isinstance(member, Proxy):
                await member.forget()
        return Response(status_code=204)

    async def rebuild(self, request: Request) -> Response:
        """POST /repositories/{name}/rebuild-index: hosted and proxy only; as on real servers no page is touched."""
        if self._administered(request).kind == "group":
            raise Refused(rest_text(400, '"You can rebuild index of hosted or proxy repository only"'))
        return Response(status_code=204)

    def _administered(self, request: Request) -> Repository:
        repository = self._desk.repository(request.path_params["name"])
        if not request.state.caller.administrator:
            raise Refused(rest_empty(403))
        return repository

    def _shown(self, shapes: Shapes, repository: Repository) -> dict[str, Any]:
        return shapes.repository(repository.name, repository.kind, {})
