"""`invoke verify` from end to end: what the index serves is what this source builds, and it installs.

Nothing is sent; the one thing that may be written is the deletion of a stale page, which the next read rebuilds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.effects.install_proof import InstallProof, Installs
from tooling.effects.problems import problem
from tooling.effects.snapshots import read_snapshot
from tooling.effects.verification import LAG
from tooling.errors import FailedError, MaestroError, UsageError
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

_WORDS = {
    State.ABSENT: "the index does not have it",
    State.DIFFERENT: "the index serves other bytes",
    State.UNKNOWN: "the index does not say its SHA-256",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One run of `invoke verify`; `install` also installs and imports each package, `exhaustive` in every way.

    `lag` is how many seconds installers may have to wait for what the index has.
    """

    workspace: Workspace
    builder: Builder
    connection: AbstractContextManager[Connection]
    watcher: Watcher
    install: bool = False
    exhaustive: bool = False
    lag: float = LAG

    def run(self, packages: Sequence[Package]) -> Report:
        """Compare, look for stale pages, install if asked to; the report tells all."""
        began = time.monotonic()
        artifacts = tuple(self.builder.build(packages, self.watcher.built))
        with self.connection as connection:
            results = self._compare(connection, packages, artifacts)
            stale, warnings = self._stale_pages(connection)
            missing = connection.group_problem()
            there = {result.name for result in results if result.outcome is Outcome.PRESENT}
            installs = self._installs(
                connection,
                missing,
                [package for package in packages if package.name in there],
                [artifact for artifact in artifacts if artifact.package in there],
            )
        errors = [*_errors(results), *stale, *installs.errors]
        warnings += installs.warnings
        for warning in warnings:
            self.watcher.says(f"warning: {warning}")
        return Report(
            command="verify",
            exit_code=FailedError.exit_code if errors else 0,
            index=connection.facts_given(missing),
            dry_run=False,
            seconds=time.monotonic() - began,
            packages=results,
            installs=installs.results,
            warnings=warnings,
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
                detail=snapshot.unknown.get(artifact.distribution, _WORDS.get(state, "")).removesuffix("."),
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

    def _stale_pages(self, connection: Connection) -> tuple[list[MaestroError], tuple[str, ...]]:
        """Heal every page of the repository that does not list what the repository holds; report those that stay.

        Who may not list what the repository holds is warned that nobody looked.
        """
        errors: list[MaestroError] = []
        try:
            found = connection.stale_pages()
        except UsageError as error:
            return errors, (f"Nobody looked for stale pages: {error.message} {error.hint}",)
        for stale in found:
            files = ", ".join(stale.missing)
            if connection.index.heal(stale.distribution):
                self.watcher.says(f"healed the stale page of {stale.distribution}: it did not list {files}.")
                continue
            hint = f"Ask an administrator to delete the asset simple/{stale.distribution}/; the next read rebuilds it."
            errors.append(FailedError("PB07", f"The page of {stale.distribution} does not list {files}.", hint))
        return errors, ()

    def _installs(
        self,
        connection: Connection,
        missing: MaestroError | None,
        packages: Sequence[Package],
        artifacts: Sequence[Artifact],
    ) -> Installs:
        """Install if asked to; that the group installers read is not there is then an error, and else a warning."""
        if not self.install:
            return Installs(warnings=(f"{missing.message} {missing.hint}",) if missing else ())
        if missing is not None:
            return Installs(errors=(missing,))
        proof = InstallProof(connection=connection, watcher=self.watcher, exhaustive=self.exhaustive, lag=self.lag)
        return proof.run(packages, artifacts)


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
