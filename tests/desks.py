"""A workspace, and a user who types commands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from originals import THREE, runnable_workspace
from publishers import user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from publishers import Finished
    from warm_invoke import WarmInvoke


class Desk:
    """Three packages in the folder `root`, and a user with a home of their own."""

    def __init__(self, folder: Path, warm: WarmInvoke) -> None:
        self.root = runnable_workspace(folder / "workspace", THREE)
        self.home = folder / "home"
        self._warm = warm

    def types(self, *words: str, **variables: str) -> Finished:
        """Run `invoke` with these words."""
        return self._warm.run(self.root, *words, environment=user_environment(self.home, **variables))

    def types_and_is_killed(self, step: int, *words: str) -> Finished:
        """Run `invoke` with these words, and kill it before this step, from 1."""
        return self._warm.run(self.root, *words, environment=user_environment(self.home), die_at=step)

    def holds(self) -> dict[str, bytes]:
        """Every file but those git ignores."""
        files = (each for each in self.root.rglob("*") if each.is_file())
        inside = ((each.relative_to(self.root), each) for each in files)
        return {str(path): file.read_bytes() for path, file in inside if path.parts[0] not in {".maestro", "dist"}}
