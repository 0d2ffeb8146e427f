"""Publications without a disk to build on or a server to reach: a builder and a connection that do as they are told."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factories import make_artifacts, make_workspace_of
from memory_index import MemoryIndex

from tooling.effects.connection import Connection
from tooling.effects.progress import Silence
from tooling.effects.publication import Publication, Request
from tooling.errors import MaestroError, raise_all
from tooling.model.target import Target
from tooling.plan.outcomes import IndexFacts
from tooling.plan.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tooling.effects.progress import Watcher
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.outcomes import Report

TARGET = Target(kind="nexus", base="http://nexus", repository="pypi-hosted", group="pypi-group")
IMPATIENT = Backoff(base=0.0, cap=0.0, per_file=1.0, total=10.0)


@dataclass(slots=True)
class FakeBuilder:
    """Writes small files into `folder`; `errors` are of packages that cannot be built."""

    folder: Path
    errors: Mapping[str, MaestroError] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)

    def build(self, packages: Sequence[Package], built: Callable[[Package, str], None]) -> list[Artifact]:
        """Build what can be built, then raise for the rest."""
        for package in packages:
            if package.name not in self.errors:
                self.built.append(package.name)
                built(package, "for a test")
        raise_all(self.errors[each.name] for each in packages if each.name in self.errors)
        return make_artifacts(packages, self.folder)


@dataclass(slots=True)
class FakeConnect:
    """Opens `index`; counts how often it was opened and closed, and what was abandoned."""

    index: MemoryIndex
    opened: int = 0
    closed: int = 0
    abandon: Callable[[], None] = lambda: None
    group_problem: MaestroError | None = None

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        """Probe and lend it."""
        self.opened += 1
        try:
            self.index.probe()
            yield Connection(
                index=self.index,
                facts=IndexFacts(
                    url=TARGET.base, repository=TARGET.repository, embedded=False, installs_from=TARGET.install_url
                ),
                target=TARGET,
                credentials=None,
                stale_pages=tuple,
                offered=self.index.project,
                group_problem=lambda: self.group_problem,
                abandon=self.abandon,
            )
        finally:
            self.closed += 1


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything a publication needs, replaceable one by one."""

    folder: Path
    packages: Sequence[Package]
    index: MemoryIndex = field(default_factory=MemoryIndex)
    watcher: Watcher = field(default_factory=Silence)
    errors: Mapping[str, MaestroError] = field(default_factory=dict)
    builder: FakeBuilder = field(init=False)
    connect: FakeConnect = field(init=False)

    def __post_init__(self) -> None:
        self.builder = FakeBuilder(self.folder, self.errors)
        self.connect = FakeConnect(self.index)

    def run(self, *names: str, changed: bool = False, dry_run: bool = False, parallel: int = 4) -> Report:
        """Publish the packages of these names, or all."""
        publication = Publication(
            workspace=make_workspace_of(*self.packages),
            builder=self.builder,
            connect=self.connect,
            watcher=self.watcher,
            parallel=parallel,
            backoff=IMPATIENT,
            lag=0.0,
        )
        chosen = [each for each in self.packages if not names or each.name in names]
        return publication.run(Request(packages=chosen, changed=changed, dry_run=dry_run))
