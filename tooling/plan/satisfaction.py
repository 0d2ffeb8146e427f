"""What has to be in the index before a package goes up: nobody is ever offered what cannot be installed (law 3).

A requirement that nothing satisfies is said by itself. Where each is satisfied, but not all of them by one choice of
versions, the requirements that exclude each other are. Only in-house requirements count; those of extras too, each
extra by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from tooling.model.requirement_text import admits
from tooling.plan.offers import Candidate, Offers
from tooling.plan.publishing import Refusal, unknown
from tooling.plan.snapshot import Release, Unread, published_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.requirements import Requirement

    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.publishing import PlannedPackage
    from tooling.plan.resolution import Verdict
    from tooling.plan.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What stands against going up, what has to be read to know, and releases whose requirements nobody knows."""

    refusals: tuple[Refusal, ...] = ()
    unread: Unread = field(default_factory=Unread)
    opaque: frozenset[Release] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """The packages of a plan (`chosen`, by folder name; `planned` in publishing order), and what the index shows."""

    workspace: Workspace
    chosen: Mapping[str, Package]
    planned: Sequence[PlannedPackage]
    snapshot: Snapshot

    def one_by_one(self) -> list[Refusal]:
        """Find the requirements that neither the plan nor the index satisfies."""
        found = (
            self._unsatisfied(each.package, requirement, extra)
            for each in self.planned
            for requirement, extra in each.package.all_requirements()
        )
        return [refusal for refusal in found if refusal is not None]

    def together(self, refused: frozenset[str]) -> Findings:
        """See whether each package could be installed as soon as it is up.

        The packages `refused`, by folder name, are passed over, and so are those of which nothing is to be uploaded.
        """
        settled = self._settled()
        judged = [
            each for each in self.planned if each.to_upload and each.name not in settled and each.name not in refused
        ]
        unread = self._likely_unread([each.name for each in judged])
        if unread or not judged:
            return Findings(unread=unread)
        refusals: list[Refusal] = []
        opaque, before = frozenset[Release](), self._before()
        offers = {python: self._offers(python) for each in judged for python in each.package.pythons or (None,)}
        for each in judged:
            for verdict in self._verdicts(offers, each.package, before[each.name]):
                unread, opaque = unread | verdict.unread, opaque | verdict.opaque
                if verdict.conflict and not verdict.unread:
                    refusals.append(self._conflict(each.package, verdict))
                    break
        return Findings(refusals=tuple(refusals), unread=unread, opaque=opaque)

    def _unsatisfied(self, package: Package, requirement: Requirement, extra: str | None) -> Refusal | None:
        name = canonicalize_name(requirement.name)
        if name == package.distribution or not self.workspace.is_in_house(name):
            return None
        local = self.workspace.packages.get(self.workspace.folders.get(name, ""))
        offered = published_versions(self.snapshot, name)
        if local is not None and local.name in self.chosen:
            offered = offered | {local.version}
        if any(admits(requirement.specifier, version) for version in offered):
            return None
        if name in self.snapshot.unknown:
            return unknown(package, f"a {name} that satisfies {requirement}", self.snapshot.unknown[name])
        return _missing(package, requirement, extra, local)

    def _before(self) -> dict[str, frozenset[str]]:
        """The distributions of the plan that are certainly up when each package's turn comes."""
        found: dict[str, frozenset[str]] = {}
        for each in self.planned:
            direct = (self.chosen[name].distribution for name in each.after)
            found[each.name] = frozenset(direct).union(*(found[name] for name in each.after))
        return found

    def _settled(self) -> frozenset[str]:
        """Packages that the versions of the plan satisfy, with all they bring: no need to search for other versions."""
        settled: set[str] = set()
        for each in self.planned:
            strangers, needs = self.workspace.strangers(each.name), self.workspace.needs[each.name]
            others = {need.package for need in needs} - {each.name}
            if not strangers and others <= settled and self._agrees(each.name):
                settled.add(each.name)
        return frozenset(settled)

    def _agrees(self, name: str) -> bool:
        """Whether a package takes the versions of the workspace."""
        packages, needs = self.workspace.packages, self.workspace.needs[name]
        return all(admits(need.requirement.specifier, packages[need.package].version) for need in needs)

    def _likely_unread(self, names: Sequence[str]) -> Unread:
        """Guess by the tree what will have to be known, so that it is read at once and not one after the other."""
        away = self.workspace.closure(names) - self.chosen.keys()
        needed = [self.workspace.packages[name].distribution for name in self.workspace.closure(away)]
        offers = self._offers()
        preferred = {(name, version) for name in needed if (version := offers.preferred(name, frozenset())) is not None}
        return Unread(
            projects=frozenset(needed) - self.snapshot.projects.keys() - self.snapshot.unknown.keys(),
            releases=frozenset(each for each in preferred if not offers.is_read(each)),
        )

    def _offers(self, python: str | None = None) -> Offers:
        return Offers(
            snapshot=self.snapshot,
            planned={each.distribution: each for each in self.chosen.values()},
            in_house=self.workspace.is_in_house,
            python=python,
        )

    def _verdicts(
        self, offers: Mapping[str | None, Offers], package: Package, before: frozenset[str]
    ) -> Iterator[Verdict]:
        """Judge with each extra, and on each Python the package is for, as far as markers tell these apart."""
        from tooling.plan.resolution import judge

        for python in package.pythons or (None,):
            for extra in (None, *package.extras):
                wanted = Candidate(name=package.distribution, extra=extra, version=package.version)
                yield judge(offers[python], before, wanted)
            if not offers[python].differs:
                return

    def _conflict(self, package: Package, verdict: Verdict) -> Refusal:
        for name in sorted(verdict.untold):
            return unknown(package, f"a {name} that goes with the rest", self.snapshot.unknown[name])
        reasons = ", but ".join(verdict.conflict)
        return Refusal(
            package=package.name,
            code="PB13",
            message=f"No choice of versions satisfies all that {package.name} brings: {reasons}.",
            hint=self._way_out(package),
        )

    def _way_out(self, package: Package) -> str:
        """Publishing what is here helps where the versions that are here go together."""
        closure = self.workspace.closure([package.name])
        missing = [self.workspace.packages[name] for name in sorted(closure - self.chosen.keys())]
        new = [each for each in missing if each.version not in published_versions(self.snapshot, each.distribution)]
        if new and all(map(self._agrees, closure)):
            flags = " ".join(f"--package {each.name}" for each in new)
            return f"Publish what it needs as it is here: add {flags}, or use --all."
        return "Change one of these requirements, so that some version satisfies both."


def _missing(package: Package, requirement: Requirement, extra: str | None, local: Package | None) -> Refusal:
    where = f" (extra {extra})" if extra else ""
    if local is None:
        hint = f"No package here is {requirement.name}: correct the requirement, or publish it from where it lives."
    elif admits(requirement.specifier, local.version):
        hint = f"Publish it too: add --package {local.name}, or use --all."
    else:
        hint = f"{local.name} is at {local.version} here, which that excludes: change the requirement or the version."
    return Refusal(
        package=package.name,
        code="PB03",
        message=f"{package.name} needs {requirement}{where}, which the index does not have.",
        hint=hint,
    )
