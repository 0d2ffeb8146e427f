"""What the index showed when it was asked: the world the planner decides on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.requirements import Requirement

Release = tuple[str, Version]
"""A distribution at a version."""


class State(Enum):
    """The state of an artifact in the index. Absent and unknown are never confused."""

    ABSENT = "absent"
    PRESENT = "present"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file on a project's page: absolute `url` without fragment, `sha256` when the index is able to say it.

    `sha256` is None when neither the page nor any other source offered one: neither equal nor absent. `metadata` tells
    whether the index serves a wheel's METADATA beside it (PEP 658): None if not, else its SHA-256, empty if unsaid.
    """

    filename: str
    url: str
    sha256: str | None = None
    md5: str | None = None
    metadata: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the index holds of one distribution; no files means it is absent."""

    distribution: str
    files: Mapping[str, IndexFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Projects by distribution name, and for those that could not be read, or not wholly, the reason, as a sentence.

    `requirements` are those of the releases they were asked of; None: nobody knows, as there is no wheel.
    """

    projects: Mapping[str, Project] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    requirements: Mapping[Release, tuple[Requirement, ...] | None] = field(default_factory=dict)

    def state(self, distribution: str, filename: str, sha256: str) -> State:
        """Compare one local file with the snapshot."""
        if distribution in self.unknown or distribution not in self.projects:
            return State.UNKNOWN
        found = self.projects[distribution].files.get(filename)
        if found is None:
            return State.ABSENT
        if found.sha256 is None:
            return State.UNKNOWN
        return State.PRESENT if found.sha256 == sha256 else State.DIFFERENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What of the index has to be read to decide: projects by distribution name, and what releases require."""

    projects: frozenset[str] = frozenset()
    releases: frozenset[Release] = frozenset()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.projects or self.releases)

    def __or__(self, other: Unread) -> Unread:
        """Both together."""
        return Unread(projects=self.projects | other.projects, releases=self.releases | other.releases)


def published_versions(snapshot: Snapshot, distribution: str) -> frozenset[Version]:
    """Read the versions of a distribution off the names of its files; other names count for nothing."""
    project = snapshot.projects.get(distribution)
    found = (version_in(filename) for filename in (project.files if project else ()))
    return frozenset(version for version in found if version is not None)


def version_in(filename: str) -> Version | None:
    """Read the version off a wheel's or sdist's name (PEP 427, PEP 625); None for anything else."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
