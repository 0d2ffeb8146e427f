"""`invoke verify --from-tags`: every version the index has is built again from its tag, and both sides are compared.

That is the proof that what is installed is what the repository says, and that law 1 held when it was published.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from tooling.effects.git import Git
from tooling.effects.problems import problem
from tooling.effects.rebuilding import Rebuilding
from tooling.effects.release_tags import read_release_tags
from tooling.effects.snapshots import read_pages
from tooling.errors import FailedError, MaestroError
from tooling.model.tags import Tag, tag_of
from tooling.plan.outcomes import Outcome, PackageResult, Report
from tooling.plan.snapshot import version_in
from tooling.plan.tag_audit import audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tooling.effects.connection import Connection
    from tooling.effects.progress import Watcher
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.snapshot import IndexFile, Snapshot
    from tooling.plan.tag_audit import TagAudit

Published = dict[Tag, dict[str, "IndexFile"]]
"""The files the index has of each release, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagProof:
    """One run of `invoke verify --from-tags`; nothing is sent, and the working tree is left alone."""

    workspace: Workspace
    connection: AbstractContextManager[Connection]
    watcher: Watcher

    def run(self, packages: Sequence[Package]) -> Report:
        """Compare index and tags, rebuild what both have; the report tells all."""
        began = time.monotonic()
        names = {package.name for package in packages}
        tagged = read_release_tags(Git(root=self.workspace.root), self.workspace.packages, names)
        with self.connection as connection:
            pages = read_pages(connection.index, [package.distribution for package in packages])
            published = _published(packages, pages)
            found = audit(published, tagged.tags)
            results = self._rebuilt(connection, found.rebuild, published)
        for warning in tagged.warnings:
            self.watcher.says(f"warning: {warning}")
        problems = tuple(problem(error) for error in (*_unread(pages), *_alone(found), *_different(results)))
        return Report(
            command="verify",
            exit_code=FailedError.exit_code if problems else 0,
            index=connection.facts,
            dry_run=False,
            seconds=time.monotonic() - began,
            packages=results,
            warnings=tagged.warnings,
            problems=problems,
        )

    def _rebuilt(
        self, connection: Connection, tags: Sequence[Tag], published: Mapping[Tag, Mapping[str, IndexFile]]
    ) -> tuple[PackageResult, ...]:
        if not tags:
            return ()
        git = Git(root=self.workspace.root)
        with tempfile.TemporaryDirectory(prefix="maestro-") as scratch:
            rebuilding = Rebuilding(git=git, index=connection.index, watcher=self.watcher, scratch=Path(scratch))
            return tuple(self._result(rebuilding, tag, published[tag]) for tag in tags)

    def _result(self, rebuilding: Rebuilding, tag: Tag, files: Mapping[str, IndexFile]) -> PackageResult:
        distribution = self.workspace.packages[tag.package].distribution
        return PackageResult(
            name=tag.package,
            distribution=distribution,
            version=str(tag.version),
            wave=self.workspace.wave_of(tag.package),
            files=rebuilding.results(distribution, tag, files),
        )


def _published(packages: Sequence[Package], pages: Snapshot) -> Published:
    """What the index has of each version; names that are no wheel's or sdist's belong to none."""
    found: Published = {}
    for package in packages:
        project = pages.projects.get(package.distribution)
        for filename, listed in (project.files if project else {}).items():
            version = version_in(filename)
            if version is not None:
                found.setdefault(Tag(package=package.name, version=version), {})[filename] = listed
    return found


def _unread(pages: Snapshot) -> Iterator[MaestroError]:
    for distribution, reason in pages.unknown.items():
        message = f"The index did not say what it has of {distribution}: {reason.removesuffix('.')}."
        yield FailedError("PB02", message, "Run again once the index answers.")


def _alone(found: TagAudit) -> Iterator[MaestroError]:
    """What only one side has."""
    hint = "Fetch tags with `git fetch --tags`; where there is none, tag the commit it was built from."
    for tag in found.untagged:
        yield FailedError("PB24", f"The index has {tag.package} {tag.version}, and there is no tag {tag}.", hint)
    hint = "Publish it from its tag, or delete the tag if that release was given up."
    for tag in found.unpublished:
        message = f"There is a tag {tag}, and the index has no file of {tag.package} {tag.version}."
        yield FailedError("PB25", message, hint)


def _different(results: Sequence[PackageResult]) -> Iterator[MaestroError]:
    hint = "Find out what it was built from; users should move to a new version, published from its tag."
    for result in results:
        tag = tag_of(result.name, Version(result.version))
        for each in result.files:
            if each.outcome is Outcome.FAILED:
                yield FailedError("PB26", f"{each.file} is not what {tag} builds: {each.detail}.", hint)
