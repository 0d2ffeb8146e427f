"""Core metadata read from an archive that may be hostile: every amount that is read has a bound."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import struct
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

METADATA_BYTES: Final = 4 << 20
"""Bound on the metadata file itself, and on any single read from a tar archive."""
DIRECTORY_BYTES: Final = 8 << 20
"""Bound on a zip archive's table of contents."""
UNPACKED_BYTES: Final = 64 << 20
UNPACKED_RATIO: Final = 100
"""A tar archive is read as far as the greater of `UNPACKED_BYTES` and this many times its size."""

_IN_ZIP: Final = re.compile(r"[^/]+\.dist-info/METADATA|EGG-INFO/PKG-INFO|[^/]+/PKG-INFO")
_IN_TAR: Final = re.compile(r"(?:\./)?[^/]+/PKG-INFO")
_COMPRESSIONS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
"""Those whose memory does not depend on what the archive claims."""

_END_RECORD: Final = b"PK\x05\x06"
_END_BYTES: Final = (1 << 16) + 22 + 20
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20

_BROKEN: Final = (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, struct.error, zlib.error)


class NoMetadataError(Exception):
    """The archive cannot be read, exceeds a bound, or has no metadata in it."""


def read_metadata(archive: Path) -> dict[str, str]:
    """Return the core metadata of a wheel, egg, zip or tar archive, told apart by content.

    Keys are as `packaging` spells them (`name`, `requires_python`, `summary`); repeated fields are joined by newlines.

    Raises:
        NoMetadataError: see there.
    """
    from packaging.metadata import parse_email

    try:
        text = _from_zip(archive) if zipfile.is_zipfile(archive) else _from_tar(archive)
    except (*_BROKEN, NotImplementedError, RuntimeError, UnicodeError) as error:
        raise NoMetadataError(str(error)) from error
    raw, _ = parse_email(text)
    fields = {key: "\n".join(value) if isinstance(value, list) else value for key, value in raw.items()}
    return {key: value for key, value in fields.items() if isinstance(value, str)}


def archive_type(archive: Path) -> str:
    """The ending of a file name for an archive that came without one."""
    return "zip" if zipfile.is_zipfile(archive) else "tar.gz"


def _from_zip(archive: Path) -> bytes:
    if _directory_bytes(archive) > DIRECTORY_BYTES:
        raise NoMetadataError("the table of contents is too large")
    with zipfile.ZipFile(archive) as opened:
        found = next((member for member in opened.infolist() if _IN_ZIP.fullmatch(member.filename)), None)
        if found is None or found.compress_type not in _COMPRESSIONS:
            raise NoMetadataError("no metadata in the archive")
        with opened.open(found) as stream:
            return _bounded(stream.read)


def _directory_bytes(archive: Path) -> int:
    """The size of a zip's table of contents, as its end record and that of zip64 claim it."""
    with archive.open("rb") as stream:
        stream.seek(max(stream.seek(0, io.SEEK_END) - _END_BYTES, 0))
        tail = stream.read()
        end = tail.rfind(_END_RECORD)
        (size,) = struct.unpack_from("<L", tail, end + 12)
        if end >= _LOCATOR_BYTES and tail.startswith(_LOCATOR, end - _LOCATOR_BYTES):
            (offset,) = struct.unpack_from("<Q", tail, end - _LOCATOR_BYTES + 8)
            stream.seek(offset)
            (size,) = struct.unpack("<40xQ", stream.read(48))
    return int(size)


def _from_tar(archive: Path) -> bytes:
    limit = max(UNPACKED_BYTES, UNPACKED_RATIO * archive.stat().st_size)
    with archive.open("rb") as packed, _unpacker(packed) as unpacked:
        bounded = cast("BinaryIO", _Bounded(unpacked, limit))
        with tarfile.open(fileobj=bounded, mode="r:") as opened:
            while (member := opened.next()) is not None:
                opened.members.clear()  # type: ignore[attr-defined] # or a million small members stay in memory
                if member.isfile() and _IN_TAR.fullmatch(member.name):
                    stream = opened.extractfile(member)
                    assert stream is not None
                    return _bounded(stream.read)
    raise NoMetadataError("no metadata in the archive")


def _unpacker(packed: BinaryIO) -> BinaryIO:
    start = packed.read(6)
    packed.seek(0)
    openers: dict[bytes, Callable[[BinaryIO], object]] = {
        b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
        b"BZ": bz2.BZ2File,
    }
    opener = next((opener for magic, opener in openers.items() if start.startswith(magic)), None)
    return packed if opener is None else cast("BinaryIO", opener(packed))


def _bounded(read: Callable[[int], bytes]) -> bytes:
    data = read(METADATA_BYTES + 1)
    if len(data) > METADATA_BYTES:
        raise NoMetadataError("the metadata is too large")
    return data


class _Bounded:
    """A stream that refuses to be moved beyond a limit (from member to member tar moves), or too much at once."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= METADATA_BYTES + 1:
            raise NoMetadataError("the archive unpacks to too much")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset > self._limit:
            raise NoMetadataError("the archive unpacks to too much")
        return self._stream.seek(offset)

    def tell(self) -> int:
        return self._stream.tell()
