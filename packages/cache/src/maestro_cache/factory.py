"""Which cache it is: by URL, by settings, by environment."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from maestro_cache.checks import key_of, masked, ttl_of
from maestro_cache.memory_cache import InMemoryCache
from maestro_cache.redis_cache import RedisCache
from maestro_cache.tiered_cache import TieredCache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from maestro_cache.interface import CacheInterface

__all__ = ["CacheService", "CacheSettings", "get_cache"]

_NEAR = ("max_size", "max_bytes", "policy")  # what belongs to the memory of a tiered cache
_REDIS = ("redis", "rediss", "unix")


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Where the cache is and what values get without being told.

    `url`: `memory://`, `redis://…`, `rediss://…`, `unix://…`, or one of the latter after `tiered+`, for memory in front
    of it. `ttl`: seconds, None for no expiry. `prefix`: what every key begins with. `max_size`: entries in memory.
    """

    url: str = "memory://"
    ttl: float | None = 3_600.0
    prefix: str = ""
    max_size: int = 10_000

    def __post_init__(self) -> None:
        """Refuse what can never work."""
        if not isinstance(self.url, str):
            raise TypeError(f"url must be a string, not {self.url!r}; pass one such as memory://")
        if self._scheme not in ("memory", *_REDIS, *(f"tiered+{scheme}" for scheme in _REDIS)):
            raise ValueError(
                f"{masked(self.url)!r} names no cache that exists; "
                "use memory://, redis://, rediss://, unix:// or tiered+redis:// (there is none for Memcached)"
            )
        if self.ttl is not None:
            ttl_of(self.ttl)
        if self.prefix != "":
            key_of(self.prefix, "prefix")

    @property
    def _scheme(self) -> str:
        return self.url.partition(":")[0].lower() if "://" in self.url else ""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """From `MAESTRO_CACHE_URL`, `_TTL` (seconds, or `none`), `_PREFIX`, `_MAX_SIZE`; unset: the default."""
        given = {
            name: value
            for name in ("url", "ttl", "prefix", "max_size")
            if (value := _variable(environ, name)) is not None
        }
        return cls(**given)

    def cache(self, **options: Any) -> CacheInterface:
        """Make the cache; `options` go to the class that the URL names."""
        if self._scheme == "memory":
            if self.url.partition("://")[2].strip("/"):
                raise ValueError(f"{masked(self.url)!r} says more than memory://, which has no places; leave it out")
            return InMemoryCache(self.ttl, **{"max_size": self.max_size, **options}, key_prefix=self.prefix)
        if not self._scheme.startswith("tiered+"):
            return RedisCache(self.url, self.ttl, self.prefix, **options)
        near = {"max_size": self.max_size, **{name: options.pop(name) for name in _NEAR if name in options}}
        tiers = {name: options.pop(name) for name in ("l1_ttl", "coherence") if name in options}
        shared = RedisCache(self.url.partition("+")[2], self.ttl, self.prefix, **options)
        return TieredCache(InMemoryCache(self.ttl, **near), shared, **tiers)


def _variable(environ: Mapping[str, str], name: str) -> Any:
    """The value of one variable; None when it is not set."""
    variable = f"MAESTRO_CACHE_{name.upper()}"
    text = environ.get(variable, "").strip()
    if not text:
        return None
    if name in ("url", "prefix"):
        return text
    if name == "ttl" and text.lower() == "none":
        return float("inf")
    number = 0.0
    with contextlib.suppress(ValueError):
        number = float(text) if name == "ttl" else int(text)
    if not number > 0:
        what = "seconds above zero, or none" if name == "ttl" else "a whole number above zero"
        raise ValueError(f"{variable} must be {what}, not {text!r}; correct or unset it")
    return number


def CacheService(  # noqa: N802 - the name users know
    url: str | None = None, default_ttl: float | None = None, key_prefix: str = "", **options: Any
) -> CacheInterface:
    """The cache that the arguments name; what they leave out is taken from the environment.

    `default_ttl=math.inf` means no expiry, as `MAESTRO_CACHE_TTL=none` does; without both it is an hour. `options` go
    to `InMemoryCache`, `RedisCache` or `TieredCache`, whichever it is; one that it does not know is a TypeError.
    """
    given: dict[str, Any] = {"url": url, "ttl": default_ttl, "prefix": key_prefix or None}
    settings = CacheSettings.from_environment()
    return replace(settings, **{name: value for name, value in given.items() if value is not None}).cache(**options)


_lock = threading.Lock()
_shared: list[CacheInterface] = []


def get_cache() -> CacheInterface:
    """The cache of this process, made from the environment at the first call."""
    with _lock:
        if not _shared:
            _shared.append(CacheService())
        return _shared[0]
