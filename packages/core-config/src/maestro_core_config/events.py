"""How a manager is watched: events and changes, without a dependency on any monitoring library."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .reload import ReloadResult

__all__ = ["ConfigEvent", "Subscribers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEvent:
    """One thing that happened: `kind` is `config.<what>` such as `config.applied`, `name` the model's.

    `data` holds numbers and texts, never a value of a setting.
    """

    kind: str
    name: str
    data: Mapping[str, int | float | str] = field(default_factory=dict)


class Subscribers:
    """Who is told of reloads; a failing one is counted in `errors` and disturbs nobody."""

    def __init__(self) -> None:
        self._entries: tuple[tuple[str | None, Callable[..., object]], ...] = ()
        self.errors = 0

    def add(self, pattern: Any, callback: Any) -> Callable[[], None]:
        """Tell `callback(path, old, new)` of changes that match the pattern, or, without one, `callback(event)`.

        Raises:
            TypeError: what is given is no pattern or no function.
        """
        if not callable(callback) or not isinstance(pattern, (str, type(None))):
            raise TypeError("subscribe takes a function of an event, or a pattern and a function of (path, old, new).")
        entry = (pattern, callback)

        def unsubscribe() -> None:
            self._entries = tuple(each for each in self._entries if each is not entry)

        self._entries = (*self._entries, entry)
        return unsubscribe

    def tell(self, name: str, result: ReloadResult) -> None:
        """Tell everybody of a reload, in the order they came."""
        data: dict[str, int | float | str] = {
            "changes": len(result.changes),
            "problems": len(result.problems),
            "paths": ", ".join(result.paths),
        }
        event = ConfigEvent(kind=f"config.{result.status}", name=name, data=data)
        for pattern, callback in self._entries:
            if pattern is None:
                self._call(callback, event)
            elif result.status == "applied":
                for change in result.changes:
                    if fnmatch.fnmatchcase(change.path, pattern):
                        self._call(callback, change.path, change.old, change.new)

    def _call(self, callback: Callable[..., object], *arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception:  # noqa: BLE001 - an observer's fault is not the caller's
            self.errors += 1
