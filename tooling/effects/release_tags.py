"""The tags of releases that a git repository has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import UsageError
from tooling.model.tags import Tag, parse_tag

if TYPE_CHECKING:
    from collections.abc import Collection

    from tooling.effects.git import Git

_FORMAT = "--format=%(objecttype) %(refname:lstrip=2)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTags:
    """Releases that are tagged, and what is odd about some tags, as sentences."""

    tags: frozenset[Tag]
    warnings: tuple[str, ...] = ()


def read_release_tags(git: Git, names: Collection[str], chosen: Collection[str]) -> ReleaseTags:
    """Read the tags of the packages `chosen`; `names` are all folder names. Tags of anything else are left alone.

    Raises:
        FailedError: GT02, where there is no repository.
    """
    tags: set[Tag] = set()
    warnings: list[str] = []
    for line in git.read("for-each-ref", _FORMAT, "refs/tags").splitlines():
        kind, _, text = line.partition(" ")
        if text.rpartition("-v")[0] not in chosen:
            continue
        try:
            tags.add(parse_tag(text, names))
        except UsageError as error:
            warnings.append(f"{error.message} {error.hint}")
            continue
        if kind != "tag":
            warnings.append(f"The tag {text} is not annotated, so it says neither who made it nor what it brought.")
    if git.is_shallow():
        warnings.append("This clone is shallow, so it may lack tags: run `git fetch --unshallow --tags`.")
    return ReleaseTags(tags=frozenset(tags), warnings=tuple(warnings))
