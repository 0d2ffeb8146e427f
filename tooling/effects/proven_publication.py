"""Publishing as a release needs it: over one connection, and not done before what was published also installs."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tooling.effects.publication import Publication, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from tooling.effects.connection import Connection
    from tooling.effects.ports import Builder
    from tooling.effects.progress import Watcher
    from tooling.effects.publication import Connect
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.outcomes import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenPublication:
    """Brings packages of a workspace to the index of `connect`, with what `Publication` needs for it.

    `look` opens the same index for reading only, which needs no rights to upload.
    """

    builder: Builder
    connect: Connect
    look: Connect
    watcher: Watcher
    parallel: int

    def rehearse(self, workspace: Workspace, packages: Sequence[Package], *, uploading: bool) -> Report:
        """Build, look and plan; what is wrong is raised, or refused in the report.

        With `uploading`, so is it when this user may not upload.
        """
        connect = self.connect if uploading else self.look
        return self._publication(workspace, connect).run(Request(packages=packages, dry_run=True))

    def run(self, workspace: Workspace, packages: Sequence[Package], proven: Sequence[Package]) -> Report:
        """Publish and verify `packages`, then install those of them that are to be `proven`, and import all of each."""
        from tooling.effects.proof import Proof

        with ExitStack() as stack:
            lender = _Lender(connect=self.connect, stack=stack)
            report = self._publication(workspace, lender).run(Request(packages=packages))
            if report.exit_code != 0 or not proven:
                return report
            proof = Proof(
                workspace=workspace, builder=self.builder, connection=lender(), watcher=self.watcher, install=True
            ).run(proven)
        return replace(
            report,
            exit_code=proof.exit_code,
            seconds=report.seconds + proof.seconds,
            installs=proof.installs,
            warnings=(*report.warnings, *proof.warnings),
            problems=(*report.problems, *proof.problems),
        )

    def _publication(self, workspace: Workspace, connect: Connect) -> Publication:
        return Publication(
            workspace=workspace, builder=self.builder, connect=connect, watcher=self.watcher, parallel=self.parallel
        )


@dataclass(slots=True, kw_only=True)
class _Lender:
    """Opens a connection once and lends it again and again, so that nobody is asked for a password twice."""

    connect: Connect
    stack: ExitStack
    _connection: Connection | None = None

    def __call__(self) -> AbstractContextManager[Connection]:
        """Settle address and credentials in the calling thread, the first time."""
        return self._lent(None if self._connection else self.connect())

    @contextmanager
    def _lent(self, opening: AbstractContextManager[Connection] | None) -> Iterator[Connection]:
        if self._connection is None:
            assert opening is not None
            self._connection = self.stack.enter_context(opening)
        yield self._connection
