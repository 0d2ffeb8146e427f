"""What git showed when it was asked: the world a release is planned on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.errors import MaestroError


class Relation(Enum):
    """How the tip of the local branch stands to the remote's: the same, `ahead`, `behind` (or apart), or no such."""

    SAME = "same"
    AHEAD = "ahead"
    BEHIND = "behind"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRef:
    """One tag of the repository.

    `object` is the id that its name has, `commit` what that leads to (None: to no commit); `merged` tells whether the
    commit is HEAD or before it.
    """

    name: str
    object: str
    commit: str | None
    annotated: bool
    merged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFacts:
    """The remote by its `name`: the object ids of its tags, and how the release branch stands to its own."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    relation: Relation = Relation.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFacts:
    """A repository at one moment.

    `head` is HEAD's commit and `message` what that says; `branch` None: detached; `dirty` are paths from the
    repository's root that differ from HEAD or are unknown to git; `committer` tells whether git knows who commits;
    `remote` is None where there is no such remote, or where it did not answer: `trouble` is why.
    """

    head: str
    message: str
    branch: str | None
    shallow: bool
    dirty: tuple[str, ...]
    committer: bool
    tags: Mapping[str, TagRef]
    remote: RemoteFacts | None
    trouble: MaestroError | None = None
