"""Components and assets in the JSON that REST shows them in."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tooling.localnexus.assets import public_id, public_number
from tooling.localnexus.simple import SAFE, project_page

if TYPE_CHECKING:
    from starlette.requests import Request

    from tooling.localnexus.assets import Asset, Component
    from tooling.localnexus.pages import ProjectPage
    from tooling.localnexus.settings import IndexSettings


class Shapes:
    """Writes JSON for one request: addresses in it begin with what the request was sent to."""

    def __init__(self, request: Request, settings: IndexSettings) -> None:
        self._base = base_url(request, settings)
        self._md5_only = settings.faults.md5_only
        self._slash = "/" if settings.dialect == "datastore" else ""

    def component(self, component: Component) -> dict[str, Any]:
        """A version of a project with its files."""
        return {
            "id": public_id(component.repository, public_number(component.id)),
            "repository": component.repository,
            "format": "pypi",
            "group": None,
            "name": component.name,
            "version": component.version,
            "assets": [self.asset(asset) for asset in component.assets],
        }

    def asset(self, asset: Asset) -> dict[str, Any]:
        """A stored file."""
        hidden = {"sha256", "sha512"} if self._md5_only else set()
        return self._asset(asset.repository, asset.path, public_number(asset.id)) | {
            "checksum": {name: value for name, value in asset.digests.items() if name not in hidden},
            "contentType": asset.content_type,
            "lastModified": timestamp(asset.created),
            "lastDownloaded": None if asset.downloaded is None else timestamp(asset.downloaded),
            "uploader": asset.uploader,
            "uploaderIp": asset.uploader_ip,
            "fileSize": asset.size,
            "blobCreated": timestamp(asset.created),
            "blobStoreName": "default",
            "pypi": {"name": asset.attributes["name"], "version": asset.version},
        }

    def page(self, repository: str, page: ProjectPage) -> dict[str, Any]:
        """A kept project page, which is an asset too."""
        body = project_page(page.project, page.links, md5_only=self._md5_only).encode()
        digests = {name: hashlib.new(name, body, usedforsecurity=False).hexdigest() for name in ("md5", "sha1")}
        return self._asset(repository, f"simple/{page.project}/", page.public_number) | {
            "checksum": digests,
            "contentType": "text/html",
            "lastModified": timestamp(page.built),
            "lastDownloaded": None,
            "uploader": None,
            "uploaderIp": None,
            "fileSize": len(body),
            "blobCreated": timestamp(page.built),
            "blobStoreName": "default",
            "pypi": {},
        }

    def repository(self, name: str, kind: str, attributes: dict[str, Any]) -> dict[str, Any]:
        """A repository and its address."""
        url = f"{self._base}/repository/{name}"
        return {"name": name, "format": "pypi", "type": kind, "url": url, "size": 0, "attributes": attributes}

    def _asset(self, repository: str, path: str, number: str) -> dict[str, Any]:
        return {
            "downloadUrl": f"{self._base}/repository/{repository}/{quote(path, SAFE)}",
            "path": f"{self._slash}{path}",
            "id": public_id(repository, number),
            "repository": repository,
            "format": "pypi",
        }


def base_url(request: Request, settings: IndexSettings) -> str:
    """The server's root as the client sees it, without a last slash; a reverse proxy's headers count."""
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme)
    host = request.headers.get("x-forwarded-host") or request.headers.get("host", "localhost")
    return f"{quote(scheme, '')}://{quote(host, ':[]')}{settings.prefix}"


def timestamp(seconds: float) -> str:
    """ISO 8601 in milliseconds with the offset, as Nexus prints it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
