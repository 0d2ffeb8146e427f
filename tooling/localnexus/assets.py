"""What the index has: files by project, version and path, as values."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tooling.localnexus.disk import StagedFile

_SCRAMBLE: Final = 0x9E3779B97F4A7C15
_UNSCRAMBLE: Final = pow(_SCRAMBLE, -1, 1 << 64)
_MASK: Final = (1 << 64) - 1


def normalised(name: str) -> str:
    """The project name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def content_type(file: str) -> str:
    """The type by which Nexus serves a file."""
    endings = {
        (".whl", ".zip", ".egg"): "application/zip",
        (".tar.gz", ".tgz"): "application/x-gzip",
        (".tar.bz2",): "application/x-bzip2",
        (".asc",): "text/plain",
    }
    found = (kind for names, kind in endings.items() if file.lower().endswith(names))
    return next(found, "application/octet-stream")


def is_proper_path(path: str) -> bool:
    """Whether a path is `packages/name/version/file`, without relative segments or control characters."""
    segments = path.split("/")
    proper = len(segments) == 4 and not {"", ".", ".."} & set(segments)  # noqa: PLR2004 - see above
    return proper and not re.search(r"[\x00-\x1f\x7f\\]", path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A stored file.

    Attributes:
        path: `packages/<normalised name>/<version>/<file>`, without a leading slash.
        blob: name of the file that holds the bytes.
        digests: hexadecimal, by algorithm.
        attributes: the metadata that came with it; `name` and `version` as they were written.
        created: seconds since the epoch; `downloaded` too, or None.
    """

    id: int
    component: int
    repository: str
    path: str
    name: str
    version: str
    file: str
    blob: str
    size: int
    digests: Mapping[str, str]
    content_type: str
    requires_python: str
    attributes: Mapping[str, str]
    created: float
    downloaded: float | None
    uploader: str | None
    uploader_ip: str | None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Asset:
        """Read a row of the table `assets`."""
        values = dict(row)
        for key in ("digests", "attributes"):
            values[key] = json.loads(values[key])
        return cls(**values)

    @property
    def last_modified(self) -> str:
        """The HTTP date of its arrival."""
        return formatdate(self.created, usegmt=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One version of a project, with its files."""

    id: int
    repository: str
    name: str
    version: str
    created: float
    assets: tuple[Asset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAsset:
    """A file to be stored: what an `Asset` has, before it has a number.

    Attributes:
        staged: the bytes, sealed.
        name: the project name as it was written.
    """

    repository: str
    staged: StagedFile
    name: str
    version: str
    file: str
    requires_python: str
    attributes: Mapping[str, str]
    uploader: str | None
    uploader_ip: str | None

    @property
    def path(self) -> str:
        """Where it will be found."""
        return f"packages/{normalised(self.name)}/{self.version}/{self.file}"


def public_number(number: int) -> str:
    """The hexadecimal number that stands for a row in ids and continuation tokens."""
    return f"{number * _SCRAMBLE & _MASK:016x}"


def row_number(public: str) -> int:
    """The row that `public_number` stands for; ValueError for anything else."""
    if not re.fullmatch("[0-9a-f]{16}", public):
        raise ValueError(public)
    return int(public, 16) * _UNSCRAMBLE & _MASK


def public_id(repository: str, public: str) -> str:
    """The id of a component or asset: unpadded base64url of `repository:number`."""
    return base64.urlsafe_b64encode(f"{repository}:{public}".encode()).rstrip(b"=").decode()


def parsed_id(text: str) -> tuple[str, str]:
    """Repository and public number of an id; ValueError when it is malformed."""
    padded = text + "=" * (-len(text) % 4)
    repository, colon, public = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
    if not colon or not re.fullmatch("[0-9a-f]{16}|[0-9a-f]{32}", public):
        raise ValueError(text)
    return repository, public
