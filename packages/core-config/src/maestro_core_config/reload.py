"""What a reload did: which settings changed, or why nothing did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .paths import Path, render

if TYPE_CHECKING:
    from .errors import Problem
    from .snapshot import Snapshot

__all__ = ["Change", "ReloadResult", "compared"]

Status = Literal["applied", "unchanged", "rejected", "restart_required"]
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One setting that differs: its path, and both values without secrets; None where it is not set."""

    path: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadResult:
    """The outcome of a reload.

    `status` is `applied`, `unchanged`, `rejected` (the new data is wrong: see `problems`) or `restart_required` (a
    setting changed that a running process cannot change: see `paths`). Only `applied` has changed anything.
    """

    status: Status
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    restart: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the sources and the configuration in force agree now."""
        return self.status in {"applied", "unchanged"}

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths it is about: changed, wrong, or in need of a restart."""
        if self.status == "restart_required":
            return self.restart
        return tuple(each.path for each in self.changes or self.problems if each.path)

    def __str__(self) -> str:
        if self.problems:
            return f"{self.status}: " + "; ".join(map(str, self.problems))
        return f"{self.status}: {', '.join(self.paths)}" if self.paths else self.status


def compared(old: Snapshot[Any], new: Snapshot[Any]) -> ReloadResult:
    """Compare two snapshots setting by setting."""
    before, after = old.leaves(), new.leaves()
    changed = [path for path in {**before, **after} if _differ(before.get(path, _ABSENT), after.get(path, _ABSENT))]
    if not changed:
        return ReloadResult(status="unchanged")
    changes = tuple(
        Change(
            path=render(path),
            old=_shown(old, path, before.get(path)),
            new=_shown(new, path, after.get(path)),
        )
        for path in changed
    )
    restart = tuple(render(path) for path in changed if _needs_restart(new, path))
    return ReloadResult(status="restart_required" if restart else "applied", changes=changes, restart=restart)


def _differ(old: Any, new: Any) -> bool:
    return type(old) is not type(new) or old != new


def _shown(snapshot: Snapshot[Any], path: Path, value: Any) -> Any:
    return snapshot.mask.shown(path, value)


def _needs_restart(snapshot: Snapshot[Any], path: Path) -> bool:
    """Tell whether a path, or the nearest section above it that the model knows, is fixed while running."""
    for length in range(len(path), 0, -1):
        node = snapshot.shape.node(path[:length])
        if node is not None:
            return node.restart
    return False
