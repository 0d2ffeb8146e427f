"""Whether one choice of versions satisfies all that a package brings in house.

Each requirement may have a version that satisfies it while no choice satisfies all of them: what is published of one
package may exclude the new version of another. resolvelib, which pip resolves with, does the search. What a search has
to know of the index and nobody read yet is said, so that it can be read and the search done again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from resolvelib import AbstractProvider, BaseReporter
from resolvelib.resolvers import Resolution, ResolutionImpossible, ResolutionTooDeep

from tooling.plan.snapshot import Unread, published_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version
    from resolvelib.structs import RequirementInformation

    from tooling.model.package import Package
    from tooling.plan.snapshot import Release, Snapshot

_Key = tuple[str, str | None]
_MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A distribution, or an extra of it, at some versions; `shown` is how a requirement put it."""

    name: str
    extra: str | None
    specifier: SpecifierSet
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One version of a distribution, or an extra of that version."""

    name: str
    extra: str | None
    version: Version

    def __str__(self) -> str:
        return f"{self.name}[{self.extra}] {self.version}" if self.extra else f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a search.

    `conflict` names the requirements that exclude each other, empty where a choice was found. While there is something
    `unread`, that choice is a guess. `untold` are projects the index did not answer for, so that more may be there;
    `opaque` are releases that were looked at whose requirements nobody knows, since they have no wheel.
    """

    conflict: tuple[str, ...] = ()
    unread: Unread = field(default_factory=Unread)
    untold: frozenset[str] = frozenset()
    opaque: frozenset[Release] = frozenset()


@dataclass(slots=True, kw_only=True)
class Shelf:
    """What an installer could take: what the index has, and `coming` (by distribution), which goes up before.

    `in_house` tells which names count: what others publish is not ours to judge. What was looked for in vain is noted,
    and whether another Python may make a difference.
    """

    snapshot: Snapshot
    coming: Mapping[str, Package]
    in_house: Callable[[str], bool]
    python: str | None = None
    unread: set[Release] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)
    opaque: set[Release] = field(default_factory=set)
    differs: bool = False
    _environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take this machine for all that markers ask for, except the Python."""
        self._environment = {name: str(value) for name, value in default_environment().items()}
        if self.python:
            self._environment |= {"python_version": self.python, "python_full_version": f"{self.python}.0"}

    def versions(self, name: str) -> list[Version]:
        """All versions, those that are coming first, then the newest; pre-releases last, as installers have it.

        Where the index does not tell everything of a project, what it told counts.
        """
        if name not in self.snapshot.projects and name not in self.snapshot.unknown:
            raise _UnaskedError(name)
        found = sorted(published_versions(self.snapshot, name), reverse=True)
        if name in self.snapshot.unknown:
            self.untold.add(name)
            found = [each for each in found if (name, each) in self.snapshot.requirements]
        found.sort(key=lambda each: each.is_prerelease)
        coming = self.coming.get(name)
        return found if coming is None else [coming.version, *(each for each in found if each != coming.version)]

    def wishes(self, candidate: Candidate) -> Iterator[Wish]:
        """What a version wishes for in house."""
        if candidate.extra is not None:
            itself = SpecifierSet(f"==={candidate.version}")
            yield Wish(name=candidate.name, extra=None, specifier=itself, shown="")
        for requirement in self._requirements(candidate):
            name = canonicalize_name(requirement.name)
            if self.in_house(name) and self._applies(requirement, candidate.extra):
                for extra in (None, *sorted(map(canonicalize_name, requirement.extras))):
                    yield Wish(name=name, extra=extra, specifier=requirement.specifier, shown=str(requirement))

    def _requirements(self, candidate: Candidate) -> Iterable[Requirement]:
        if self._is_coming(candidate.name, candidate.version):
            package = self.coming[candidate.name]
            return package.requirements if candidate.extra is None else package.extras.get(candidate.extra, ())
        release = (candidate.name, candidate.version)
        if release not in self.snapshot.requirements:
            self.unread.add(release)
            return ()
        found = self.snapshot.requirements[release]
        if found is None:
            self.opaque.add(release)
        return found or ()

    def _is_coming(self, name: str, version: Version) -> bool:
        return name in self.coming and self.coming[name].version == version

    def _applies(self, requirement: Requirement, extra: str | None) -> bool:
        if requirement.marker is None:
            return True
        self.differs |= "python" in str(requirement.marker)
        return requirement.marker.evaluate({**self._environment, "extra": extra or ""})


def search(shelf: Shelf, name: str, version: Version, extra: str | None) -> Verdict:
    """Look for one choice of versions with which an installer can take `name` at `version`, with this extra if any."""
    wanted = Wish(name=name, extra=extra, specifier=SpecifierSet(f"==={version}"), shown="")
    resolution: Resolution[Wish, Candidate, _Key] = Resolution(_Provider(shelf), BaseReporter())
    conflict: tuple[str, ...] = ()
    try:
        resolution.resolve([wanted], max_rounds=_MOST_STEPS)
    except _UnaskedError as unasked:
        return Verdict(unread=Unread(projects=frozenset([unasked.name])))
    except ResolutionImpossible as impossible:
        conflict = tuple(sorted({_told(each) for each in impossible.causes} - {""}))
    except ResolutionTooDeep:
        conflict = (f"no choice of versions was found in {_MOST_STEPS} steps",)
    return Verdict(
        conflict=conflict,
        unread=Unread(releases=frozenset(shelf.unread)),
        untold=frozenset(shelf.untold),
        opaque=frozenset(shelf.opaque),
    )


def _told(cause: RequirementInformation[Wish, Candidate]) -> str:
    return f"{cause.parent} needs {cause.requirement.shown}" if cause.parent and cause.requirement.shown else ""


class _UnaskedError(Exception):
    """A project that the snapshot says nothing of turned up."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Provider(AbstractProvider[Wish, Candidate, _Key]):
    """A shelf as resolvelib asks about it."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def identify(self, requirement_or_candidate: Wish | Candidate) -> _Key:
        return requirement_or_candidate.name, requirement_or_candidate.extra

    def get_preference(
        self,
        identifier: _Key,
        resolutions: Mapping[_Key, Candidate],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[_Key, Iterator[Candidate]],  # noqa: ARG002
        information: Mapping[_Key, Iterator[RequirementInformation[Wish, Candidate]]],  # noqa: ARG002
        backtrack_causes: Sequence[RequirementInformation[Wish, Candidate]],
    ) -> tuple[bool, str, str]:
        name, extra = identifier
        blamed = any(identifier == self.identify(cause.requirement) for cause in backtrack_causes)
        return not blamed, name, extra or ""

    def find_matches(
        self,
        identifier: _Key,
        requirements: Mapping[_Key, Iterator[Wish]],
        incompatibilities: Mapping[_Key, Iterator[Candidate]],
    ) -> list[Candidate]:
        name, extra = identifier
        wishes = list(requirements[identifier])
        excluded = {each.version for each in incompatibilities[identifier]}
        return [
            Candidate(name=name, extra=extra, version=version)
            for version in self._shelf.versions(name)
            if version not in excluded and all(admits(wish.specifier, version) for wish in wishes)
        ]

    def is_satisfied_by(self, requirement: Wish, candidate: Candidate) -> bool:
        return admits(requirement.specifier, candidate.version)

    def get_dependencies(self, candidate: Candidate) -> list[Wish]:
        return list(self._shelf.wishes(candidate))


def admits(specifier: SpecifierSet, version: Version) -> bool:
    """Whether a specifier takes a version, pre-releases like any other: an installer takes them where it must."""
    return specifier.contains(version, prereleases=True)
