"""What the index showed when it was asked: the world the planner decides on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """Projects by distribution name, and for those that could not be read, the reason, as a sentence."""

    projects: Mapping[str, Project] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)

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
