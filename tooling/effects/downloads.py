"""Files read from an index: hashed on the way, or saved whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.errors import FailedError
from tooling.model.target import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tooling.effects.http_client import HttpClient
    from tooling.plan.answers import Reply
    from tooling.plan.snapshot import IndexFile

    ErrorOf = Callable[[Reply, str, str], Exception]


def hash_of(http: HttpClient, url: str, error: ErrorOf) -> str:
    """Download a file and return its SHA-256 without keeping it; raise what `error` makes of any other answer."""
    digests: list[str] = []

    def take(blocks: Iterator[bytes]) -> None:
        digest = hashlib.sha256()
        for block in blocks:
            digest.update(block)
        digests.append(digest.hexdigest())

    _download(http, url, take, error)
    return digests[-1]


def save(http: HttpClient, url: str, into: Path, error: ErrorOf) -> None:
    """Download a file to `into`, which is there whole or not at all; raise what `error` makes of any other answer."""
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{into.name}.", dir=into.parent)
        with closing(_Partial(handle, Path(name))) as partial:
            _download(http, url, partial.take, error)
            partial.path.replace(into)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise FailedError(
            "IX28", f"{into} cannot be written: {reason}.", "Make room or correct the folder."
        ) from failure


def metadata_of(http: HttpClient, file: IndexFile) -> bytes | None:
    """Read the METADATA that is served beside a wheel (PEP 658).

    None where the page promises none, or where what it promises does not come: the wheel itself tells the same.
    """
    if file.metadata is None:
        return None
    found: list[bytes] = []
    reply = http.download(f"{file.url}.metadata", lambda blocks: found.append(b"".join(blocks)))
    if reply.status != HTTPStatus.OK or not found:
        return None
    told = file.metadata or hashlib.sha256(found[-1]).hexdigest()
    return found[-1] if hashlib.sha256(found[-1]).hexdigest() == told else None


class _Partial:
    """A file on its way, beside the place it is meant for; what is left of it goes when it is closed."""

    def __init__(self, handle: int, path: Path) -> None:
        self._handle = handle
        self.path = path

    def take(self, blocks: Iterator[bytes]) -> None:
        """Write the blocks from the beginning: an attempt that broke may have left some."""
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        for block in blocks:
            view = memoryview(block)
            while view:
                view = view[os.write(self._handle, view) :]

    def close(self) -> None:
        """Give the handle back, and remove what did not get its name."""
        os.close(self._handle)
        self.path.unlink(missing_ok=True)


def not_there(url: str) -> FailedError:
    """Make the error of a file that was to be read and is not in the index."""
    return FailedError("IX26", f"There is no file {shown(url)}.", "Run again to see what the index has now.")


def _download(http: HttpClient, url: str, take: Callable[[Iterator[bytes]], None], error: ErrorOf) -> None:
    reply = http.download(url, take)
    if reply.status == HTTPStatus.NOT_FOUND:
        raise not_there(url)
    if reply.status != HTTPStatus.OK:
        raise error(reply, f"hand out {url.rpartition('/')[2]}", url)
