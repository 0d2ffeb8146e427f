"""The caches that every contract is held against, and what several test files lean on."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import pytest
from hypothesis import settings
from maestro_cache import InMemoryCache, RedisCache, TieredCache
from maestro_resilience.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

settings.register_profile("package", deadline=None, max_examples=60)
settings.load_profile("package")


Run: TypeAlias = "Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]"


Shorten: TypeAlias = "Callable[[str, str, int], None]"


class World:
    """Makes caches of one kind that share one store, and lets its time pass."""

    def __init__(self, kind: str, request: pytest.FixtureRequest) -> None:
        self.kind = kind
        self.clock = VirtualClock(1_000)
        self.prefix = ""
        if kind in ("redis", "tiered"):
            self.url: str = request.getfixturevalue("redis_url")
            self.prefix = f"{request.getfixturevalue('redis_prefix')}[*]:"  # a prefix is no pattern

    @property
    def is_local(self) -> bool:
        """Whether the store is in the process, on the clock that `advance` winds."""
        return self.kind in ("sieve", "lru")

    def make(self, **options: Any) -> Any:
        """A cache; on Redis, one more of the same data."""
        if self.kind in ("sieve", "lru"):
            return InMemoryCache(policy=cast("Any", self.kind), clock=self.clock, key_prefix=self.prefix, **options)
        # nothing here is about slowness, and the machine may be busy
        shared = RedisCache(self.url, key_prefix=self.prefix, strict=True, operation_timeout=30, **options)
        if self.kind == "redis":
            return shared
        return TieredCache(InMemoryCache(clock=self.clock), shared, l1_ttl=5)

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run on a real event loop under the watchdog."""
        return run(work)

    def advance(self, seconds: float) -> None:
        """Let time pass: for the clock, and for everything in Redis by shortening what it has left."""
        self.clock.advance(seconds)
        if self.is_local:
            return
        with not_watched():
            _shorten(self.url, self.prefix, int(seconds * 1_000))


def _shorten(url: str, prefix: str, milliseconds: int) -> None:
    from services.redis_server import Wire

    with Wire(url) as wire:
        cursor = "0"
        names: set[str] = set()
        while True:
            cursor, found = wire.call("SCAN", cursor, "COUNT", "1000")
            names |= {name for name in found if name.startswith(prefix)}
            if cursor == "0":
                break
        for name in names:
            left = wire.call("PTTL", name)
            if left >= 0:
                wire.call("PEXPIRE", name, str(left - milliseconds))


@pytest.fixture(params=["sieve", "lru", "redis", "tiered"])
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param, request)


@pytest.fixture(params=["sieve", "redis", "tiered"])
def any_world(request: pytest.FixtureRequest) -> World:
    """As `world`, without the policies of memory."""
    return World(request.param, request)


@contextmanager
def no_blocking() -> Iterator[None]:
    """A watchdog: fails when the thread of the event loop does something that waits."""
    _watched.add(threading.get_ident())
    try:
        yield
    finally:
        _watched.discard(threading.get_ident())


@contextmanager
def not_watched() -> Iterator[None]:
    """The test itself may wait."""
    was = threading.get_ident() in _watched
    _watched.discard(threading.get_ident())
    try:
        yield
    finally:
        if was:
            _watched.add(threading.get_ident())


_watched: set[int] = set()
_BLOCKING = {"time.sleep", "open", "subprocess.Popen", "os.system", "socket.getaddrinfo", "socket.gethostbyname"}


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched or threading.get_ident() not in _watched:
        return
    waits = event in _BLOCKING or (event == "socket.connect" and arguments[0].gettimeout() != 0)
    if waits and not _is_importing():
        raise AssertionError(f"{event}{arguments} would block the event loop")


def _is_importing() -> bool:
    """An import reads files once in a process's life."""
    frame: Any = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


sys.addaudithook(_hook)


def run(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run on a real event loop under the watchdog; no task may be left over."""

    async def main() -> Any:
        with no_blocking():
            result = await work()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left, left
            return result

    return asyncio.run(main())


@pytest.fixture(name="run")
def run_fixture() -> Run:
    return run


@pytest.fixture(name="shorten")
def shorten_fixture() -> Shorten:
    """Take time, in milliseconds, from everything under a prefix."""
    return _shorten
