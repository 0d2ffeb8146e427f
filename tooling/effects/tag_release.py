"""`invoke release --from-tag` from end to end: what a workflow does when a tag arrives, once or several times.

Built is what the tag's commit has, in a folder of its own; what lies in the working tree does not matter. The index is
the memory: a job that runs twice, or beside the job of another tag of the same commit, uploads nothing twice.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tooling.effects.checkout import checkout
from tooling.effects.release import notes_of
from tooling.effects.whole_files import written_whole
from tooling.errors import FailedError, UsageError, raise_all
from tooling.model.workspace import find_workspace
from tooling.plan.release_report import ReleaseReport
from tooling.plan.release_texts import release_manifest, release_notes, tag_message
from tooling.plan.releases import PlannedTag, TagState
from tooling.plan.tag_releases import find_commit, read_tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tooling.effects.proven_publication import ProvenPublication
    from tooling.effects.repository import Repository
    from tooling.model.workspace import Workspace
    from tooling.plan.outcomes import PackageResult, Report
    from tooling.plan.tag_releases import TaggedRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class TagRelease:
    """One run; `notes` and `manifest` are files to write when all is published and proven."""

    workspace: Workspace
    repository: Repository
    publication: ProvenPublication
    notes: Path | None = None
    manifest: Path | None = None

    def run(self, wanted: Sequence[str], *, dry_run: bool = False) -> ReleaseReport:
        """Release what the tags `wanted` name; what speaks against it is raised before anything is sent."""
        for path in (self.notes, self.manifest):
            _require_writable(path)
        tags = self.repository.tags()
        commits = find_commit(
            wanted, tags, self.workspace.packages, self.repository.is_released, branch=self.repository.branch
        )
        raise_all(commits.refusals)
        with checkout(self.repository.git, commits.commit) as tree:
            tagged = find_workspace(tree)
            release, refusals = read_tags(wanted, commits.commit, tags, tagged, notes_of)
            raise_all(refusals)
            published = self._published(tagged, release, dry_run=dry_run)
        if published.exit_code == 0 and not dry_run:
            self._write(release, commits.commit, published)
        return ReleaseReport(
            exit_code=published.exit_code,
            dry_run=dry_run,
            head=commits.commit,
            bump=None,
            commit=None,
            tags=tuple(
                PlannedTag(
                    name=release.tags[package.name],
                    package=package,
                    message=tag_message(package, release.notes[package.name]),
                    state=TagState.PRESENT,
                    pushed=True,
                )
                for package in release.named
            ),
            remote=None,
            pushed=(),
            publication=published,
            warnings=published.warnings,
            problems=published.problems,
        )

    def _published(self, tagged: Workspace, release: TaggedRelease, *, dry_run: bool) -> Report:
        if dry_run:
            report = self.publication.rehearse(tagged, release.packages, uploading=True)
        else:
            report = self.publication.run(tagged, release.packages, release.named)
        return replace(report, problems=tuple(_as_of_tags(each) for each in report.problems))

    def _write(self, release: TaggedRelease, commit: str, published: Report) -> None:
        named: list[PackageResult] = [each for each in published.packages if each.name in release.tags]
        if self.notes is not None:
            _write(self.notes, release_notes(named, release.notes))
        if self.manifest is not None:
            _write(self.manifest, json.dumps(release_manifest(named, release.tags, commit), indent=2) + "\n")


def _as_of_tags(problem: Mapping[str, object]) -> Mapping[str, object]:
    """Say of a missing requirement what helps here: no flag selects packages, tags do."""
    if problem["code"] not in {"PB03", "PB13"}:
        return problem
    hint = "Release that first, or tag it in the same commit: tags of one commit are released together."
    return {**problem, "hint": hint}


def _require_writable(path: Path | None) -> None:
    """Refuse a file that could not be written in the end, before anything begins."""
    if path is None or (path.parent.is_dir() and os.access(path.parent, os.W_OK) and not path.is_dir()):
        return
    message = f"{path} cannot be written: its folder does not exist or is not writable, or it is a folder itself."
    raise UsageError("RL16", message, "Name a file in a folder that exists.")


def _write(path: Path, text: str) -> None:
    try:
        with written_whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} could not be written: {error.strerror or error}."
        hint = "The release itself is done; run the same command again to write it."
        raise FailedError("RL16", message, hint) from error
