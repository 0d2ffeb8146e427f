"""Who wants to hear of what happens to this process's logging; apart from all else, since every layer tells it."""

from __future__ import annotations

from .events import Subscribers

__all__ = ["NAME", "OBSERVERS"]

NAME = "logging"
OBSERVERS = Subscribers()
