"""`invoke verify` from end to end: what the index serves is what this source builds, and it installs.

Nothing is sent; the one thing that may be written is the deletion of a stale page, which the next read rebuilds.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.installation import Installation
from tooling.effects.problems import problem
from tooling.effects.snapshots import read_snapshot
from tooling.errors import FailedError, MaestroError
from tooling.plan.outcomes import FileResult, Outcome, PackageResult, Report
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from tooling.effects.connection import Connection
    from tooling.effects.ports import Builder
    from tooling.effects.progress import Watcher
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace

_INSTALLS_AT_ONCE = 2
_WORDS = {
    State.ABSENT: "the index does not have it",
    State.DIFFERENT: "the index serves other bytes",
    State.UNKNOWN: "the index does not say its SHA-256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One run of `invoke verify`; `install` also installs and imports each package."""

    workspace: Workspace
    builder: Builder
    connection: AbstractContextManager[Connection]
    watcher: Watcher
    install: bool = False

    def run(self, packages: Sequence[Package]) -> Report:
        """Compare, look for stale pages, install if asked to; the report tells all."""
        began = time.monotonic()
        artifacts = tuple(self.builder.build(packages, self.watcher.built))
        with self.connection as connection:
            results = self._compare(connection, packages, artifacts)
            errors = _errors(results)
            errors += self._stale_pages(connection)
            if self.install:
                there = {result.name for result in results if result.outcome is Outcome.PRESENT}
                errors += self._installs(connection, [each for each in packages if each.name in there])
        return Report(
            command="verify",
            exit_code=FailedError.exit_code if errors else 0,
            index=connection.facts,
            dry_run=False,
            seconds=time.monotonic() - began,
            packages=results,
            problems=tuple(problem(error) for error in errors),
        )

    def _compare(
        self, connection: Connection, packages: Sequence[Package], artifacts: Sequence[Artifact]
    ) -> tuple[PackageResult, ...]:
        snapshot = read_snapshot(connection.index, {package.distribution for package in packages}, artifacts)

        def compared(artifact: Artifact) -> FileResult:
            state = snapshot.state(artifact.distribution, artifact.filename, artifact.sha256)
            return FileResult(
                file=artifact.filename,
                sha256=artifact.sha256,
                size=artifact.size,
                outcome=Outcome.PRESENT if state is State.PRESENT else Outcome.FAILED,
                detail=_WORDS.get(state, ""),
            )

        return tuple(
            PackageResult(
                name=package.name,
                distribution=package.distribution,
                version=str(package.version),
                wave=self.workspace.wave_of(package.name),
                files=tuple(compared(each) for each in artifacts if each.package == package.name),
            )
            for package in packages
        )

    def _stale_pages(self, connection: Connection) -> list[MaestroError]:
        """Heal every page of the repository that does not list what the repository holds; report those that stay."""
        errors: list[MaestroError] = []
        for stale in connection.stale_pages():
            files = ", ".join(stale.missing)
            if connection.index.heal(stale.distribution):
                self.watcher.says(f"healed the stale page of {stale.distribution}: it did not list {files}.")
                continue
            hint = f"Ask an administrator to delete the asset simple/{stale.distribution}/; the next read rebuilds it."
            errors.append(FailedError("PB07", f"The page of {stale.distribution} does not list {files}.", hint))
        return errors

    def _installs(self, connection: Connection, packages: Sequence[Package]) -> list[MaestroError]:
        with tempfile.TemporaryDirectory(prefix="maestro-install-") as scratch:
            installation = Installation(
                target=connection.target, credentials=connection.credentials, scratch=Path(scratch)
            )

            def prove(package: Package) -> MaestroError | None:
                try:
                    installation.prove(package)
                except MaestroError as error:
                    return error
                self.watcher.says(f"installed {package.distribution} {package.version}, every module imports")
                return None

            with ThreadPoolExecutor(max_workers=_INSTALLS_AT_ONCE) as pool:
                return [error for error in pool.map(prove, packages) if error is not None]


def _errors(results: Sequence[PackageResult]) -> list[MaestroError]:
    return [
        FailedError(
            "PB12",
            f"{each.file}: {each.detail}.",
            f"Run `invoke publish --package {result.name}`: it uploads what is absent, and says what differs.",
        )
        for result in results
        for each in result.files
        if each.outcome is Outcome.FAILED
    ]
