"""One object used as `async with` by many tasks at once: what each entry has to remember until its exit."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Generic, TypeVar

__all__ = ["Entries"]

T = TypeVar("T")

# One variable for all objects: a context variable made per object would keep it alive in every context it was set in.
_open_entries: ContextVar[tuple[tuple[object, object], ...]] = ContextVar("maestro_resilience_entries", default=())


class Entries(Generic[T]):
    """The entries of one object in the current task or thread, last in first out."""

    __slots__ = ("_owner",)

    def __init__(self, owner: str) -> None:
        self._owner = owner

    def push(self, value: T) -> None:
        """Remember `value` for the exit that belongs to this entry."""
        _open_entries.set((*_open_entries.get(), (self, value)))

    def pop(self) -> T:
        """The value of the latest entry still open here; RuntimeError when it was entered in another task."""
        entries = _open_entries.get()
        for index in range(len(entries) - 1, -1, -1):
            owner, value = entries[index]
            if owner is self:
                _open_entries.set(entries[:index] + entries[index + 1 :])
                return value  # type: ignore[return-value] # pushed by this very object
        raise RuntimeError(
            f"{self._owner} was left in another task than it was entered in; enter and leave in one task"
        )
