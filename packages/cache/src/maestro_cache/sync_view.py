"""The memory store for plain code and for threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from maestro_cache.checks import amount_of, key_of, tags_of, ttl_of
from maestro_cache.errors import CounterOverflowError, NotAnIntegerError, RecursiveFactoryError
from maestro_cache.pattern import compiled
from maestro_cache.throttle import Throttle, Throttles, rate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from maestro_cache.counts import Counts
    from maestro_cache.store import MemoryStore

__all__ = ["SyncView", "counted"]


def counted(key: str, total: int | None) -> int:
    """The sum of a counter; the errors of `increment` when there is none, or none that fits."""
    if total is None:
        raise NotAnIntegerError(f"the value of {key!r} is no integer; delete it, or count under another key", key=key)
    if not -(2**63) <= total < 2**63:
        raise CounterOverflowError(f"{key!r} would leave 64 bits; delete it, or count in smaller steps", key=key)
    return total


class SyncView:
    """The same entries as the async cache, by plain methods that any thread may call.

    Locks are not here: they renew themselves on an event loop. `get_or_set` neither refreshes early nor serves stale.
    """

    def __init__(
        self,
        store: MemoryStore,
        counts: Counts,
        *,
        prefix: str,
        default_ttl: float | None,
        throttles: Throttles,
        computing: dict[str, Any],
    ) -> None:
        self._store = store
        self._counts = counts
        self._prefix = prefix
        self._default_ttl = default_ttl
        self._throttles = throttles
        self._computing = computing

    def __len__(self) -> int:
        return len(self._store.nodes)

    def __contains__(self, key: str) -> bool:
        return self.exists(key)

    def keys(self) -> Iterator[str]:
        """The keys as they are stored, prefix included; expired ones too, until they are looked at."""
        return iter(list(self._store.nodes))

    def full(self, key: str) -> str:
        """The key as it is stored."""
        return self._prefix + key_of(key)

    def lifetime(self, ttl: float | None) -> float | None:
        """Seconds that a value lives which is stored with `ttl`; None: for ever."""
        return self._default_ttl if ttl is None else ttl_of(ttl)

    def get(self, key: str, default: Any = None) -> Any:
        """See `CacheInterface.get`."""
        node = self._store.find(self.full(key))
        if node is None:
            self._counts.misses += 1
            return default
        self._counts.hits += 1
        return node.value

    def set(
        self, key: str, value: Any, ttl: float | None = None, *, tags: Iterable[str] = (), nx: bool = False
    ) -> bool:
        """See `CacheInterface.set`."""
        full = self._prefix + key_of(key)
        seconds = self._default_ttl if ttl is None else ttl_of(ttl)
        names = tags_of(tags) if tags else ()
        store = self._store
        with store.lock:
            if nx and store.find(full) is not None:
                return False
            store.void(full)
            return store.put(full, value, seconds, store.tags.stamps(names) if names else ())

    def delete(self, key: str) -> bool:
        """See `CacheInterface.delete`."""
        return self._store.delete(self.full(key))

    def exists(self, key: str) -> bool:
        """See `CacheInterface.exists`."""
        return self._store.find(self.full(key)) is not None

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """See `CacheInterface.get_many`."""
        wanted = [(key, self.full(key)) for key in keys]
        found = {key: node.value for key, full in wanted if (node := self._store.find(full)) is not None}
        self._counts.hits += len(found)
        self._counts.misses += len(wanted) - len(found)
        return found

    def set_many(self, mapping: Mapping[str, Any], ttl: float | None = None, *, tags: Iterable[str] = ()) -> bool:
        """See `CacheInterface.set_many`."""
        for key in mapping:
            key_of(key)
        names = tags_of(tags)
        stored = [self.set(key, value, ttl, tags=names) for key, value in mapping.items()]
        return all(stored)

    def increment(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """See `CacheInterface.increment`."""
        return counted(key, self._store.count_up(self.full(key), amount_of(amount), self.lifetime(ttl)))

    def decrement(self, key: str, amount: int = 1, ttl: float | None = None) -> int:
        """See `CacheInterface.increment`."""
        return self.increment(key, -amount_of(amount), ttl)

    def get_ttl(self, key: str) -> float | None:
        """See `CacheInterface.get_ttl`."""
        return self._store.left(self.full(key))

    def expire(self, key: str, ttl: float) -> bool:
        """See `CacheInterface.expire`."""
        return self._store.expire(self.full(key), ttl_of(ttl))

    def matcher(self, pattern: str | None) -> Callable[[str], object]:
        """Whether a stored key is of this cache, and matches."""
        if pattern is None:
            return lambda full: full.startswith(self._prefix)
        expression, start = compiled(key_of(pattern, "pattern")), len(self._prefix)
        return lambda full: full.startswith(self._prefix) and expression.fullmatch(full, start)

    def clear(self, pattern: str | None = None) -> int:
        """See `CacheInterface.clear`."""
        return sum(self._store.clear(self.matcher(pattern)))

    def invalidate_tags(self, *tags: str) -> bool:
        """See `CacheInterface.invalidate_tags`."""
        with self._store.lock:
            self._store.tags.invalidate(tags_of(tags))
        return True

    def throttle(self, key: str, limit: int, period: float, *, cost: int = 1) -> Throttle:
        """See `CacheInterface.throttle`."""
        interval = rate_of(key, limit, period, cost)
        with self._store.lock:
            return self._throttles.ask(self._prefix + key, limit, interval, cost, self._store.clock.read())

    def get_or_set(
        self, key: str, factory: Callable[[], Any], ttl: float | None = None, *, tags: Iterable[str] = ()
    ) -> Any:
        """The value; or what `factory()` returns, called by one thread while the others wait for it."""
        full, seconds, names = self.full(key), self.lifetime(ttl), tags_of(tags)
        while True:
            node = self._store.find(full)
            if node is not None:
                self._counts.hits += 1
                return node.value
            with self._store.lock:
                running = self._computing.get(full)
                if running is None:
                    mine = self._computing[full] = _Computation()
                    stamps = self._store.tags.stamps(names)
                    break
            running.wait(key)
            if running.error is None and running.finished:
                return running.value
            if running.error is not None:
                raise running.error
        self._counts.misses += 1
        return self._compute(full, mine, factory, seconds, stamps)

    def _compute(
        self, full: str, mine: _Computation, factory: Callable[[], Any], ttl: float | None, stamps: Any
    ) -> Any:
        self._counts.factory_calls += 1
        try:
            mine.value = factory()
            mine.finished = True
        except Exception as error:
            self._counts.factory_errors += 1
            mine.error = error
            raise
        finally:
            with self._store.lock:
                current = self._computing.get(full) is mine
                if current:
                    del self._computing[full]
                if mine.finished and current:
                    self._store.put(full, mine.value, ttl, stamps)
                self._counts.voided += mine.finished and not current
            mine.over.set()
        return mine.value


class _Computation:
    """What one thread computes and others wait for."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.thread = threading.get_ident()
        self.finished = False
        self.value: Any = None
        self.error: Exception | None = None

    def wait(self, key: str) -> None:
        if self.thread == threading.get_ident():
            raise RecursiveFactoryError(
                f"the factory of {key!r} asks for {key!r}; let it compute the value without the cache", key=key
            )
        self.over.wait()
