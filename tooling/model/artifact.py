"""One file to be uploaded, by what makes it itself: its name and its hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["wheel", "sdist"]
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A built file: `path` on disk, `size` in bytes, hashes in lower-case hex.

    `sha1` is what Nexus shows as a file's ETag, `md5` what its classic route can verify on upload
    (nexus-protocol 1.4, 12.2); `sha256` is the identity we compare by.
    """

    package: str
    distribution: str
    version: str
    kind: Kind
    path: Path
    size: int
    sha256: str
    sha1: str
    md5: str

    @property
    def filename(self) -> str:
        """The file's name, which is also its name in the index."""
        return self.path.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The hashes of one file and its size in bytes."""

    size: int
    sha256: str
    sha1: str
    md5: str


def digest_file(path: Path) -> Digests:
    """Hash a file in one pass of 1 MiB blocks."""
    sha256, sha1, md5 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False), hashlib.md5(usedforsecurity=False)
    size = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            size += len(block)
            for each in (sha256, sha1, md5):
                each.update(block)
    return Digests(size=size, sha256=sha256.hexdigest(), sha1=sha1.hexdigest(), md5=md5.hexdigest())
