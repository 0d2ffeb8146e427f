"""Which entry has to go: SIEVE and LRU, on one doubly linked ring of entries from the oldest to the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maestro_cache.tag import Stamp

__all__ = ["LruRing", "Node", "Ring", "SieveRing"]


class Node:
    """One entry.

    `until`: when it stops being fresh, `gone`: when it may no longer be served stale either, both seconds of the
    store's clock, None: never. `delta`: seconds its computation took. `stamps`: its tags as they were when it was made.
    `mark`: another number with every write.
    """

    __slots__ = ("delta", "gone", "key", "mark", "newer", "older", "size", "stamps", "until", "value", "visited")

    def __init__(self, key: str, value: Any) -> None:
        self.key = key
        self.value = value
        self.until: float | None = None
        self.gone: float | None = None
        self.delta = 0.0
        self.mark = 0
        self.stamps: tuple[Stamp, ...] = ()
        self.size = 0
        self.visited = False
        self.newer: Node
        self.older: Node


_OUT = Node("", None)
"""What an entry that was taken out has for neighbours: one that pointed to itself would wait for the collector."""


class Ring:
    """The order of entries; `root.newer` is the oldest, `root.older` the newest."""

    __slots__ = ("root",)

    def __init__(self) -> None:
        self.root = root = Node("", None)
        root.older = root.newer = root

    def add(self, node: Node) -> None:
        """Make `node` the newest."""
        root = self.root
        newest = root.older
        node.older, node.newer = newest, root
        newest.newer = root.older = node

    def remove(self, node: Node) -> None:
        """Take `node` out."""
        node.older.newer, node.newer.older = node.newer, node.older
        node.older = node.newer = _OUT

    def used(self, node: Node) -> None:
        """`node` was read or written again."""
        raise NotImplementedError

    def victim(self) -> Node:
        """The entry to go next; there is at least one."""
        raise NotImplementedError


class SieveRing(Ring):
    """SIEVE (Zhang et al., NSDI 2024): a hand passes from the oldest on, and spares what was used since it last came.

    A hit sets one flag and moves nothing, and what is used once goes soon: scans do not push out what is popular.
    """

    __slots__ = ("_hand",)

    def __init__(self) -> None:
        super().__init__()
        self._hand = self.root

    def used(self, node: Node) -> None:
        """Spare it once."""
        node.visited = True

    def remove(self, node: Node) -> None:
        """Take it out; the hand goes on to the next."""
        if node is self._hand:
            self._hand = node.newer
        super().remove(node)
        node.visited = False

    def victim(self) -> Node:
        """The first from the hand on that was not used."""
        node = self._hand
        while True:
            if node is self.root:
                node = node.newer
            if not node.visited:
                self._hand = node
                return node
            node.visited = False
            node = node.newer


class LruRing(Ring):
    """Least recently used: a use makes an entry the newest."""

    __slots__ = ()

    def used(self, node: Node) -> None:
        """Make it the newest, unless it has been taken out meanwhile."""
        if node.newer is not _OUT:
            self.remove(node)
            self.add(node)

    def victim(self) -> Node:
        """The oldest."""
        return self.root.newer
