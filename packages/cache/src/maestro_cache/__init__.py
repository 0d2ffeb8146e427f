"""One async cache over memory, Redis or both, that computes each value once and never makes an outage worse."""

from __future__ import annotations

from maestro_cache.decorator import CachedFunction
from maestro_cache.errors import (
    CacheClosedError,
    CacheError,
    CacheUnavailable,
    CounterOverflowError,
    LeaseLostError,
    LockHeldError,
    MissingExtraError,
    NotAnIntegerError,
    RecursiveFactoryError,
    UnstorableValueError,
)
from maestro_cache.factory import CacheService, CacheSettings, get_cache
from maestro_cache.interface import CacheInterface
from maestro_cache.lease import Lease
from maestro_cache.memory_cache import InMemoryCache
from maestro_cache.redis_cache import RedisCache
from maestro_cache.sync_view import SyncView
from maestro_cache.throttle import Throttle
from maestro_cache.tiered_cache import TieredCache

__all__ = [
    "CacheClosedError",
    "CacheError",
    "CacheInterface",
    "CacheService",
    "CacheSettings",
    "CacheUnavailable",
    "CachedFunction",
    "CounterOverflowError",
    "InMemoryCache",
    "Lease",
    "LeaseLostError",
    "LockHeldError",
    "MissingExtraError",
    "NotAnIntegerError",
    "RecursiveFactoryError",
    "RedisCache",
    "SyncView",
    "Throttle",
    "TieredCache",
    "UnstorableValueError",
    "get_cache",
]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-cache")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
