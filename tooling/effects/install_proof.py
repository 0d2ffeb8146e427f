"""Installs packages from the index in every way that was chosen for each, several environments at a time."""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.clock import SystemClock
from tooling.effects.installation import Installation
from tooling.effects.installers_view import InstallersView
from tooling.effects.interpreters import find_interpreter
from tooling.effects.verification import LAG
from tooling.errors import FailedError, MaestroError
from tooling.plan.install_matrix import combinations
from tooling.plan.outcomes import InstallResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tooling.effects.connection import Connection
    from tooling.effects.progress import Watcher
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.install_matrix import Combination

_FEWEST, _MOST = 2, 4  # environments at once: they wait for the disk and the index as much as for a processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Installs:
    """What came of all installations, why some failed, and what was left out, as sentences."""

    results: tuple[InstallResult, ...] = ()
    errors: tuple[MaestroError, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallProof:
    """Proves by installing, on the Pythons that this machine has; `lag` is how long installers may have to wait."""

    connection: Connection
    watcher: Watcher
    exhaustive: bool = False
    lag: float = LAG

    def run(self, packages: Sequence[Package], artifacts: Sequence[Artifact]) -> Installs:
        """Install each package in all its ways; one that installers are not shown yet is not tried."""
        unseen = self._view().wait(artifacts)
        interpreters = {each: find_interpreter(each, os.environ) for each in _wanted(packages)}
        at_hand = {version: found for version, found in interpreters.items() if found is not None}
        seen = [package for package in packages if package.name not in unseen]
        ways = {package.name: self._ways(package, at_hand) for package in seen}
        results, errors = self._all([(package, each) for package in seen for each in ways[package.name]], at_hand)
        errors = [*unseen.values(), *(_nowhere(each) for each in seen if not ways[each.name]), *errors]
        return Installs(results=tuple(results), errors=tuple(errors), warnings=_absent(interpreters))

    def _view(self) -> InstallersView:
        connection = self.connection
        url = connection.facts.installs_from
        return InstallersView(offered=connection.offered, url=url, clock=SystemClock(), lag=self.lag)

    def _ways(self, package: Package, at_hand: Mapping[str, Path]) -> tuple[Combination, ...]:
        pythons = [version for version in _pythons(package) if version in at_hand]
        return combinations(package, pythons, exhaustive=self.exhaustive)

    def _all(
        self, jobs: Sequence[tuple[Package, Combination]], at_hand: Mapping[str, Path]
    ) -> tuple[list[InstallResult], list[MaestroError]]:
        with tempfile.TemporaryDirectory(prefix="maestro-install-") as scratch:
            connection = self.connection
            installation = Installation(
                target=connection.target, credentials=connection.credentials, scratch=Path(scratch)
            )

            def prove(job: tuple[Package, Combination]) -> frozenset[str] | MaestroError:
                package, combination = job
                try:
                    excused = installation.prove(package, combination, at_hand[combination.python])
                except MaestroError as error:
                    return error
                self.watcher.says(f"installed {_said(package, combination)}")
                return excused

            pool = ThreadPoolExecutor(max_workers=max(_FEWEST, min(_MOST, os.cpu_count() or _FEWEST)))
            try:
                outcomes = list(pool.map(prove, jobs))
            finally:
                pool.shutdown(cancel_futures=True)
        results = [_result(*job, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]
        errors = [outcome for outcome in outcomes if isinstance(outcome, MaestroError)]
        return results, [*errors, *_never_imported(jobs, outcomes)]


def _pythons(package: Package) -> tuple[str, ...]:
    """The Pythons a package is for; one that names none is tried on the running one."""
    return package.pythons or (f"{sys.version_info.major}.{sys.version_info.minor}",)


def _wanted(packages: Sequence[Package]) -> list[str]:
    return sorted({version for package in packages for version in _pythons(package)})


def _absent(interpreters: Mapping[str, Path | None]) -> tuple[str, ...]:
    return tuple(
        f"Python {version} is not on this machine, so nothing was installed on it."
        for version, found in interpreters.items()
        if found is None
    )


def _nowhere(package: Package) -> FailedError:
    versions = ", ".join(_pythons(package))
    message = f"{package.name} is for Python {versions}, and this machine has none of them: nothing was proven."
    return FailedError("PB20", message, "Install one of them, then run again.", facts={"package": package.name})


def _never_imported(
    jobs: Sequence[tuple[Package, Combination]], outcomes: Sequence[frozenset[str] | MaestroError]
) -> list[MaestroError]:
    """A module that every way excused was never imported; nobody knows whether it can be."""
    excused: dict[str, frozenset[str]] = {}
    for (package, _), outcome in zip(jobs, outcomes, strict=True):
        modules = frozenset[str]() if isinstance(outcome, MaestroError) else outcome  # a failure says enough
        excused[package.name] = excused.get(package.name, modules) & modules
    return [
        FailedError(
            "PB22",
            f"No way to install {name} imports {', '.join(sorted(modules))}: each time another extra is asked for.",
            "Declare an extra that brings all that these modules need.",
            facts={"package": name, "modules": sorted(modules)},
        )
        for name, modules in excused.items()
        if modules
    ]


def _said(package: Package, combination: Combination) -> str:
    extra = f"[{combination.extra}]" if combination.extra else ""
    return f"{package.distribution}{extra} {package.version}, every module imports: {combination}"


def _result(package: Package, combination: Combination, outcome: frozenset[str] | MaestroError) -> InstallResult:
    failed = isinstance(outcome, MaestroError)
    return InstallResult(
        name=package.name,
        distribution=package.distribution,
        version=str(package.version),
        combination=combination,
        proven=not failed,
        detail=outcome.message if isinstance(outcome, MaestroError) else "",
    )
