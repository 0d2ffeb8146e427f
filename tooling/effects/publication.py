"""The main job from end to end: build, look, plan, refuse or apply, report.

Everything up to the first upload is the same code for a rehearsal and the real thing (law 7); everything that can be
refused is found before it (law 2).
"""

from __future__ import annotations

import functools
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from tooling.effects.apply import Applied, Applier, file_result, package_result
from tooling.effects.clock import SystemClock
from tooling.effects.delivery import Courier
from tooling.effects.interruption import HEARTBEAT, interruptions
from tooling.effects.problems import problem
from tooling.effects.snapshots import learn_hashes, read_pages
from tooling.effects.verification import LAG, Verifier
from tooling.errors import FailedError, MaestroError, RefusedError, StoppedError, raise_all
from tooling.plan.outcomes import FileResult, Outcome, PackageResult, Report
from tooling.plan.planner import make_plan, prerequisites
from tooling.plan.retry import Backoff
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager

    from tooling.effects.connection import Connection
    from tooling.effects.interruption import Interruption
    from tooling.effects.ports import Builder, Index
    from tooling.effects.progress import Watcher
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.publishing import Plan, PlannedFile, PlannedPackage, Refusal
    from tooling.plan.snapshot import Snapshot


class Connect(Protocol):
    """Opens the index the settings name, probed: a context manager that closes it."""

    def __call__(self) -> AbstractContextManager[Connection]:
        """Begin, asking the user for what is missing; entering may take as long as the server needs to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for: the selection, only what the index lacks of it (`changed`), and whether to hold back."""

    packages: Sequence[Package]
    changed: bool = False
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Publication:
    """One run of `invoke publish`; `lag` is how many seconds an index may take to show what it has accepted."""

    workspace: Workspace
    builder: Builder
    connect: Connect
    watcher: Watcher
    parallel: int = 4
    backoff: Backoff = field(default_factory=Backoff)
    lag: float = LAG

    def run(self, request: Request) -> Report:
        """Publish, and report; errors found before the first upload are raised, later ones are in the report."""
        began = time.monotonic()
        opening = self.connect()
        with ExitStack() as stack, interruptions(self.watcher) as interruption:
            try:
                connection, plan = self._prepare(request, stack, opening, interruption)
            except MaestroError:
                interruption.check()
                raise
            report = Report(
                command="publish",
                exit_code=0,
                index=connection.facts,
                dry_run=request.dry_run,
                seconds=0.0,
                warnings=plan.warnings,
            )
            report = self._act(plan, connection, report, interruption)
        return replace(report, seconds=time.monotonic() - began)

    def _prepare(
        self,
        request: Request,
        stack: ExitStack,
        opening: AbstractContextManager[Connection],
        interruption: Interruption,
    ) -> tuple[Connection, Plan]:
        """Build and look at the same time, then plan."""
        names = {package.distribution for package in request.packages}
        names |= prerequisites(self.workspace, request.packages)
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="connect") as pool:
            connecting = pool.submit(stack.enter_context, opening)
            connecting.add_done_callback(functools.partial(_may_be_abandoned, interruption))
            looking = pool.submit(lambda: read_pages(connecting.result().index, names))
            asking = pool.submit(lambda: connecting.result().group_problem())
            errors: list[MaestroError] = []
            artifacts = self._built(request, connecting, interruption, errors)
            pages = _looked(looking, errors)
        raise_all(errors)
        assert pages is not None
        connection, missing = connecting.result(), asking.result()
        plan = self._planned(request, artifacts, connection.index, learn_hashes(connection.index, pages, artifacts))
        if missing is not None:
            plan = replace(plan, warnings=(f"{missing.message} {missing.hint}", *plan.warnings))
            connection = replace(connection, facts=connection.facts_given(missing))
        for warning in plan.warnings:
            self.watcher.says(f"warning: {warning}")
        interruption.check()
        return connection, plan.only_changed() if request.changed else plan

    def _planned(self, request: Request, artifacts: Sequence[Artifact], index: Index, snapshot: Snapshot) -> Plan:
        """Plan, and read what turns out to be needed for it: what releases require that are not part of the run."""
        plan = make_plan(self.workspace, request.packages, artifacts, snapshot)
        while plan.unread:
            from tooling.effects.published_requirements import read_unread

            snapshot = read_unread(index, snapshot, plan.unread)
            plan = make_plan(self.workspace, request.packages, artifacts, snapshot)
        return plan

    def _built(
        self,
        request: Request,
        connecting: Future[Connection],
        interruption: Interruption,
        errors: list[MaestroError],
    ) -> tuple[Artifact, ...]:
        """Build; a probe that fails, or a user who wants out, ends that at the next package."""

        def built(package: Package, how: str) -> None:
            self.watcher.built(package, how)
            interruption.check()
            if connecting.done():
                connecting.result()

        try:
            return tuple(self.builder.build(request.packages, built))
        except MaestroError as error:
            errors.append(error)
            return ()

    def _act(self, plan: Plan, connection: Connection, report: Report, interruption: Interruption) -> Report:
        if plan.refusals:
            return _refused(plan, [explain(refusal, plan, connection.index) for refusal in plan.refusals], report)
        if report.dry_run:
            return replace(report, packages=tuple(_foreseen(package) for package in plan.packages))
        applied = self._apply(plan, connection.index, interruption)
        problems = tuple(problem(error) for error in applied.errors)
        return replace(report, exit_code=_exit_code(applied), packages=applied.packages, problems=problems)

    def _apply(self, plan: Plan, index: Index, interruption: Interruption) -> Applied:
        interruption.sending = True
        stop = interruption.stop
        clock = SystemClock(stop)
        courier = Courier(index=index, backoff=self.backoff, clock=clock, began=clock.now(), stopped=stop.is_set)
        verifier = Verifier(index=index, clock=clock, lag=self.lag, stopped=stop.is_set)
        applier = Applier(courier=courier, verifier=verifier, watcher=self.watcher, parallel=self.parallel, stop=stop)
        return applier.apply(plan)


