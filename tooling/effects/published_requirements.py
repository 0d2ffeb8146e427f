"""What published versions require: the METADATA of their wheels, read from beside them or out of them."""

from __future__ import annotations

import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from tooling.effects.snapshots import AT_ONCE, read_pages
from tooling.errors import FailedError, raise_all
from tooling.plan.impact import Dependent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.version import Version

    from tooling.effects.ports import Index
    from tooling.plan.snapshot import IndexFile

_Found = tuple[str, "Version", "IndexFile | None"]


def published_dependents(index: Index, distributions: Collection[str]) -> tuple[Dependent, ...]:
    """Every published version of the distributions, with what it requires; None for a version without a wheel.

    Raises:
        MaestroError: the index did not answer; IM03 for each project that it did not tell of, IM02 when a wheel's
            metadata cannot be read.
    """
    snapshot = read_pages(index, distributions)
    raise_all(_untold(name, reason) for name, reason in snapshot.unknown.items())
    projects = snapshot.projects
    found = [(name, version, wheel) for name in projects for version, wheel in _versions(projects[name].files).items()]
    with tempfile.TemporaryDirectory(prefix="impact-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(lambda each: _dependent(index, each, Path(folder)), found))


def _versions(files: Mapping[str, IndexFile]) -> dict[Version, IndexFile | None]:
    """One wheel for each version: those of one version require the same. None where there is only an sdist."""
    versions: dict[Version, IndexFile | None] = {}
    for name in sorted(files):
        try:
            versions[parse_wheel_filename(name)[1]] = files[name]
        except InvalidWheelFilename:
            try:
                versions.setdefault(parse_sdist_filename(name)[1], None)
            except InvalidSdistFilename:
                continue  # neither of the two is installed by anybody
    return versions


def _dependent(index: Index, found: _Found, folder: Path) -> Dependent:
    distribution, version, wheel = found
    text = None if wheel is None else index.metadata(wheel) or _from_wheel(index, distribution, version, wheel, folder)
    requirements = None if wheel is None or text is None else _requirements(text, wheel)
    return Dependent(distribution=distribution, version=version, published=True, requirements=requirements)


def _from_wheel(index: Index, distribution: str, version: Version, wheel: IndexFile, folder: Path) -> bytes:
    into = folder / wheel.filename
    index.fetch(distribution, str(version), wheel.filename, into)
    try:
        with zipfile.ZipFile(into) as archive:
            inside = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            return archive.read(next(name for name in inside if name.count("/") == 1))
    except (zipfile.BadZipFile, StopIteration, OSError) as error:
        raise _unreadable(wheel.filename) from error
    finally:
        into.unlink(missing_ok=True)


def _requirements(text: bytes, wheel: IndexFile) -> tuple[Requirement, ...]:
    raw, _ = parse_email(text)
    try:
        return tuple(map(Requirement, raw.get("requires_dist", [])))
    except InvalidRequirement as error:
        raise _unreadable(wheel.filename) from error


def _untold(distribution: str, reason: str) -> FailedError:
    return FailedError("IM03", f"What is published of {distribution} is not known: {reason}", "Try again later.")


def _unreadable(filename: str) -> FailedError:
    message = f"What {filename} requires cannot be read from its metadata."
    return FailedError("IM02", message, "Look at the file in the index: it was not published by this tooling.")
