"""The entries of an in-memory cache: found, kept within bounds and thrown out. Plain code, safe for threads."""

from __future__ import annotations

import math
import sys
import threading
from typing import TYPE_CHECKING, Any, Literal

from maestro_resilience.checks import whole

from maestro_cache.ring import LruRing, Node, SieveRing
from maestro_cache.size import size_of
from maestro_cache.tag import Tags, valid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from maestro_resilience.clock import Clock

    from maestro_cache.tag import Stamp

__all__ = ["MISSING", "MemoryStore", "Policy"]

MISSING: Any = object()
Policy = Literal["sieve", "lru"]

_RINGS = {"sieve": SieveRing, "lru": LruRing}
_PLACE = sys.getsizeof(Node("", None)) + 184  # an entry's node, and its share of a dict when that has just grown
_CHUNK = 1_000


class MemoryStore:
    """Nodes by key, at most `max_size` of them and `max_bytes` altogether, counted as `size_of` does.

    Reading takes no lock under SIEVE; everything else takes the one lock. `computing` holds, by key, what is being
    computed; it is taken out, with the lock held, when somebody else writes or deletes the entry.
    """

    def __init__(
        self,
        *,
        max_size: int,
        max_bytes: int | None,
        policy: Policy,
        clock: Clock,
        computing: Sequence[dict[str, Any]],
    ) -> None:
        if policy not in _RINGS:
            raise ValueError(f'policy must be "sieve" or "lru", not {policy!r}; choose one')
        self.max_size = whole("max_size", max_size)
        self.max_bytes = None if max_bytes is None else whole("max_bytes", max_bytes)
        self.policy = policy
        self.is_sieve = policy == "sieve"
        self.clock = clock
        self.lock = threading.RLock()
        self.nodes: dict[str, Node] = {}
        self.tags = Tags()
        self.bytes = 0
        self.ring = _RINGS[policy]()
        self.totals = dict.fromkeys(("deletes", "evictions", "expired", "rejected", "invalidated"), 0)
        self.sets = 0
        self._computing = computing

    def void(self, key: str) -> None:
        """What is being computed for this key is out of date. The lock is held."""
        for each in self._computing:
            if each:
                each.pop(key, None)

    def fresh(self, node: Node) -> bool:
        """Whether what a node holds may be read."""
        return (node.until is None or node.until > self.clock.read()) and (not node.stamps or valid(node.stamps))

    def find(self, key: str) -> Node | None:
        """The node whose value may be read, now marked as used."""
        node = self.nodes.get(key)
        if node is None:
            return None
        if (node.until is not None or node.stamps) and not self.fresh(node):
            self._drop_if_gone(node)
            return None
        self.use(node)
        return node

    def find_stale(self, key: str) -> Node | None:
        """The node whose value may be read or served stale."""
        node = self.nodes.get(key)
        return None if node is None or self._drop_if_gone(node) else node

    def use(self, node: Node) -> None:
        """Mark a node as used."""
        if self.is_sieve:
            node.visited = True
        else:
            with self.lock:
                self.ring.used(node)

    def _drop_if_gone(self, node: Node) -> bool:
        now_gone = node.gone is not None and node.gone <= self.clock.read()
        if now_gone or not valid(node.stamps):
            with self.lock:
                if self.nodes.get(node.key) is node:
                    self._remove(node)
                    self.totals["expired" if now_gone else "invalidated"] += 1
            return True
        return False

    def put(
        self,
        key: str,
        value: Any,
        ttl: float | None,
        stamps: tuple[Stamp, ...] = (),
        *,
        stale_for: float = 0.0,
        delta: float = 0.0,
    ) -> bool:
        """Store a value for `ttl` seconds (None: for ever); False when it is larger than all there may be.

        A value that is there already is replaced where it is, and nothing else has to go for it. The lock is held.
        """
        if self.max_bytes is not None:
            size = size_of(key, value) + _PLACE + 56 * len(stamps)
            if size > self.max_bytes:
                self._reject(key)
                return False
        node = self.nodes.get(key)
        if node is None:
            if len(self.nodes) >= self.max_size:
                self._evict()
            node = self.nodes[key] = Node(key, value)
            self.ring.add(node)
        else:
            node.value = value
            if self.is_sieve:
                node.visited = True
            else:
                self.ring.used(node)
        node.stamps = stamps
        node.delta = delta
        if ttl is None:
            node.until = node.gone = None
        else:
            node.until = self.clock.read() + ttl
            node.gone = node.until + stale_for
        self.sets += 1
        node.mark = self.sets
        if self.max_bytes is not None:
            self.bytes += size - node.size
            node.size = size
            self._shrink(node)
        return True

    def _reject(self, key: str) -> None:
        if key in self.nodes:
            self._remove(self.nodes[key])
        self.totals["rejected"] += 1

    def _shrink(self, kept: Node) -> None:
        while self.max_bytes is not None and self.bytes > self.max_bytes:
            self._evict(kept)

    def _evict(self, kept: Node | None = None) -> None:
        node = self.ring.victim()
        if node is kept:  # everything else was used lately, and yet one of them has to make room
            self.ring.used(node)
            node = self.ring.victim()
        if self._has_expired(node):
            self.totals["expired"] += 1
        else:
            self.totals["evictions"] += 1
        self._remove(node)

    def _has_expired(self, node: Node) -> bool:
        return node.gone is not None and node.gone <= self.clock.read()

    def _remove(self, node: Node) -> None:
        del self.nodes[node.key]
        self.ring.remove(node)
        self.bytes -= node.size

    def delete(self, key: str) -> bool:
        """Remove an entry; whether there was one to read."""
        with self.lock:
            self.void(key)
            node = self.nodes.get(key)
            if node is None:
                return False
            was_fresh = self.fresh(node)
            self._remove(node)
            self.totals["deletes"] += was_fresh
            return was_fresh

    def clear(self, matches: Callable[[str], object]) -> Iterator[int]:
        """Remove the entries whose keys match; yields how many of them could be read, piece by piece."""
        with self.lock:
            keys = list(self.nodes)
        for start in range(0, len(keys), _CHUNK):
            with self.lock:
                removed = sum(self.delete(key) for key in keys[start : start + _CHUNK] if matches(key))
            yield removed

    def count_up(self, key: str, amount: int, ttl: float | None) -> int | None:
        """Add to an integer and keep its expiry; `ttl` is for a new one. None when the value is no integer."""
        with self.lock:
            self.void(key)
            node = self.find(key)
            if node is None:
                self.put(key, amount, ttl)
                return amount
            if type(node.value) is not int:
                return None
            total: int = node.value + amount
            if -(2**63) <= total < 2**63:
                node.value = total
                self.sets += 1
                node.mark = self.sets
            return total

    def left(self, key: str) -> float | None:
        """Seconds until the entry expires; 0.0 when there is none, None when it never does."""
        with self.lock:
            node = self.nodes.get(key)
            if node is None or not self.fresh(node):
                return 0.0
            return None if node.until is None else node.until - self.clock.read()

    def expire(self, key: str, ttl: float | None) -> bool:
        """Give an entry another expiry, and the same time to be stale as before; False when there is none."""
        with self.lock:
            node = self.nodes.get(key)
            if node is None or not self.fresh(node):
                return False
            stale_for = 0.0 if node.until is None or node.gone is None else node.gone - node.until
            node.until = None if ttl is None else self.clock.read() + ttl
            node.gone = None if node.until is None else node.until + stale_for
            return True

    def stats(self) -> dict[str, int | str]:
        """What there is now, and totals."""
        return {
            "sets": self.sets,
            **self.totals,
            "entries": len(self.nodes),
            "bytes": self.bytes,
            "max_size": self.max_size,
            "max_bytes": self.max_bytes or 0,
            "policy": self.policy,
            "tags": len(self.tags),
        }

    def seconds_left(self, node: Node) -> float:
        """Seconds for which the value is fresh: `math.inf` for ever, zero or less when it is stale."""
        return math.inf if node.until is None else node.until - self.clock.read()
