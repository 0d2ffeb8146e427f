"""An sdist's contents: one root folder, plain files below it, the metadata and the manifest (PEP 625, 643)."""

from __future__ import annotations

import tarfile
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from tooling.effects.archives import read_through
from tooling.effects.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tooling.model.package import Package

_CODE = "BD09"


def sdist_faults(package: Package, sdist: Path) -> tuple[bytes | None, list[Fault]]:
    """Return the text of PKG-INFO, None where it cannot be had, and everything wrong with the sdist."""
    root = f"{package.import_name}-{package.version}"
    try:
        read_through(sdist)
        with tarfile.open(sdist, "r:gz") as archive:
            members = archive.getmembers()
            metadata = next((_read(archive, member) for member in members if member.name == f"{root}/PKG-INFO"), None)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        return None, [Fault(code=_CODE, what=f"it is no intact gzipped tar file ({error})", remedy="Build it again.")]
    return metadata, [*_name(root, sdist), *_members(package, root, members)]


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    stream = archive.extractfile(member)
    return stream.read() if stream else None


def _name(root: str, sdist: Path) -> Iterator[Fault]:
    if sdist.name != f"{root}.tar.gz":
        yield Fault(code=_CODE, what=f"its name should be {root}.tar.gz", remedy="Ask the build backend for PEP 625.")


def _members(package: Package, root: str, members: list[tarfile.TarInfo]) -> Iterator[Fault]:
    names = Counter(member.name for member in members)
    for member in members:
        parts = member.name.split("/")
        if parts[0] != root or ".." in parts or "\\" in member.name:
            what = f"{member.name} lies outside its root folder {root}"
            yield Fault(code=_CODE, what=what, remedy="Include files of the package's own folder only.")
        elif not (member.isreg() or member.isdir()):
            what = f"{member.name} is a link or a special file"
            yield Fault(code=_CODE, what=what, remedy="Put a regular file in its place.")
        elif parts[1:2] == ["src"] and parts[2:3] not in ([], [package.import_name]):
            what = f"{member.name} would be importable beside {package.import_name}"
            yield Fault(code=_CODE, what=what, remedy=f"Keep only {package.import_name} in src/, and tests in tests/.")
        if names[member.name] > 1:
            yield Fault(code=_CODE, what=f"{member.name} is in it twice", remedy="Let each file come from one place.")
    for wanted in (f"{root}/PKG-INFO", f"{root}/pyproject.toml"):
        if wanted not in names:
            yield Fault(code=_CODE, what=f"{wanted} is missing", remedy="Build it with a backend that writes it.")
