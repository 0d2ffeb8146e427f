"""What a cache has seen: the numbers behind `stats()`."""

from __future__ import annotations

__all__ = ["Counts"]


class Counts:
    """Totals since the beginning. Threads that read at once may lose a hit; nothing else is counted without a lock."""

    __slots__ = (
        "errors",
        "factory_calls",
        "factory_errors",
        "hits",
        "misses",
        "refreshes",
        "stale_served",
        "undecodable",
        "voided",
    )

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, 0)

    hits: int
    misses: int
    factory_calls: int
    factory_errors: int
    refreshes: int
    stale_served: int
    voided: int
    errors: int
    undecodable: int

    def stats(self) -> dict[str, int]:
        """All of them by name."""
        return {name: getattr(self, name) for name in self.__slots__}
