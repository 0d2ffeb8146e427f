"""One version built again from its tag, and compared with what the index serves of it, byte for byte."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.build_route import route_of
from tooling.effects.comparison import published_difference
from tooling.effects.fresh_build import fresh_build
from tooling.effects.source_tree import read_source
from tooling.effects.tagged_source import tagged_source
from tooling.effects.tracked import git_listing
from tooling.errors import MaestroError
from tooling.plan.outcomes import FileResult, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.effects.git import Git
    from tooling.effects.ports import Index
    from tooling.effects.progress import Watcher
    from tooling.model.tags import Tag
    from tooling.plan.snapshot import IndexFile

_WHERE = ("in the file rebuilt from its tag", "in the published file")
_BACKEND = "hatchling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilding:
    """Builds one tag after the other, and compares what comes of it with what the index serves."""

    git: Git
    index: Index
    watcher: Watcher
    scratch: Path

    def results(self, distribution: str, tag: Tag, files: Mapping[str, IndexFile]) -> tuple[FileResult, ...]:
        """Say of each file, published or rebuilt, whether it is both and the same."""
        try:
            made = self._made(tag)
            named = dict.fromkeys([*made, *files])
            return tuple(self._compared(distribution, tag, made.get(name), files.get(name)) for name in named)
        except MaestroError as error:
            reason = f"it could not be rebuilt and compared: {error.message.removesuffix('.')}"
            return tuple(_result(each.filename, each.sha256, 0, reason) for each in files.values())

    def _made(self, tag: Tag) -> dict[str, Path]:
        """Build with the backend that the tag pins: it writes its version into the wheel."""
        into = self.scratch / str(tag)
        into.mkdir()
        with tagged_source(self.git, tag) as then:
            package = then.package
            route = route_of(package, package.folder, isolated=False, hatchling=then.pinned(_BACKEND))
            with fresh_build(package, read_source(package, git_listing(package.folder)), route) as build:
                made = [Path(shutil.copy(each, into)) for each in (build.wheel, build.sdist)]
        self.watcher.says(f"rebuilt   {tag} ({route.how})")
        return {path.name: path for path in made}

    def _compared(self, distribution: str, tag: Tag, made: Path | None, listed: IndexFile | None) -> FileResult:
        if made is None:
            assert listed is not None
            return _result(listed.filename, listed.sha256, 0, "its tag does not build it")
        ours = hashlib.sha256(made.read_bytes()).hexdigest()
        if listed is None:
            return _result(made.name, ours, made.stat().st_size, "the index does not have it")
        version = str(tag.version)
        theirs = listed.sha256 or self.index.sha256_of(distribution, version, made.name)
        found = "" if ours == theirs else published_difference(self.index, made, distribution, version, _WHERE)
        return _result(made.name, ours, made.stat().st_size, found)


def _result(file: str, sha256: str | None, size: int, wrong: str = "") -> FileResult:
    outcome = Outcome.FAILED if wrong else Outcome.PRESENT
    return FileResult(file=file, sha256=sha256 or "", size=size, outcome=outcome, detail=wrong)
