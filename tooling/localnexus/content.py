"""A stored file or page as an HTTP answer: validators, one byte range, streamed in pieces."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from starlette.responses import Response, StreamingResponse

from tooling.localnexus.answers import Refused, page
from tooling.localnexus.disk import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from tooling.localnexus.assets import Asset
    from tooling.localnexus.settings import Dialect

PIECE: Final = 1 << 18
"""Bytes read and sent at a time."""

SANDBOX: Final = {
    "content-security-policy": "sandbox allow-forms allow-modals allow-popups allow-presentation allow-scripts "
    "allow-top-navigation",
    "x-xss-protection": "1; mode=block",
}


def etag(sha1: str, dialect: Dialect) -> str:
    """The entity tag Nexus makes of a SHA-1."""
    return f'"{sha1}"' if dialect == "datastore" else f'"{{SHA1{{{sha1}}}}}"'


def is_unchanged(request: Request, tag: str, modified: float) -> bool:
    """Whether the client has this content already; `If-None-Match` outranks `If-Modified-Since`."""
    if matching := request.headers.get("if-none-match"):
        known = {each.strip().removeprefix("W/") for each in matching.split(",")}
        return tag in known or "*" in known
    if since := request.headers.get("if-modified-since"):
        try:
            return int(modified) <= parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False
    return False


def byte_range(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """The one range asked for, as first and last byte; None for the whole.

    Raises:
        Refused: 416 for a range outside the file, 501 for several.
    """
    asked = re.fullmatch(r"bytes=(.+)", request.headers.get("range", "").strip())
    if request.method != "GET" or asked is None or request.headers.get("if-range", tag) != tag:
        return None
    if "," in asked[1]:
        raise Refused(page(501, "Multiple ranges not supported."))
    match = re.fullmatch(r"(\d{0,18})-(\d{0,18})", asked[1].strip())
    if match is None or match[0] == "-":
        return None
    first, last = match.groups()
    begin, end = (int(first), int(last or size - 1)) if first else (max(size - int(last), 0), size - 1)
    if begin >= size or (first and last and end < begin):
        raise Refused(page(416, headers={"content-range": f"bytes */{size}"}))
    return begin, min(end, size - 1)


def file_response(request: Request, asset: Asset, file: BinaryIO, dialect: Dialect) -> Response:
    """Serve a stored file; the answer closes it."""
    tag = etag(asset.digests["sha1"], dialect)
    headers = {"etag": tag, "last-modified": asset.last_modified, "content-type": asset.content_type, **SANDBOX}
    try:
        if is_unchanged(request, tag, asset.created):
            file.close()
            return Response(status_code=304, headers=headers)
        part = byte_range(request, asset.size, tag)
    except Refused:
        file.close()
        raise
    begin, end = part or (0, asset.size - 1)
    headers["content-length"] = str(end - begin + 1)
    if part:
        headers["content-range"] = f"bytes {begin}-{end}/{asset.size}"
    if request.method == "HEAD":
        file.close()
        return Response(status_code=200, headers=headers)
    return StreamingResponse(_pieces(file, begin, end + 1), 206 if part else 200, headers)


async def _pieces(file: BinaryIO, begin: int, end: int) -> AsyncIterator[bytes]:
    """Read in a thread when there is much of it; what is small is not worth one."""
    with file:
        file.seek(begin)
        while begin < end:
            wanted = min(PIECE, end - begin)
            data = await in_thread(partial(file.read, wanted)) if end - begin > PIECE else file.read(wanted)
            if not data:
                raise OSError("a stored file is shorter than its record")
            begin += len(data)
            yield data
