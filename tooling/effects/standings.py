"""What is known of packages beside their manifests: gathered at once where that is cheap, else wheel by wheel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tooling.effects.edit_history import EditHistory
from tooling.effects.snapshots import complete, read_pages
from tooling.effects.wheel_comparison import WheelComparison
from tooling.model.changelog import parse_changelog
from tooling.model.manifest import MANIFEST
from tooling.model.workspace import ROOT
from tooling.plan.bump_edits import CHANGELOG, README, path_in
from tooling.plan.evidence import Standing
from tooling.plan.snapshot import Project, Snapshot, published_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from tooling.effects.ports import Builder, Index
    from tooling.effects.progress import Watcher
    from tooling.model.workspace import Workspace


@dataclass(slots=True)
class Standings:
    """The standing of each package by name, in `known`; `look` adds the comparison of wheels to it.

    Of the `ROOT`, which has no version, `known` tells whether its manifest has edits that are not committed.
    """

    workspace: Workspace
    comparison: WheelComparison
    known: dict[str, Standing] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        names: Collection[str],
        *,
        index: Index | None,
        builder_in: Callable[[Path], Builder],
        watcher: Watcher,
    ) -> Standings:
        """Ask the index about packages; nothing is known yet but what it has."""
        snapshot = _pages(workspace, names, index)
        comparison = WheelComparison(index=index, snapshot=snapshot, builder_in=builder_in, watcher=watcher)
        published = {name: published_versions(snapshot, workspace.packages[name].distribution) for name in names}
        return cls(workspace, comparison, {name: Standing(published=published[name]) for name in names})

    def read(self, texts: Mapping[str, str]) -> None:
        """Ask git about tags and edits, and read the changelogs out of `texts` (by path from the root)."""
        history = EditHistory(root=self.workspace.root)
        tagged, uncommitted = history.tagged(self.workspace.packages.keys()), history.uncommitted(texts)
        for name, standing in self.known.items():
            changelog = texts.get(path_in(name, CHANGELOG))
            unreleased = parse_changelog(changelog).unreleased if changelog is not None else None
            files = (path_in(name, MANIFEST), path_in(name, CHANGELOG), README)
            self.known[name] = replace(
                standing,
                tagged=frozenset(tagged[name]),
                unreleased=None if changelog is None else (unreleased.entries if unreleased else {}),
                dirty=tuple(file for file in files if file in uncommitted),
            )
        self.known[ROOT] = Standing(dirty=tuple(file for file in (MANIFEST,) if file in uncommitted))

    def look(self, names: Collection[str]) -> None:
        """Compare the wheels of these packages, those that were not compared yet."""
        unseen = [name for name in names if self.known[name].comparison is None]
        found = self.comparison.of([self.workspace.packages[name] for name in unseen]) if unseen else {}
        for name, comparison in found.items():
            self.known[name] = replace(self.known[name], comparison=comparison)


def _pages(workspace: Workspace, names: Collection[str], index: Index | None) -> Snapshot:
    distributions = {workspace.packages[name].distribution for name in names}
    if index is None:
        return Snapshot(projects={each: Project(distribution=each) for each in distributions})
    return complete(read_pages(index, distributions))
