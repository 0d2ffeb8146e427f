"""The tags that a git repository has, and which of them name a release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import UsageError
from tooling.model.tags import Tag, parse_tag
from tooling.plan.repository import TagRef

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tooling.effects.git import Git

_TAGS = "refs/tags/"
_FIELDS = ("refname", "objectname", "objecttype", "*objectname", "*objecttype")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTags:
    """Releases that are tagged, and what is odd about some tags, as sentences."""

    tags: frozenset[Tag]
    warnings: tuple[str, ...] = ()


def tag_refs(git: Git) -> dict[str, TagRef]:
    """Every tag by its name; those that lead to HEAD or before it are marked, none where there is no commit yet.

    Raises:
        FailedError: GT02, where there is no repository.
    """
    form = "%00".join(f"%({field})" for field in _FIELDS)
    lines = git.read("for-each-ref", f"--format={form}", _TAGS).splitlines()
    merged = set(git.answer("for-each-ref", "--merged=HEAD", "--format=%(refname)", _TAGS).out.splitlines())
    found = (_tag(line.split("\0"), merged) for line in lines)
    return {tag.name: tag for tag in found}


def _tag(fields: Sequence[str], merged: set[str]) -> TagRef:
    ref, found, kind, behind, kind_behind = fields
    commits: Mapping[str, str] = {kind: found, kind_behind: behind}
    return TagRef(
        name=ref.removeprefix(_TAGS),
        object=found,
        commit=commits.get("commit"),
        annotated=kind == "tag",
        merged=ref in merged,
    )


def read_release_tags(git: Git, names: Collection[str], chosen: Collection[str]) -> ReleaseTags:
    """Read the tags of the packages `chosen`; `names` are all folder names. Tags of anything else are left alone.

    Raises:
        FailedError: GT02, where there is no repository.
    """
    tags: set[Tag] = set()
    warnings: list[str] = []
    for text, found in tag_refs(git).items():
        if text.rpartition("-v")[0] not in chosen:
            continue
        try:
            tags.add(parse_tag(text, names))
        except UsageError as error:
            warnings.append(f"{error.message} {error.hint}")
            continue
        if not found.annotated:
            warnings.append(f"The tag {text} is not annotated, so it says neither who made it nor what it brought.")
    if git.is_shallow():
        warnings.append("This clone is shallow, so it may lack tags: run `git fetch --unshallow --tags`.")
    return ReleaseTags(tags=frozenset(tags), warnings=tuple(warnings))
