"""What an installer could take of the house: published versions and those of a plan, with what each wishes for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tooling.plan.snapshot import published_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from packaging.requirements import Requirement
    from packaging.version import Version

    from tooling.model.package import Package
    from tooling.plan.snapshot import Release, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One version of a distribution, or an extra of that version."""

    name: str
    extra: str | None
    version: Version

    @property
    def release(self) -> Release:
        """The version, whatever the extra."""
        return self.name, self.version

    def __str__(self) -> str:
        return f"{self.name}[{self.extra}] {self.version}" if self.extra else f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A distribution, or an extra of it, at some versions; `shown` is how a requirement put it, empty: none did."""

    name: str
    extra: str | None
    specifier: SpecifierSet
    shown: str = ""


@dataclass(slots=True, kw_only=True)
class Offers:
    """The releases that the index shows, and the packages `planned`, by distribution.

    `in_house` tells which names count: what others publish is not ours to judge. Markers are evaluated for this
    machine, but for the minor version `python` if one is given; `differs` tells whether another Python came into it.
    """

    snapshot: Snapshot
    planned: Mapping[str, Package]
    in_house: Callable[[str], bool]
    python: str | None = None
    differs: bool = False
    _environment: dict[str, str] = field(default_factory=dict)
    _versions: dict[str, tuple[Version, ...]] = field(default_factory=dict)
    _wishes: dict[Candidate, tuple[Wish, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Work out what markers ask for, once."""
        self._environment = {name: str(value) for name, value in default_environment().items()}
        if self.python:
            self._environment |= {"python_version": self.python, "python_full_version": f"{self.python}.0"}

    def versions(self, name: str) -> tuple[Version, ...]:
        """The published versions as installers prefer them: the newest first, but pre-releases last.

        Where the index does not tell everything of a project, what it told counts.
        """
        if name not in self._versions:
            found = sorted(published_versions(self.snapshot, name), reverse=True)
            if name in self.snapshot.unknown:
                found = [each for each in found if (name, each) in self.snapshot.requirements]
            self._versions[name] = tuple(sorted(found, key=lambda each: each.is_prerelease))
        return self._versions[name]

    def preferred(self, name: str, available: Collection[str]) -> Version | None:
        """The version of the plan if it is `available`, else the published one that installers prefer, if any."""
        if name in self.planned and name in available:
            return self.planned[name].version
        return next(iter(self.versions(name)), None)

    def is_read(self, release: Release) -> bool:
        """Whether what a release requires was asked for, or need not be."""
        return self._is_planned(release) or release in self.snapshot.requirements

    def is_opaque(self, release: Release) -> bool:
        """Whether it was asked for, and nobody knows."""
        return not self._is_planned(release) and self.snapshot.requirements.get(release, ()) is None

    def wishes(self, candidate: Candidate) -> tuple[Wish, ...]:
        """What a candidate wishes for in house; nothing where that is not known."""
        if candidate not in self._wishes:
            self._wishes[candidate] = tuple(self._wished(candidate))
        return self._wishes[candidate]

    def _wished(self, candidate: Candidate) -> Iterator[Wish]:
        if candidate.extra is not None:
            yield Wish(name=candidate.name, extra=None, specifier=SpecifierSet(f"==={candidate.version}"))
        for requirement in self._requirements(candidate):
            name = canonicalize_name(requirement.name)
            if self.in_house(name) and self._applies(requirement, candidate.extra):
                for extra in (None, *sorted(map(canonicalize_name, requirement.extras))):
                    yield Wish(name=name, extra=extra, specifier=requirement.specifier, shown=str(requirement))

    def _requirements(self, candidate: Candidate) -> tuple[Requirement, ...]:
        if not self._is_planned(candidate.release):
            return self.snapshot.requirements.get(candidate.release) or ()
        package = self.planned[candidate.name]
        return package.requirements if candidate.extra is None else package.extras.get(candidate.extra, ())

    def _is_planned(self, release: Release) -> bool:
        name, version = release
        return name in self.planned and self.planned[name].version == version

    def _applies(self, requirement: Requirement, extra: str | None) -> bool:
        if requirement.marker is None:
            return True
        self.differs |= "python" in str(requirement.marker)
        return requirement.marker.evaluate({**self._environment, "extra": extra or ""})
