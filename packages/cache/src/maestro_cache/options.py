"""The arguments of `get_or_set`, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maestro_cache.checks import seconds_of, tags_of
from maestro_cache.read_through import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["options_of"]


def options_of(
    factory: Callable[[], Any], ttl: float | None, *, tags: Iterable[str], stale_for: float, early: float, wait: float
) -> Options:
    """Raise TypeError or ValueError for what can never work; `ttl` has been checked."""
    if not callable(factory):
        raise TypeError(f"factory must be a function without arguments, not {factory!r}; pass `lambda: ...`")
    return Options(
        ttl=ttl,
        tags=tags_of(tags) if tags else (),
        stale_for=seconds_of("stale_for", stale_for),
        early=seconds_of("early", early),
        wait=seconds_of("wait", wait),
    )
