"""A wheel's contents: intact, as its RECORD says, and nothing in it but the one import package (PEP 427)."""

from __future__ import annotations

import base64
import csv
import hashlib
import warnings
import zipfile
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from tooling.effects.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tooling.model.package import Package

_BLOCK = 1 << 20
_CODE = "BD08"
_SYNTAX = "BD16"
_TEST_MEMBERS = frozenset({"tests", "conftest.py"})


def wheel_faults(package: Package, wheel: Path) -> tuple[bytes | None, list[Fault]]:
    """Return the text of METADATA, None where it cannot be had, and everything wrong with the wheel."""
    info = f"{package.import_name}-{package.version}.dist-info"
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            broken: list[Fault] = []
            seen = {name: _member(archive, name, broken) for name in names if not name.endswith("/")}
            record = archive.read(f"{info}/RECORD") if f"{info}/RECORD" in seen else None
            metadata = archive.read(f"{info}/METADATA") if f"{info}/METADATA" in seen else None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        return None, [Fault(code=_CODE, what=f"it is no intact zip file ({error})", remedy="Build it again.")]
    faults = [*_name(package, wheel), *_members(package, info, names), *broken]
    if record is not None:
        faults += _record(seen, record, f"{info}/RECORD")
    return metadata, faults


def _member(archive: zipfile.ZipFile, name: str, faults: list[Fault]) -> tuple[str, str]:
    """What RECORD should say of a member, its SHA-256 and size; a module that does not compile is added to `faults`."""
    digest = hashlib.sha256()
    with archive.open(name) as stream:
        if name.endswith(".py"):
            source = stream.read()
            digest.update(source)
            faults += _syntax(name, source)
        while block := stream.read(_BLOCK):
            digest.update(block)
    urlsafe = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
    return f"sha256={urlsafe}", str(archive.getinfo(name).file_size)


def _syntax(name: str, source: bytes) -> Iterator[Fault]:
    """Compile a module: a version that cannot be imported would be published for good."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        yield Fault(code=_SYNTAX, what=f"{name}{line} does not compile ({reason})", remedy="Correct the module.")


def _name(package: Package, wheel: Path) -> Iterator[Fault]:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
    except InvalidWheelFilename as error:
        yield Fault(
            code=_CODE, what=f"its name is none for a wheel ({error})", remedy="Ask the build backend for PEP 427."
        )
        return
    if (name, version) != (package.distribution, package.version):
        what = f"its name says {name} {version}, pyproject.toml {package.distribution} {package.version}"
        yield Fault(code=_CODE, what=what, remedy="Let the build backend take both from [project].")


def _members(package: Package, info: str, names: list[str]) -> Iterator[Fault]:
    expected = {package.import_name, info}
    for name, count in Counter(names).items():
        parts = name.rstrip("/").split("/")
        if count > 1:
            yield Fault(code=_CODE, what=f"{name} is in it {count} times", remedy="Let each file come from one place.")
        if parts[0] not in expected or ".." in parts or "\\" in name:
            remedy = (
                f"A wheel of this house holds the package {package.import_name} alone; move the file or leave it out."
            )
            yield Fault(code=_CODE, what=f"{name} lies outside {package.import_name}", remedy=remedy)
        elif not _TEST_MEMBERS.isdisjoint(parts):
            yield Fault(
                code=_CODE, what=f"it carries tests ({name})", remedy="Move them to the package's tests/ folder."
            )
    for wanted in (f"{package.import_name}/__init__.py", f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"):
        if wanted not in names:
            yield Fault(code=_CODE, what=f"{wanted} is missing", remedy=f"Keep the code in src/{package.import_name}/.")


def _record(seen: Mapping[str, tuple[str, str]], text: bytes, record: str) -> Iterator[Fault]:
    """Compare RECORD with the members: each once, with its SHA-256 and size; RECORD itself without."""
    rows = {row[0]: tuple(row[1:]) for row in csv.reader(text.decode().splitlines()) if row}
    remedy = "Build it again; if that does not help, the build backend is at fault."
    for name in sorted(seen.keys() ^ rows.keys()):
        what = f"RECORD names {name}, which it lacks" if name in rows else f"RECORD does not name {name}"
        yield Fault(code=_CODE, what=what, remedy=remedy)
    for name in sorted((seen.keys() & rows.keys()) - {record}):
        if rows[name] != seen[name]:
            yield Fault(code=_CODE, what=f"RECORD is wrong about {name}", remedy=remedy)
