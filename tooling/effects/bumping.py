"""`invoke bump` from end to end: finish what was interrupted, look at index, tags and wheels, plan, write.

The one entry for whoever bumps: `Bumping(...).run(request, today=...)` returns plan, edits, and the paths written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tooling.effects.edits import Edits
from tooling.effects.standings import Standings
from tooling.errors import UsageError
from tooling.model.manifest import MANIFEST
from tooling.model.versioning import read_versioning
from tooling.model.workspace import find_workspace
from tooling.plan.bump_edits import CHANGELOG, README, edits_of, path_in
from tooling.plan.bump_report import BumpReport
from tooling.plan.bumps import BumpPlan, make_bump_plan, reachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from tooling.effects.ports import Builder, Index
    from tooling.effects.progress import Watcher
    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import BumpRequest


class Reading(Protocol):
    """Opens the index for reading; None where none was ever begun."""

    def __call__(self) -> AbstractContextManager[Index | None]:
        """Begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bumping:
    """One bump of the workspace.

    `reading` opens the index; `builder_in` makes a builder whose artifacts land in the folder given.
    """

    workspace: Workspace
    reading: Reading
    builder_in: Callable[[Path], Builder]
    watcher: Watcher

    def run(self, request: BumpRequest, *, today: date, changed: bool = False, dry_run: bool = False) -> BumpReport:
        """Bump, and report; refusals are in the report, and nothing is written then.

        Args:
            request: what is asked for.
            today: the date of the releases.
            changed: of the packages asked for, only those that are published with other bytes than are here.
            dry_run: write nothing.

        Raises:
            MaestroError: index, builds or wheels do not tell what has to be known; another run is at it (VS14), or an
                interrupted one cannot be finished (VS10).
        """
        edits, words = Edits(root=self.workspace.root), {**request.words, "changed": changed}
        with edits.held():
            finished = edits.finish(dry_run=dry_run)
            if finished is None:
                plan = self._planned(request, today, changed=changed)
            elif finished.words == words:
                return BumpReport(plan=BumpPlan(bumps=()), finished=finished.paths)
            else:
                self.watcher.says(f"Finished an edit that was interrupted: {', '.join(finished.paths)}.")
                anew = replace(self, workspace=find_workspace(self.workspace.root))
                plan = anew._planned(request, today, changed=changed)  # noqa: SLF001 - of our own kind
            report = replace(plan, dry_run=dry_run)
            if report.edits and report.changed:
                edits.write(report.edits, words)
        return report

    def _planned(self, request: BumpRequest, today: date, *, changed: bool) -> BumpReport:
        policy = read_versioning(self.workspace)
        names = reachable(self.workspace, policy, request.packages)
        texts = read_texts(self.workspace, names)
        with self.reading() as index:
            standings = Standings.of(
                self.workspace, names, index=index, builder_in=self.builder_in, watcher=self.watcher
            )
            standings.read(texts)
            standings.look(request.packages)
            if changed:
                moved = tuple(name for name in request.packages if standings.known[name].differs)
                request = replace(request, packages=moved)
            plan = make_bump_plan(self.workspace, request, policy, standings.known)
            while unseen := [each.package for each in plan.bumps if standings.known[each.package].comparison is None]:
                standings.look(unseen)
                plan = make_bump_plan(self.workspace, request, policy, standings.known)
        files = edits_of(self.workspace, plan, texts, today=today, override=request.override)
        return BumpReport(plan=plan, edits=files)


def read_texts(workspace: Workspace, names: Collection[str]) -> dict[str, str]:
    """Every manifest and changelog of the packages, and manifest and README of the root; line ends as they are.

    Paths are from the root.

    Raises:
        UsageError: WS02, when one of them is no UTF-8.
    """
    paths = [path_in(name, file) for name in names for file in (MANIFEST, CHANGELOG)]
    return {path: text for path in (*paths, MANIFEST, README) if (text := _text(workspace.root / path)) is not None}


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        message = f"Byte {error.start} of {path} is not UTF-8."
        raise UsageError("WS02", message, "Save the file as UTF-8.") from error
