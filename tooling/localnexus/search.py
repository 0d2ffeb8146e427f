"""The search calls, which see an upload or a delete only after a while."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tooling.localnexus.answers import Refused, rest_empty, rest_wrapped
from tooling.localnexus.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packaging.version import Version
    from starlette.requests import Request

    from tooling.localnexus.assets import Asset, Component
    from tooling.localnexus.rest import Desk
    from tooling.localnexus.store import Store

HITS: Final = 50
"""Results in one page."""

_DIGESTS: Final = ("md5", "sha1", "sha256", "sha512")
_NONE_FOUND: Final = "Asset search returned no results"
_SEVERAL_FOUND: Final = (
    "Search returned multiple assets, please refine search criteria to find a single asset or use the sort query "
    "parameter to retrieve the first result."
)


class Search:
    """Endpoints over what the search index has noticed."""

    def __init__(self, desk: Desk, store: Store) -> None:
        self._desk = desk
        self._store = store
        self._removed: list[tuple[float, Component]] = []

    def routes(self) -> list[Route]:
        """The routes below `/service/rest/v1`."""
        return [
            Route("/search", self.components, methods=["GET"]),
            Route("/search/assets", self.assets, methods=["GET"]),
            Route("/search/assets/download", self.download, methods=["GET"]),
        ]

    def forget(self, component: Component) -> None:
        """Take note that files were removed; for a while they are still found."""
        self._removed.append((self._desk.settings.clock(), component))

    async def components(self, request: Request) -> Response:
        """GET /search."""
        shapes = Shapes(request, self._desk.settings)
        found = _sorted(request, self._matching(request))
        return _paged(request, [shapes.component(each) for each in found])

    async def assets(self, request: Request) -> Response:
        """GET /search/assets."""
        shapes = Shapes(request, self._desk.settings)
        return _paged(request, [shapes.asset(each) for each in self._files(request)])

    async def download(self, request: Request) -> Response:
        """GET /search/assets/download: a redirect to the one file, or to the first of a sorted search."""
        found = self._files(request)
        if not found:
            raise Refused(rest_wrapped(404, _NONE_FOUND))
        if len(found) > 1 and "sort" not in request.query_params:
            raise Refused(rest_wrapped(400, _SEVERAL_FOUND))
        location = Shapes(request, self._desk.settings).asset(found[0])["downloadUrl"]
        return Response(status_code=302, headers={"location": location})

    def _files(self, request: Request) -> list[Asset]:
        return [asset for component in _sorted(request, self._matching(request)) for asset in component.assets]

    def _matching(self, request: Request) -> list[Component]:
        wanted = [matcher for key, value in request.query_params.multi_items() if (matcher := _matcher(key, value))]
        found: list[Component] = []
        for component in self._noticed(request):
            files = [asset for asset in component.assets if all(matches(asset) for matches in wanted)]
            if files:
                found.append(replace(component, assets=tuple(files)))
        return found

    def _noticed(self, request: Request) -> Iterator[Component]:
        """What the search index has: without what has just come, with what has just gone."""
        horizon = self._desk.settings.clock() - self._desk.settings.faults.search_seconds
        self._removed = [(when, component) for when, component in self._removed if when > horizon]
        ghosts: dict[int, tuple[Asset, ...]] = {}
        for _, component in self._removed:
            ghosts[component.id] = ghosts.get(component.id, ()) + component.assets
        names = self._repositories(request)
        present = self._store.components(names, limit=-1)
        alive = {component.id for component in present}
        buried = {each.id: each for _, each in self._removed if each.id not in alive and each.repository in names}
        for component in [*present, *buried.values()]:
            files = (component.assets if component.id in alive else ()) + ghosts.get(component.id, ())
            yield replace(component, assets=tuple(asset for asset in files if asset.created <= horizon))

    def _repositories(self, request: Request) -> list[str]:
        asked = request.query_params.get("repository")
        visible = [each for each in self._desk.visible(request) if asked in {None, each.name}]
        return sorted({name for each in visible for name in self._desk.members(each)})


def _matcher(key: str, value: str) -> Callable[[Asset], bool] | None:
    """A test of one asset for one parameter; None for parameters that choose nothing."""
    if key in {"q", "keyword"}:
        return lambda asset: any(_like(value, text) for text in (asset.name, asset.version, *asset.attributes.values()))
    if key in _DIGESTS:
        return lambda asset: asset.digests.get(key) == value.lower()
    if key in {"name", "version"}:
        return lambda asset: _like(value, getattr(asset, key))
    if key.startswith("pypi."):
        return lambda asset: _like(value, asset.attributes.get(key.removeprefix("pypi."), ""))
    constant = {"format": "pypi", "group": ""}.get(key)
    return None if constant is None else lambda _asset: _like(value, constant)


def _like(pattern: str, text: str) -> bool:
    """Whether a text matches, `*` standing for anything and `?` for one character; empty matches the empty text."""
    parts = (".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in pattern)
    return re.fullmatch("".join(parts), text, re.IGNORECASE | re.DOTALL) is not None


def _sorted(request: Request, found: list[Component]) -> list[Component]:
    key = request.query_params.get("sort")
    if key not in {"name", "version", "repository"}:
        return found
    falling = request.query_params.get("direction", "desc" if key == "version" else "asc") == "desc"
    order = (lambda each: _version(each.version)) if key == "version" else (lambda each: getattr(each, key))
    return sorted(found, key=order, reverse=falling)


def _version(text: str) -> tuple[bool, Version | str]:
    from packaging.version import InvalidVersion, Version

    try:
        return True, Version(text)
    except InvalidVersion:
        return False, text


def _paged(request: Request, items: list[dict[str, Any]]) -> Response:
    token = request.query_params.get("continuationToken", "0")
    if not re.fullmatch("[0-9a-f]{1,16}", token):
        raise Refused(rest_empty(422))
    begin = int(token, 16)
    end = begin + HITS
    more = f"{end:016x}" if end < len(items) else None
    return JSONResponse({"items": items[begin:end], "continuationToken": more})
