"""Which attempt of which retry this code runs in, so that layers below need not multiply the attempts."""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["Attempt", "current_attempt", "running"]


class Attempt:
    """Attempt `number`, from 1, of at most `max_attempts` that the retry `name` makes; `active` until it has ended."""

    __slots__ = ("active", "max_attempts", "name", "number")

    def __init__(self, number: int, max_attempts: int, name: str) -> None:
        self.number = number
        self.max_attempts = max_attempts
        self.name = name
        self.active = True

    def __repr__(self) -> str:
        return f"Attempt({self.number} of {self.max_attempts}, name={self.name!r})"


running: ContextVar[Attempt | None] = ContextVar("maestro_resilience_attempt", default=None)
"""The attempt under way. A task made inside one inherits it, and finds it no longer active once it has ended."""


def current_attempt() -> Attempt | None:
    """The attempt this code is part of; None outside of one, and in a task that outlived the attempt that made it."""
    attempt = running.get()
    return attempt if attempt is not None and attempt.active else None
