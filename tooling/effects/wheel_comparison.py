"""Wheels as built beside wheels as published: what users of the last release would notice in the next."""

from __future__ import annotations

import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tooling.effects.public_api import compare
from tooling.effects.snapshots import complete, learn_hashes
from tooling.errors import FailedError, MaestroError, Place, raise_all
from tooling.model.artifact import digest_file
from tooling.plan.evidence import Comparison, Interface, told_by_metadata
from tooling.plan.snapshot import State, published_versions, version_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tooling.effects.ports import Builder, Index
    from tooling.effects.progress import Watcher
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.evidence import Evidence
    from tooling.plan.snapshot import IndexFile, Snapshot

_AT_ONCE = 8
_SOURCE = (".py", ".pyi")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelComparison:
    """Compares packages with what `index` has of them (None: nothing), by the pages of `snapshot`.

    `builder_in` makes a builder that leaves its artifacts in the folder given: what is built to be looked at is not
    what will be released.
    """

    index: Index | None
    snapshot: Snapshot
    builder_in: Callable[[Path], Builder]
    watcher: Watcher

    def of(self, packages: Sequence[Package]) -> dict[str, Comparison]:
        """Compare each package's wheel with that of its last release, which is none above the version in the tree.

        Raises:
            MaestroError: a package cannot be built, a wheel cannot be fetched or read; all such errors together.
        """
        with tempfile.TemporaryDirectory(prefix="maestro-compare-") as scratch:
            built: dict[str, list[Artifact]] = {package.name: [] for package in packages}
            for artifact in self.builder_in(Path(scratch) / "dist").build(packages, self.watcher.built):
                built[artifact.package].append(artifact)
            pages = self.snapshot
            if self.index is not None:
                artifacts = [each for files in built.values() for each in files]
                pages = complete(learn_hashes(self.index, pages, artifacts))
            jobs = [_Job.of(package, built[package.name], pages, Path(scratch)) for package in packages]
            self._fetch([job for job in jobs if job.wheel is not None and not job.same_release])
            return {job.package.name: job.compared() for job in jobs}

    def _fetch(self, jobs: Sequence[_Job]) -> None:
        def fetched(job: _Job) -> MaestroError | None:
            assert self.index is not None
            assert job.wheel is not None
            try:
                self.index.fetch(job.package.distribution, str(job.by_bytes.since), job.wheel.filename, job.published)
                return _damaged(job.published, job.wheel)
            except MaestroError as error:
                return error

        with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="fetch") as pool:
            raise_all([error for error in pool.map(fetched, jobs) if error is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One package: its wheel as built, the release to compare with, and where that one's wheel is put.

    `by_bytes` is what can be said without a look into the wheels.
    """

    package: Package
    built: Path
    published: Path
    wheel: IndexFile | None
    by_bytes: Comparison

    @classmethod
    def of(cls, package: Package, artifacts: Sequence[Artifact], snapshot: Snapshot, scratch: Path) -> _Job:
        """Find the package's last release among the pages."""
        name = package.distribution
        releases = [each for each in published_versions(snapshot, name) if not each.is_prerelease]
        since = max((each for each in releases if each <= package.version), default=None)
        project = snapshot.projects.get(name)
        wheels = [each for each in (project.files.values() if project else ()) if each.filename.endswith(".whl")]
        states = {each.kind: snapshot.state(name, each.filename, each.sha256) for each in artifacts}
        wheel = next((each for each in wheels if since is not None and version_in(each.filename) == since), None)
        folder = scratch / "published" / package.name
        folder.mkdir(parents=True)
        return cls(
            package=package,
            built=next(each.path for each in artifacts if each.kind == "wheel"),
            published=folder / (wheel.filename if wheel else "none"),
            wheel=wheel,
            by_bytes=Comparison(
                since=since,
                same=set(states.values()) == {State.PRESENT},
                same_wheel=states["wheel"] is State.PRESENT,
                listed=package.version in published_versions(snapshot, name),
            ),
        )

    @property
    def same_release(self) -> bool:
        """Whether the wheel is, to the byte, that of the release it would be compared with."""
        return self.by_bytes.same_wheel and self.by_bytes.since == self.package.version

    def compared(self) -> Comparison:
        """Say what changed."""
        if self.wheel is None or self.same_release:
            return self.by_bytes
        old, new = _Wheel.read(self.published), _Wheel.read(self.built)
        evidence: tuple[Evidence, ...] = told_by_metadata(old.interface, new.interface)
        if old.sources != new.sources:
            before, after = self.published.parent / "old", self.published.parent / "new"
            old.unpack(before)
            new.unpack(after)
            evidence += compare(self.package.import_name, before, after, (old.readme, new.readme))
        return replace(self.by_bytes, evidence=evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wheel:
    """What of a wheel is compared: its sources by name, its metadata, its README."""

    sources: Mapping[str, bytes]
    interface: Interface
    readme: str

    @classmethod
    def read(cls, path: Path) -> _Wheel:
        """Read a wheel; it is closed again."""
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
                metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
                message = BytesParser().parsebytes(archive.read(metadata))
                sources = {name: archive.read(name) for name in names if name.endswith(_SOURCE)}
        except (OSError, StopIteration, zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            text = f"{path.name} cannot be read as a wheel: {error}."
            hint = "Run again; if it stays so, the file is damaged where it lies."
            raise FailedError("VS13", text, hint, place=Place(file=path)) from error
        payload = message.get_payload(decode=True)
        return cls(
            sources=sources,
            interface=Interface(
                requires=frozenset(map(_in_normal_form, message.get_all("Requires-Dist", []))),
                extras=frozenset(canonicalize_name(each) for each in message.get_all("Provides-Extra", [])),
                requires_python=str(message.get("Requires-Python", "")),
            ),
            readme=payload.decode(errors="replace") if isinstance(payload, bytes) else "",
        )

    def unpack(self, folder: Path) -> None:
        """Write the sources below `folder`, and nothing outside of it."""
        for name, content in self.sources.items():
            target = folder / name
            if ".." in target.parts or not target.is_relative_to(folder):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _in_normal_form(text: str) -> str:
    """A requirement that can be compared; what others published may follow older rules, and stays as it is."""
    try:
        return str(Requirement(text))
    except InvalidRequirement:
        return text


def _damaged(path: Path, listed: IndexFile) -> FailedError | None:
    if listed.sha256 is None or digest_file(path).sha256 == listed.sha256:
        return None
    message = f"{listed.filename} came from the index with other bytes than its page says."
    return FailedError("VS13", message, "Run again; if it stays so, look at the server.")
