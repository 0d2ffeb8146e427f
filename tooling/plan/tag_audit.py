"""Which releases a repository and an index both have, and which only one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from tooling.model.tags import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class TagAudit:
    """Releases by package and version: in both (`rebuild` them), published without a tag, tagged without a file."""

    rebuild: tuple[Tag, ...]
    untagged: tuple[Tag, ...]
    unpublished: tuple[Tag, ...]


def audit(published: Collection[Tag], tagged: Collection[Tag]) -> TagAudit:
    """Compare what is published with what is tagged; versions are equal as PEP 440 has it (1.0 is 1.0.0)."""
    here, there = _sorted(tagged), _sorted(published)
    return TagAudit(
        rebuild=tuple(tag for tag in here if tag in there),
        untagged=tuple(tag for tag in there if tag not in here),
        unpublished=tuple(tag for tag in here if tag not in there),
    )


def _sorted(tags: Collection[Tag]) -> dict[Tag, None]:
    return dict.fromkeys(sorted(tags, key=lambda tag: (tag.package, tag.version)))
