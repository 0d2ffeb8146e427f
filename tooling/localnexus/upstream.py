"""The index behind the proxy: its pages read, whether it speaks HTML or JSON, and its files streamed."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit

from tooling.errors import FailedError
from tooling.localnexus.assets import normalised
from tooling.localnexus.pip_settings import PipSettings, pip_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    import httpx2

T = TypeVar("T")

PAGE_BYTES: Final = 256 << 20
"""Bound on a page: the list of all projects of the public index is some tens of megabytes."""

_JSON: Final = "application/vnd.pypi.simple.v1+json"
_ACCEPT: Final = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.5, text/html;q=0.2"
_ANCHOR: Final = re.compile(
    r"""<a((?:\s+(?:[^\s>"'=]+|=|"[^"]*"|'[^']*')+)+)\s*>(.*?)</a\s*>""", re.IGNORECASE | re.DOTALL
)
_NAME: Final = re.compile("<a [^>]*>([^<]+)</a", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([^\s>"'=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""")
_TAG: Final = re.compile("<[^>]*>")
_CONNECT_SECONDS: Final = 10.0
_READ_SECONDS: Final = 60.0


class UpstreamError(Exception):
    """The index behind could not be used; `status` is what the proxy answers then."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamFile:
    """One file as an upstream page lists it.

    Attributes:
        version: what the file name tells of it.
        url: absolute.
        digests: hexadecimal, by algorithm.
    """

    file: str
    version: str
    url: str
    digests: dict[str, str]
    requires_python: str


class Upstream:
    """A simple index, asked with one pooled client."""

    def __init__(self, index_url: str | None) -> None:
        self._given = index_url
        self._client: httpx2.AsyncClient | None = None
        self._root = ""
        self._login: tuple[str, str] | None = None
        self._opening = asyncio.Lock()

    async def project(self, name: str) -> list[UpstreamFile] | None:
        """The files of a project, or None when the index does not have it; UpstreamError when it cannot tell."""
        body = await self._page(f"{name}/")
        return None if body is None else await asyncio.to_thread(_understood, _files, body)

    async def projects(self) -> list[str]:
        """The names of all projects."""
        body = await self._page("")
        return [] if body is None else await asyncio.to_thread(_understood, _names, body)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[httpx2.Response]:
        """Open a file for streaming, its bytes as they are stored there.

        Raises:
            UpstreamError: 502 for a connection that fails (also during the block), 503 for an error answer.
        """
        client = await self._opened()
        import httpx2

        try:
            async with self._stream(client, url, {"accept-encoding": "identity"}) as response:
                if response.status_code != httpx2.codes.OK:
                    raise UpstreamError(503, f"The remote answered {response.status_code}")
                yield response
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UpstreamError(502, "The remote could not be reached") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _page(self, path: str) -> tuple[str, str, bytes] | None:
        """Address, content type and body of a page; None when there is none."""
        client = await self._opened()
        import httpx2

        try:
            async with self._stream(client, self._root + path, {"accept": _ACCEPT}) as response:
                if response.status_code == httpx2.codes.NOT_FOUND:
                    return None
                if response.status_code != httpx2.codes.OK:
                    raise UpstreamError(503, f"The remote answered {response.status_code}")
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > PAGE_BYTES:
                        raise UpstreamError(503, "The remote's page is too large")
                return str(response.url), response.headers.get("content-type", ""), bytes(body)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UpstreamError(502, "The remote could not be reached") from error

    def _stream(
        self, client: httpx2.AsyncClient, url: str, headers: dict[str, str]
    ) -> AbstractAsyncContextManager[httpx2.Response]:
        """Send a GET; credentials go to the index's own host only."""
        if self._login is not None and urlsplit(url)[:2] == urlsplit(self._root)[:2]:
            return client.stream("GET", url, headers=headers, auth=self._login)
        return client.stream("GET", url, headers=headers)

    async def _opened(self) -> httpx2.AsyncClient:
        async with self._opening:
            if self._client is None:
                settings = await self._settings()
                self._root, self._login = _without_login(settings.index_url)
                self._client = await asyncio.to_thread(_client, settings)
            return self._client

    async def _settings(self) -> PipSettings:
        if self._given is not None:
            return PipSettings(index_url=self._given, certificates=None)
        try:
            return await asyncio.to_thread(pip_settings)
        except FailedError as error:
            raise UpstreamError(502, error.message) from error


def _without_login(url: str) -> tuple[str, tuple[str, str] | None]:
    """An index address that ends in a slash, and the user and password that stood in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/", "", "")), login


def _client(settings: PipSettings) -> httpx2.AsyncClient:
    import httpx2

    local = urlsplit(settings.index_url).scheme == "http"
    verify: ssl.SSLContext | bool = not local
    if settings.certificates and not local:
        verify = ssl.create_default_context(cafile=settings.certificates)
    timeout = httpx2.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    return httpx2.AsyncClient(follow_redirects=True, timeout=timeout, verify=verify)


def _understood(read: Callable[[str, str, bytes], list[T]], page: tuple[str, str, bytes]) -> list[T]:
    """Read a page with one of the two readers below; UpstreamError for one that is not what it says."""
    try:
        return read(*page)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UpstreamError(503, "The remote's page cannot be read") from error


def _files(url: str, content_type: str, body: bytes) -> list[UpstreamFile]:
    if content_type.startswith(_JSON):
        return [_from_json(url, entry) for entry in json.loads(body)["files"]]
    return [_from_anchor(url, text, attributes) for text, attributes in _anchors(body)]


def _names(_url: str, content_type: str, body: bytes) -> list[str]:
    if content_type.startswith(_JSON):
        return sorted({str(entry["name"]) for entry in json.loads(body)["projects"]})
    return sorted({unescape(text).strip() for text in _NAME.findall(body.decode("utf-8", "replace"))})


def _from_json(base: str, entry: dict[str, Any]) -> UpstreamFile:
    return UpstreamFile(
        file=str(entry["filename"]),
        version=version_of(str(entry["filename"])),
        url=urljoin(base, str(entry["url"])),
        digests={str(key): str(value) for key, value in (entry.get("hashes") or {}).items()},
        requires_python=str(entry.get("requires-python") or ""),
    )


def _from_anchor(base: str, text: str, attributes: dict[str, str]) -> UpstreamFile:
    url, fragment = urldefrag(urljoin(base, attributes.get("href", "")))
    algorithm, equals, digest = fragment.partition("=")
    file = unquote(url.rpartition("/")[2]) or text
    return UpstreamFile(
        file=file,
        version=version_of(file),
        url=url,
        digests={algorithm: digest} if equals else {},
        requires_python=attributes.get("data-requires-python", ""),
    )


def _anchors(body: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Text and attributes of every link.

    Large projects have pages of megabytes, for which the standard library's parser takes many times as long.
    """
    for found in _ANCHOR.finditer(body.decode("utf-8", "replace")):
        values = {
            key.lower(): unescape(double or single or bare)
            for key, double, single, bare in _ATTRIBUTE.findall(found[1])
        }
        yield unescape(_TAG.sub("", found[2])).strip(), values


def belongs(file: str, project: str) -> bool:
    """Whether a file's name begins with a project's, as the proxy asks before it accepts a page."""
    return normalised(file).startswith(normalised(project))


def version_of(file: str) -> str:
    """The version that a file name tells, as far as it can be told."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        parsed = parse_wheel_filename if file.endswith(".whl") else parse_sdist_filename
        return str(parsed(file)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        stem = re.sub(r"\.(tar\.\w+|tgz|zip|egg|exe|msi|rpm)$", "", file)
        return stem.partition("-")[2].partition("-")[0] or "unknown"
