"""The members of wheels and sdists, and how two files of one name differ."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import tarfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from tooling.errors import FailedError, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = ("in the file built here", "in the published file")
_BLOCK = 1 << 20
_GENERATOR = "Generator:"


def members(path: Path) -> dict[str, str]:
    """Member name to SHA-256 of its content, in the archive's order; a link counts by where it leads.

    Raises:
        FailedError: BD15 when the file is no readable wheel (zip) or sdist (gzipped tar).
    """
    try:
        return dict(_zip_members(path) if path.suffix == ".whl" else _tar_members(path))
    except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError) as error:
        message = f"{path.name} cannot be read as an archive: {error}."
        hint = "Get the file again; if it comes from the index like this, it was damaged there."
        raise FailedError("BD15", message, hint, place=Place(file=path)) from error


def difference(ours: Path, other: Path, where: tuple[str, str] = HERE) -> str:
    """Say in a clause how two files differ, naming the first member that does; `where` names them in that clause.

    Members are compared in the order of their names, a wheel's RECORD last, as it differs whenever anything does.
    Files with equal members differ in how they were packed; one that cannot be read differs by that.
    """
    try:
        here, there = members(ours), members(other)
    except FailedError as error:
        return error.message.rstrip(".")
    for name in sorted(here.keys() | there.keys(), key=lambda name: (name.endswith(".dist-info/RECORD"), name)):
        if name not in there or name not in here:
            return f"{name} is only {where[0] if name in here else where[1]}"
        if here[name] != there[name]:
            return f"{name} differs{_by_generator(name, ours, other)}"
    return "all members are equal and only their packing differs, as another release of zlib or Python would do it"


def unpack(sdist: Path, folder: Path) -> None:
    """Unpack an sdist into a folder, and nothing outside of it.

    Pythons before 3.11.4, such as Debian 12's, lack the filter of PEP 706; what leads outside is refused on all alike.

    Raises:
        FailedError: BD17, when a member would come to lie outside or is neither file, folder nor link.
    """
    with tarfile.open(sdist, "r:gz") as archive:
        for info in archive:
            if not _stays_inside(info):
                message = f"{info.name} in {sdist.name} leads outside of it, or is neither a file nor a folder."
                hint = "Let the build backend put in what belongs to the package, and nothing else."
                raise FailedError("BD17", message, hint, place=Place(file=sdist))
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(folder)  # noqa: S202 - looked at above


def _stays_inside(info: tarfile.TarInfo) -> bool:
    paths = [info.name]
    if info.issym():
        paths.append(posixpath.join(posixpath.dirname(info.name), info.linkname))
    elif info.islnk():
        paths.append(info.linkname)
    elif not (info.isfile() or info.isdir()):
        return False
    return not any(posixpath.normpath(path).startswith(("/", "..")) for path in paths)


def _zip_members(path: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                with archive.open(info) as stream:
                    yield info.filename, _sha256(stream)


def _tar_members(path: Path) -> Iterator[tuple[str, str]]:
    read_through(path)
    with tarfile.open(path, "r:gz") as archive:
        for info in archive:
            if info.issym() or info.islnk():
                yield info.name, hashlib.sha256(b"link to " + info.linkname.encode()).hexdigest()
            elif stream := archive.extractfile(info):
                with stream:
                    yield info.name, _sha256(stream)


def read_through(path: Path) -> None:
    """Read a gzip file to its end, where its checksum is: a tar reader stops before it and would miss a cut-off tail.

    Raises:
        OSError, EOFError, zlib.error: the file is not whole.
    """
    with gzip.open(path) as stream:
        while stream.read(_BLOCK):
            pass


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _by_generator(name: str, ours: Path, other: Path) -> str:
    """The backend writes its own version into a wheel; when that is what differs, say so."""
    if not name.endswith(".dist-info/WHEEL"):
        return ""
    here, there = _generator(ours, name), _generator(other, name)
    return "" if here == there else f": this one was made by {here}, the other by {there}"


def _generator(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(name).decode(errors="replace").splitlines()
    return next((line.removeprefix(_GENERATOR).strip() for line in lines if line.startswith(_GENERATOR)), "nobody")
