"""The part of Nexus' REST API that publishing needs: assets by hash, the asset that a page is, all assets.

Listings read the store and are true at once; search lags by seconds (nexus-protocol 3.6), so it may say what is known
about some bytes, and never whether they are there. Unknown fields, absent checksums and a path with or without a
leading slash are all normal (9).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

from tooling.effects.dialogue import Dialogue
from tooling.errors import FailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tooling.effects.http_client import HttpClient
    from tooling.model.target import Target
    from tooling.plan.answers import Reply

_FORBIDDEN = frozenset({401, 403, 404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One stored file: `id` to be treated as opaque, `path` without a leading slash, checksums by algorithm."""

    id: str
    path: str
    checksums: Mapping[str, str] = field(default_factory=dict)


class NexusRest:
    """The REST API of the server of `target`, about its one repository."""

    def __init__(self, target: Target, http: HttpClient) -> None:
        self._target = target
        self._http = http
        self._dialogue = Dialogue(target, http)

    def url(self, path: str) -> str:
        """The address of an endpoint, such as `components?repository=r`."""
        return f"{self._target.rest_url}{path}"

    def assets(self) -> Iterator[Asset]:
        """List everything the repository holds, cached pages included, a hundred to a request.

        Raises:
            MaestroError: the listing is refused, or is not one.
        """
        token: str | None = ""
        while token is not None:
            parameters = {"repository": str(self._target.repository)} | ({"continuationToken": token} if token else {})
            url = self.url(f"assets?{urlencode(parameters)}")
            reply = self._http.read(url, accept="application/json")
            if reply.status != HTTPStatus.OK:
                raise self._dialogue.error(reply, "list what it holds", url, rights="browse")
            page = _object(reply)
            yield from _assets(page)
            token = str(page["continuationToken"]) if page.get("continuationToken") else None

    def sha256_by_sha1(self, distribution: str, filename: str, sha1: str) -> str | None:
        """Look a SHA-256 up by the SHA-1 of the same bytes; None when REST does not know it, or does not say."""
        parameters = {"repository": str(self._target.repository), "name": distribution, "sha1": sha1}
        reply = self._http.read(self.url(f"search/assets?{urlencode(parameters)}"), accept="application/json")
        if reply.status != HTTPStatus.OK:
            return None
        for asset in _assets(_object(reply)):
            if asset.path.endswith(f"/{filename}") and asset.checksums.get("sha1") == sha1:
                return asset.checksums.get("sha256")
        return None

    def delete_page(self, distribution: str) -> bool:
        """Drop a project's cached page; False where listing or deleting is not allowed.

        A page that is not among the assets is not cached, so there is nothing to drop.
        """
        wanted = f"simple/{distribution}"
        try:
            page = next((asset for asset in self.assets() if asset.path.rstrip("/") == wanted), None)
        except UsageError:  # the rights do not reach that far
            return False
        if page is None:
            return True
        url = self.url(f"assets/{quote(page.id, safe='')}")
        reply = self._http.read(url, method="DELETE", accept="application/json", follow=False)
        if reply.status in {200, 204, 404}:
            return True
        if reply.status in _FORBIDDEN:
            return False
        raise self._dialogue.error(reply, f"drop the stale page of {distribution}", url, rights="delete")

    def repository(self) -> Mapping[str, Any] | None:
        """What the server says about the repository (`format`, `type` …); None when it does not say.

        Old servers answer about one repository only in the list of all that the user may see.
        """
        one = self._told(f"repositories/{self._target.repository}")
        if isinstance(one, dict):
            return one
        return next((each for each in self._repositories() if each.get("name") == self._target.repository), None)

    def names_of(self, kind: Literal["hosted", "group"]) -> list[str]:
        """The PyPI repositories of a kind that this user may see."""
        wanted = ("pypi", kind)
        return [
            str(each.get("name")) for each in self._repositories() if (each.get("format"), each.get("type")) == wanted
        ]

    def _repositories(self) -> list[dict[str, Any]]:
        told = self._told("repositories")
        return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []

    def _told(self, path: str) -> object:
        reply = self._http.read(self.url(path), accept="application/json", follow=False)
        return _json(reply) if reply.status == HTTPStatus.OK else None

    def read_only(self) -> Reply | None:
        """The server's answer that it takes no writes now; None when it takes them, or does not say (3.96: a stub)."""
        reply = self._http.read(self.url("status/writable"), accept="application/json", stays=lambda _: True)
        return reply if reply.status == HTTPStatus.SERVICE_UNAVAILABLE else None


def _json(reply: Reply) -> object:
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _object(reply: Reply) -> Mapping[str, Any]:
    value = _json(reply)
    if isinstance(value, dict):
        return value
    raise FailedError(
        "IX23", f"The answer of {reply.url.partition('?')[0]} is not what Nexus answers there.", "Correct NEXUS_URL."
    )


def _assets(page: Mapping[str, Any]) -> Iterator[Asset]:
    items = page.get("items")
    for item in items if isinstance(items, list) else ():
        checksums = item.get("checksum") or {}
        yield Asset(
            id=str(item.get("id", "")),
            path=str(item.get("path", "")).lstrip("/"),
            checksums={str(name): str(value).lower() for name, value in checksums.items()},
        )
