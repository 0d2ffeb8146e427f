"""How long-lived objects are watched: `subscribe` to what happens, without a dependency on any monitoring library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Event", "Subscribers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened: `kind` is `<what>.<happened>` such as `logging.lines_dropped`, `name` the object's."""

    kind: str
    name: str
    data: Mapping[str, int | float | str] = field(default_factory=dict)


class Subscribers:
    """The callbacks of one object, called in the order they came; a failing one is counted and disturbs nobody."""

    __slots__ = ("_callbacks", "errors")

    def __init__(self) -> None:
        self._callbacks: tuple[Callable[[Event], object], ...] = ()
        self.errors = 0

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` from now on, synchronously; it must not block. Returns the function that stops it."""
        if not callable(callback):
            raise TypeError(f"a subscriber must be callable, not {callback!r}; pass a function of one event.")

        def entry(event: Event) -> object:  # one function per subscription, so that one callback may subscribe twice
            return callback(event)

        def unsubscribe() -> None:
            self._callbacks = tuple(kept for kept in self._callbacks if kept is not entry)

        self._callbacks = (*self._callbacks, entry)
        return unsubscribe

    def publish(self, kind: str, name: str, **data: float | str) -> None:
        """Tell every subscriber; their exceptions are counted in `errors` and go no further."""
        if not self._callbacks:
            return
        event = Event(kind=kind, name=name, data=data)
        for callback in self._callbacks:
            try:
                callback(event)
            except Exception:  # noqa: BLE001 - an observer's fault is not the caller's
                self.errors += 1