def _may_be_abandoned(interruption: Interruption, connecting: Future[Connection]) -> None:
    """Let the user's wish to stop reach the connections, also when it came before they were there."""
    if connecting.exception() is not None:
        return
    interruption.abandon = connecting.result().abandon
    if interruption.stop.is_set():
        interruption.abandon()


def _looked(looking: Future[Snapshot], errors: list[MaestroError]) -> Snapshot | None:
    """Wait for the pages; what kept them from being read goes first among the errors."""
    while not looking.done():
        wait([looking], timeout=HEARTBEAT)
    try:
        return looking.result()
    except MaestroError as error:
        errors.insert(0, error)
        return None


def _foreseen(package: PlannedPackage) -> PackageResult:
    outcomes = {State.ABSENT: Outcome.PLANNED, State.PRESENT: Outcome.PRESENT}
    return package_result(package, tuple(file_result(each.artifact, outcomes[each.state]) for each in package.files))


def _refused(plan: Plan, explained: Sequence[RefusedError], report: Report) -> Report:
    """Report a plan that is not carried out: what is refused as refused, all else as held."""
    reasons = {
        (refusal.package, refusal.filename): error.message
        for refusal, error in zip(plan.refusals, explained, strict=True)
    }

    def result(package: PlannedPackage, each: PlannedFile) -> FileResult:
        reason = reasons.get((package.name, each.artifact.filename)) or reasons.get((package.name, None))
        if reason:
            return file_result(each.artifact, Outcome.REFUSED, reason)
        return file_result(each.artifact, Outcome.PRESENT if each.state is State.PRESENT else Outcome.HELD)

    packages = tuple(
        package_result(package, tuple(result(package, each) for each in package.files)) for package in plan.packages
    )
    problems = tuple(problem(error) for error in explained)
    return replace(report, exit_code=RefusedError.exit_code, packages=packages, problems=problems)


def explain(refusal: Refusal, plan: Plan, index: Index) -> RefusedError:
    """Turn a refusal into an error; for different bytes, name the first member of the archive that differs."""
    message = refusal.message
    facts: dict[str, object] = {"package": refusal.package}
    if refusal.published is not None and refusal.filename is not None:
        from tooling.effects.comparison import published_difference

        artifact = next(
            each.artifact
            for package in plan.packages
            for each in package.files
            if each.artifact.filename == refusal.filename
        )
        difference = published_difference(index, artifact.path, artifact.distribution, artifact.version)
        facts |= {"file": refusal.filename, "published": refusal.published.sha256, "built": artifact.sha256}
        message = f"{message[:-1]}: {difference}."
    return RefusedError(refusal.code, message, refusal.hint, facts=facts)


def _exit_code(applied: Applied) -> int:
    """Once something was begun, every trouble is one that was met while doing it, whatever its kind."""
    if not applied.errors:
        return 0
    return StoppedError.exit_code if applied.stopped else FailedError.exit_code
