"""What published versions require: the METADATA of their wheels, read from beside them or out of them."""

from __future__ import annotations

import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
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
from tooling.errors import FailedError, MaestroError, StoppedError, raise_all, singles
from tooling.plan.impact import Dependent
from tooling.plan.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.version import Version

    from tooling.effects.ports import Index
    from tooling.plan.snapshot import IndexFile, Project, Release, Unread


def published_dependents(index: Index, distributions: Collection[str]) -> tuple[Dependent, ...]:
    """Every published version of the distributions, with what it requires; None for a version without a wheel.

    Raises:
        MaestroError: the index did not answer; IM03 for each project that it did not tell of, IM02 when a wheel's
            metadata cannot be read.
    """
    snapshot = read_pages(index, distributions)
    raise_all(_untold(name, reason) for name, reason in snapshot.unknown.items())
    releases = [(name, version) for name, each in snapshot.projects.items() for version in _wheels(each)]
    told = _read(index, snapshot.projects, releases)
    raise_all(each for each in told.values() if isinstance(each, MaestroError))
    return tuple(
        Dependent(distribution=name, version=version, published=True, requirements=requirements)
        for (name, version), requirements in told.items()
        if not isinstance(requirements, MaestroError)
    )


def read_unread(index: Index, snapshot: Snapshot, unread: Unread) -> Snapshot:
    """Add to the snapshot what was not read yet; afterwards all of it is known, or known to be unknown, with a reason.

    Raises:
        StoppedError: the user stopped it.
    """
    told = _read(index, snapshot.projects, unread.releases)
    try:
        pages = read_pages(index, unread.projects)
    except StoppedError:
        raise
    except MaestroError as error:
        pages = Snapshot(unknown=dict.fromkeys(unread.projects, singles(error)[0].message))
    unreadable = {name: each.message for (name, _), each in told.items() if isinstance(each, MaestroError)}
    requirements = {release: each for release, each in told.items() if not isinstance(each, MaestroError)}
    return replace(
        snapshot,
        projects={**snapshot.projects, **pages.projects},
        unknown={**snapshot.unknown, **pages.unknown, **unreadable},
        requirements={**snapshot.requirements, **requirements},
    )


def _read(
    index: Index, projects: Mapping[str, Project], releases: Collection[Release]
) -> dict[Release, tuple[Requirement, ...] | MaestroError | None]:
    """What the releases require, or why that is not known; None for one without a wheel."""
    wheels = {name: _wheels(projects[name]) for name, _ in releases}

    def read(release: Release) -> tuple[Requirement, ...] | MaestroError | None:
        wheel = wheels[release[0]][release[1]]
        if wheel is None:
            return None
        try:
            return _requirements(index.metadata(wheel) or _from_wheel(index, release, wheel, Path(folder)), wheel)
        except StoppedError:
            raise
        except MaestroError as error:
            return error

    with tempfile.TemporaryDirectory(prefix="requirements-") as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(releases, pool.map(read, releases), strict=True))


def _wheels(project: Project) -> dict[Version, IndexFile | None]:
    """One wheel for each version: those of one version require the same. None where there is only an sdist."""
    versions: dict[Version, IndexFile | None] = {}
    for name in sorted(project.files):
        try:
            versions[parse_wheel_filename(name)[1]] = project.files[name]
        except InvalidWheelFilename:
            try:
                versions.setdefault(parse_sdist_filename(name)[1], None)
            except InvalidSdistFilename:
                continue  # neither of the two is installed by anybody
    return versions


def _from_wheel(index: Index, release: Release, wheel: IndexFile, folder: Path) -> bytes:
    into = folder / wheel.filename
    index.fetch(release[0], str(release[1]), wheel.filename, into)
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
