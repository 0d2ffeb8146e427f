"""Tags in memory: a counter per tag, which lives exactly as long as an entry that has the tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Stamp", "Tag", "Tags"]


class Tag:
    """A name and how often what bears it was invalidated."""

    __slots__ = ("__weakref__", "name", "version")

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0


Stamp: TypeAlias = tuple[Tag, int]
"""A tag, and its version when the value was made; the value is valid while both agree."""


class Tags:
    """The tags that some entry has. Whoever calls these methods holds the store's lock."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[str, Tag] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._known)

    def stamps(self, names: Iterable[str]) -> tuple[Stamp, ...]:
        """The tags as they are now."""
        return tuple((tag, tag.version) for tag in map(self._tag, names))

    def _tag(self, name: str) -> Tag:
        tag = self._known.get(name)
        if tag is None:
            tag = self._known[name] = Tag(name)
        return tag

    def invalidate(self, names: Iterable[str]) -> None:
        """Everything that has one of these tags is as good as gone."""
        for name in names:
            tag = self._known.get(name)
            if tag is not None:
                tag.version += 1


def valid(stamps: tuple[Stamp, ...]) -> bool:
    """Whether none of the tags was invalidated since."""
    return all(tag.version == version for tag, version in stamps)
