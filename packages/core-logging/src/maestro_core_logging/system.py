"""The process's logging as an object that can be watched, as every long-lived object of the platform can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .core import logging_stats
from .observers import NAME, OBSERVERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events import Event

__all__ = ["LoggingSystem", "logging_system"]


class LoggingSystem:
    """What `maestro_monitoring.instrument(logging_system)` reads; one per process, whatever is configured."""

    name = NAME

    def __repr__(self) -> str:
        return "LoggingSystem()"

    def stats(self) -> dict[str, int | float | str]:
        """Return what `logging_stats()` does, and how many subscribers have failed."""
        return {**logging_stats(), "subscriber_errors": OBSERVERS.errors}

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` when something happens to logging; gives the undo.

        `logging.configured`, `.level_changed`, `.shut_down`; `.lines_dropped` with `dropped`, at most every 5 s;
        `.output_failed` with `dropped` so far, at most once a minute. The last two come from the thread that writes.
        Subscriptions outlive `configure_logging` and `shutdown_logging`.
        """
        return OBSERVERS.subscribe(callback)


logging_system = LoggingSystem()
