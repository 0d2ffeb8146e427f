"""Carries out a plan: packages in parallel, each one's files in a row, nothing before what it needs is verified.

The scheduler runs in the calling thread; workers only deliver and verify. Once `stop` is set, files on their way may
arrive and no others are begun.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tooling.effects.interruption import HEARTBEAT
from tooling.errors import MaestroError, StoppedError
from tooling.plan.outcomes import FileResult, Outcome, PackageResult
from tooling.plan.schedule import Schedule
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from tooling.effects.delivery import Courier
    from tooling.effects.progress import Watcher
    from tooling.effects.verification import Verifier
    from tooling.model.artifact import Artifact
    from tooling.plan.publishing import Plan, PlannedPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of every package of the plan, in its order, and all that went wrong."""

    packages: tuple[PackageResult, ...]
    errors: tuple[MaestroError, ...]
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """The results of one package; `error` is set when it is not in the index as wanted."""

    files: tuple[FileResult, ...]
    error: MaestroError | None = None


@dataclass(slots=True, kw_only=True)
class Applier:
    """Applies plans with at most `parallel` packages at once."""

    courier: Courier
    verifier: Verifier
    watcher: Watcher
    parallel: int
    stop: threading.Event
    _settled: dict[str, _Settled] = field(default_factory=dict, init=False)

    def apply(self, plan: Plan) -> Applied:
        """Bring the index to where the plan points; failures keep to their own (law 6)."""
        by_name = {package.name: package for package in plan.packages}
        schedule = Schedule({package.name: package.after for package in plan.packages})
        with ThreadPoolExecutor(max_workers=self.parallel, thread_name_prefix="publish") as pool:
            running: dict[Future[_Settled], str] = {}
            while not schedule.done:
                for name in schedule.take():
                    running[pool.submit(self._settle, by_name[name])] = name
                for future in wait(running, timeout=HEARTBEAT, return_when=FIRST_COMPLETED).done:
                    self._account(schedule, by_name, running.pop(future), future.result())
        results = tuple(package_result(package, self._settled[package.name].files) for package in plan.packages)
        errors = _summed([self._settled[package.name].error for package in plan.packages])
        return Applied(packages=results, errors=errors, stopped=self.stop.is_set())

    def _account(self, schedule: Schedule, by_name: dict[str, PlannedPackage], name: str, settled: _Settled) -> None:
        self._settled[name] = settled
        if settled.error is None:
            schedule.verified(name)
            return
        what = "was stopped" if isinstance(settled.error, StoppedError) else "failed"
        for held in schedule.failed(name):
            files = tuple(_held(each.artifact, f"waits for {name}, which {what}") for each in by_name[held].files)
            self._settled[held] = _Settled(files=files)

    def _settle(self, planned: PlannedPackage) -> _Settled:
        """Deliver a package's files and verify its page; runs in a worker and never raises for trouble it knows."""
        results: list[FileResult] = []
        for index, each in enumerate(planned.files):
            try:
                results.append(self._one(each.artifact, each.state))
            except MaestroError as error:
                rest = [_held(later.artifact, "not tried") for later in planned.files[index + 1 :]]
                outcome = Outcome.HELD if isinstance(error, StoppedError) else Outcome.FAILED
                self.watcher.settled(each.artifact, outcome, error.message)
                failed = file_result(each.artifact, outcome, error.message)
                return _Settled(files=(*results, failed, *rest), error=error)
        return self._verify(planned, tuple(results))

    def _one(self, artifact: Artifact, state: State) -> FileResult:
        if state is State.PRESENT:
            return file_result(artifact, Outcome.PRESENT)
        if self.stop.is_set():
            raise StoppedError("PB09", f"{artifact.filename} was not begun: the run was stopped.", "Run it again.")
        self.watcher.uploading(artifact)
        delivered = self.courier.deliver(artifact, lambda size: self.watcher.sent(artifact, size))
        self.watcher.settled(artifact, delivered.outcome, delivered.detail)
        return file_result(artifact, delivered.outcome, delivered.detail)

    def _verify(self, planned: PlannedPackage, results: tuple[FileResult, ...]) -> _Settled:
        if not planned.to_upload:
            return _Settled(files=results)
        try:
            detail = self.verifier.verify([each.artifact for each in planned.files])
        except StoppedError as error:
            files = tuple(replace(each, detail="sent, not verified: the run was stopped") for each in results)
            return _Settled(files=files, error=error)
        except MaestroError as error:
            self.watcher.says(f"{planned.name}: {error.message}")
            failed = tuple(file_result(each.artifact, Outcome.FAILED, error.message) for each in planned.files)
            return _Settled(files=failed, error=error)
        self.watcher.verified(planned.name)
        if detail:
            self.watcher.says(f"{planned.name}: {detail}.")
        return _Settled(files=results)


def file_result(artifact: Artifact, outcome: Outcome, detail: str = "") -> FileResult:
    """Say of an artifact what became of it."""
    return FileResult(
        file=artifact.filename, sha256=artifact.sha256, size=artifact.size, outcome=outcome, detail=detail
    )


def _held(artifact: Artifact, detail: str) -> FileResult:
    return file_result(artifact, Outcome.HELD, detail)


def _summed(errors: Iterable[MaestroError | None]) -> tuple[MaestroError, ...]:
    """Keep every failure; that the user stopped the run is one thing to report, whatever it cut off."""
    found = [error for error in errors if error is not None]
    failures = tuple(error for error in found if not isinstance(error, StoppedError))
    if len(failures) == len(found):
        return failures
    hint = "Run it again: it continues where this ended."
    return (*failures, StoppedError("PB09", "The run was stopped before everything was in the index.", hint))


def package_result(planned: PlannedPackage, files: tuple[FileResult, ...]) -> PackageResult:
    """Say of a planned package what became of it."""
    return PackageResult(
        name=planned.name,
        distribution=planned.package.distribution,
        version=str(planned.package.version),
        wave=planned.wave,
        files=files,
    )
