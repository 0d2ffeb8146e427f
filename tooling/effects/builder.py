"""Artifacts of packages: taken from `dist/` or the cache where nothing changed, built and inspected where it did."""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.build_cache import BuildCache
from tooling.effects.build_route import route_of, running_hatchling
from tooling.effects.disk import disk_errors
from tooling.effects.source_tree import changed, read_source
from tooling.effects.tracked import git_listing
from tooling.effects.whole_files import sweep
from tooling.errors import MaestroError, ProblemsError, raise_all
from tooling.model.artifact import Artifact, digest_file

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from tooling.effects.build_cache import Entry, Stored
    from tooling.effects.build_route import Route
    from tooling.effects.source_tree import SourceTree
    from tooling.effects.tracked import Listing
    from tooling.model.artifact import Kind
    from tooling.model.package import Package

_DISK_FULL = "BD04"
_ISOLATED_AT_ONCE = 4  # they mostly wait for their child processes
_RULE = (
    *("build_route", "fresh_build", "hatchling_hooks", "isolated_build", "source_tree"),
    *("inspection", "metadata_inspection", "sdist_inspection", "wheel_inspection"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedBuilder:
    """Satisfies the `Builder` port: artifacts land in the folder `dist`, builds are remembered in the folder `cache`.

    `isolated` builds every package in an environment of its own; `rebuild` believes no earlier build. Other files in
    `dist` are left alone and never looked at.
    """

    dist: Path
    cache: Path
    isolated: bool = False
    rebuild: bool = False

    def build(self, packages: Sequence[Package], built: Callable[[Package, str], None]) -> tuple[Artifact, ...]:
        """Return wheel then sdist for each package, in the order given; `built` hears of each as soon as it is there.

        Raises:
            MaestroError: a BD code, for a package that cannot be built or whose artifacts are not fit for use; the
                others are built all the same, and all errors are raised together (`ProblemsError`).
        """
        errors: list[MaestroError] = []
        found: dict[str, tuple[Artifact, ...]] = {}
        with closing(self._outcomes(packages)) as outcomes:
            for package, outcome in outcomes:
                if isinstance(outcome, _Made):
                    found[package.name] = outcome.artifacts
                    built(package, outcome.how)
                    continue
                errors += outcome.errors if isinstance(outcome, ProblemsError) else (outcome,)
                if outcome.code == _DISK_FULL:  # it would be for all the others, too
                    break
        raise_all(errors)
        return tuple(artifact for package in packages for artifact in found[package.name])

    def _outcomes(self, packages: Sequence[Package]) -> Generator[tuple[Package, _Made | MaestroError]]:
        listing = git_listing(Path(os.path.commonpath([each.folder for each in packages]))) if packages else None
        stale = []
        for package in packages:
            try:
                job = self._job(package, listing)
                made = self._kept(job)
            except MaestroError as error:
                yield package, error
                continue
            if made is None:
                stale.append(job)
            else:
                yield package, made
        if stale:
            yield from self._anew(stale)

    def _anew(self, jobs: Sequence[_Job]) -> Generator[tuple[Package, _Made | MaestroError]]:
        """Build in process one by one, while isolated builds run beside."""
        from concurrent.futures import ThreadPoolExecutor, as_completed

        from tooling.effects.fresh_build import forget

        sweep(self.dist)
        BuildCache(root=self.cache).sweep()
        pool = ThreadPoolExecutor(max_workers=_ISOLATED_AT_ONCE, thread_name_prefix="build")
        remover = ThreadPoolExecutor(max_workers=1, thread_name_prefix="remove")

        def remove(folder: Path) -> None:
            """Beside the next build: it is a tenth of the time of a small one."""
            remover.submit(forget, folder)

        try:
            routes = [route_of(job.package, job.package.folder, isolated=self.isolated) for job in jobs]
            beside = {
                pool.submit(self._built, job, route, remove): job.package
                for job, route in zip(jobs, routes, strict=True)
                if route.isolated
            }
            for job, route in zip(jobs, routes, strict=True):
                if not route.isolated:
                    yield job.package, self._built(job, route, remove)
            for future in as_completed(beside):
                yield beside[future], future.result()
        finally:
            pool.shutdown(cancel_futures=True)
            remover.shutdown()

    def _job(self, package: Package, listing: Listing | None) -> _Job:
        source = read_source(package, listing)
        return _Job(package=package, listing=listing, source=source, key=_key(source, isolated=self.isolated))

    def _kept(self, job: _Job) -> _Made | None:
        """What an earlier build of the same source made; None when there is none, or it is not intact any more."""
        entry = None if self.rebuild else BuildCache(root=self.cache).find(job.key)
        artifacts = self._placed(job.package, entry) if entry else None
        return _Made(artifacts=artifacts, how=f"unchanged since it was {entry.how}") if entry and artifacts else None

    def _built(self, job: _Job, route: Route, remove: Callable[[Path], None]) -> _Made | MaestroError:
        from tooling.effects.fresh_build import fresh_build

        try:
            with fresh_build(job.package, job.source, route, remove) as build:
                if read_source(job.package, job.listing) != job.source:
                    return changed(job.package, "while it was built")
                entry = BuildCache(root=self.cache).store(job.key, build.wheel, build.sdist, route.how)
            artifacts = self._placed(job.package, entry)
        except MaestroError as error:
            return error
        assert artifacts, "what has just been stored is intact"
        return _Made(artifacts=artifacts, how=route.how)

    def _placed(self, package: Package, entry: Entry) -> tuple[Artifact, ...] | None:
        """See to it that both files are in `dist`, with the bytes they should have; None: they cannot be had."""
        with disk_errors(package):
            wheel = self._artifact(package, "wheel", entry.wheel)
            sdist = self._artifact(package, "sdist", entry.sdist)
        return (wheel, sdist) if wheel and sdist else None

    def _artifact(self, package: Package, kind: Kind, stored: Stored) -> Artifact | None:
        path = self.dist / stored.filename
        digests = digest_file(path) if path.is_file() else None
        if digests is None or digests.sha256 != stored.sha256:
            if not BuildCache(root=self.cache).take(stored, path):
                return None
            digests = digest_file(path)
        return Artifact(
            package=package.name,
            distribution=package.distribution,
            version=str(package.version),
            kind=kind,
            path=path,
            size=digests.size,
            sha256=stored.sha256,
            sha1=digests.sha1,
            md5=digests.md5,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A package, its source, and the key over all that decides the bytes of its artifacts."""

    package: Package
    listing: Listing | None
    source: SourceTree
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A package's two artifacts, and how they were made as a clause: `built in process by …`."""

    artifacts: tuple[Artifact, ...]
    how: str


def _key(source: SourceTree, *, isolated: bool) -> str:
    """A SHA-256 over the source and everything else that decides the bytes and whether they are fit for use."""
    parts = (_tools(), str(isolated), source.sha256)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def _tools() -> str:
    """The versions of what builds and compresses, and this library's own rules: the text of the modules they are in."""
    digest = hashlib.sha256()
    for module in _RULE:
        digest.update((Path(__file__).parent / f"{module}.py").read_bytes())
    return f"{running_hatchling()}\0{sys.version}\0{zlib.ZLIB_RUNTIME_VERSION}\0{digest.hexdigest()}"
