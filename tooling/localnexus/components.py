"""The Components and Assets calls: list, show and delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tooling.localnexus.answers import Refused, rest_empty, rest_wrapped
from tooling.localnexus.assets import public_number, row_number
from tooling.localnexus.hosted import Hosted
from tooling.localnexus.pages import ProjectPage
from tooling.localnexus.shapes import Shapes
from tooling.localnexus.store import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

    from tooling.localnexus.assets import Asset, Component
    from tooling.localnexus.repositories import Repository
    from tooling.localnexus.rest import Desk
    from tooling.localnexus.security import Action
    from tooling.localnexus.store import Store

_PAGE_DIGITS: Final = 32
"""Digits in the public number of a kept page; a row's has sixteen."""


class Content:
    """Endpoints over what the repositories hold.

    Args:
        desk: checks the requests.
        store: has the files.
        on_removed: told of the files that have just been removed.
    """

    def __init__(self, desk: Desk, store: Store, on_removed: Callable[[Component], None]) -> None:
        self._desk = desk
        self._store = store
        self._on_removed = on_removed

    def routes(self) -> list[Route]:
        """The routes below `/service/rest/v1`."""
        return [
            Route("/components", self.list_components, methods=["GET"]),
            Route("/components/{id}", self.show_component, methods=["GET"]),
            Route("/components/{id}", self.delete_component, methods=["DELETE"]),
            Route("/assets", self.list_assets, methods=["GET"]),
            Route("/assets/{id}", self.show_asset, methods=["GET"]),
            Route("/assets/{id}", self.delete_asset, methods=["DELETE"]),
        ]

    async def list_components(self, request: Request) -> Response:
        """GET /components: a page of a hundred."""
        repository = self._desk.browsed(request, request.query_params.get("repository"))
        found = self._store.components(self._desk.members(repository), _after(request), PAGE + 1)
        shapes = Shapes(request, self._desk.settings)
        token = public_number(found[PAGE - 1].id) if len(found) > PAGE else None
        return JSONResponse({"items": [shapes.component(each) for each in found[:PAGE]], "continuationToken": token})

    async def list_assets(self, request: Request) -> Response:
        """GET /assets: a page of a hundred; files first, then the kept project pages."""
        repository = self._desk.browsed(request, request.query_params.get("repository"))
        token = request.query_params.get("continuationToken", "")
        shapes = Shapes(request, self._desk.settings)
        members = self._desk.members(repository)
        numbered: list[tuple[str, dict[str, Any]]] = []
        if len(token) != _PAGE_DIGITS:
            files = self._store.assets(members, _after(request), PAGE + 1)
            numbered = [(public_number(each.id), shapes.asset(each)) for each in files]
            token = ""
        kept = [
            (page.public_number, shapes.page(owner.name, page))
            for owner in map(self._desk.repository, members)
            if isinstance(owner, Hosted)
            for page in owner.pages.kept()
            if page.public_number > token
        ]
        numbered += sorted(kept, key=lambda entry: entry[0])
        more = numbered[PAGE - 1][0] if len(numbered) > PAGE else None
        return JSONResponse({"items": [shape for _, shape in numbered[:PAGE]], "continuationToken": more})

    async def show_component(self, request: Request) -> Response:
        """GET /components/{id}."""
        _, component = self._component(request, "browse")
        return JSONResponse(Shapes(request, self._desk.settings).component(component))

    async def show_asset(self, request: Request) -> Response:
        """GET /assets/{id}."""
        repository, found = self._asset(request, "browse")
        shapes = Shapes(request, self._desk.settings)
        if isinstance(found, ProjectPage):
            return JSONResponse(shapes.page(repository.name, found))
        return JSONResponse(shapes.asset(found))

    async def delete_component(self, request: Request) -> Response:
        """DELETE /components/{id}: with all its files."""
        self._desk.refuse_frozen()
        repository, component = self._component(request, "delete")
        await self._remove(repository, component.assets)
        return Response(status_code=204)

    async def delete_asset(self, request: Request) -> Response:
        """DELETE /assets/{id}: a file, or a kept page, which the next read then builds anew."""
        self._desk.refuse_frozen()
        repository, found = self._asset(request, "delete")
        if isinstance(found, ProjectPage):
            assert isinstance(repository, Hosted)
            repository.pages.drop(found.project)
        else:
            await self._remove(repository, [found])
        return Response(status_code=204)

    async def _remove(self, repository: Repository, assets: Sequence[Asset]) -> None:
        if isinstance(repository, Hosted) and self._desk.settings.write_policy == "DENY":
            raise Refused(rest_wrapped(400, f"{repository.name}/{assets[0].path} cannot be deleted"))
        component = self._store.component(assets[0].component)
        await self._store.remove(assets)
        if isinstance(repository, Hosted):
            repository.pages.drop(assets[0].name)
        if component is not None:
            gone = tuple(asset for asset in component.assets if asset in assets)
            self._on_removed(replace(component, assets=gone))

    def _component(self, request: Request, action: Action) -> tuple[Repository, Component]:
        repository, number = self._desk.target(request)
        self._desk.require(request, action, repository.name)
        component = None if len(number) == _PAGE_DIGITS else self._store.component(row_number(number))
        if component is None or component.repository != repository.name:
            raise Refused(rest_empty(404))
        return repository, component

    def _asset(self, request: Request, action: Action) -> tuple[Repository, Asset | ProjectPage]:
        repository, number = self._desk.target(request)
        self._desk.require(request, action, repository.name)
        found: Asset | ProjectPage | None
        if len(number) == _PAGE_DIGITS:
            kept = repository.pages.kept() if isinstance(repository, Hosted) else []
            found = next((page for page in kept if page.public_number == number), None)
        else:
            found = self._store.asset_by_number(row_number(number))
            found = found if found and found.repository == repository.name else None
        if found is None:
            raise Refused(rest_empty(404))
        return repository, found


def _after(request: Request) -> int:
    """The row after which a listing goes on; 422 for a token that is none of ours."""
    token = request.query_params.get("continuationToken")
    try:
        return row_number(token) if token else 0
    except ValueError as error:
        raise Refused(rest_empty(422)) from error
