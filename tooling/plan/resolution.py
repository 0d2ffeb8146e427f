"""Whether one choice of versions satisfies all that a package brings in house.

Each requirement may have a version that satisfies it while no choice satisfies all of them: what is published of one
package may exclude the new version of another. Mostly the newest of each satisfies all, or the newest of what is up
already, which is quick to see; where not, resolvelib, which pip resolves with, searches among the others: where
versions need one another in circles it can miss a choice, as pip then does. What has to be known of the index and
nobody read yet is said, so that it can be read and the question put again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from resolvelib import AbstractProvider, BaseReporter
from resolvelib.resolvers import Resolution, ResolutionImpossible, ResolutionTooDeep

from tooling.model.requirement_text import admits
from tooling.plan.offers import Candidate, Wish
from tooling.plan.snapshot import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from resolvelib.structs import RequirementInformation

    from tooling.plan.offers import Offers
    from tooling.plan.snapshot import Release

_Key = tuple[str, str | None]
_MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of the question.

    `conflict` names the requirements that exclude each other, empty where a choice was found. While there is something
    `unread`, the answer is a guess. `untold` are projects the index did not answer for, so that more may be there;
    `opaque` are releases that were looked at whose requirements nobody knows, since they have no wheel.
    """

    conflict: tuple[str, ...] = ()
    unread: Unread = field(default_factory=Unread)
    untold: frozenset[str] = frozenset()
    opaque: frozenset[Release] = frozenset()


def judge(offers: Offers, before: frozenset[str], wanted: Candidate) -> Verdict:
    """Say whether an installer could take `wanted` as soon as it is up, with all it brings.

    Of the plan, what is `before` it (distributions) is up by then, and `wanted` itself.
    """
    itself = frozenset([wanted.name])
    return (
        _preferred(offers, before | itself, wanted)
        or _preferred(offers, itself, wanted)
        or _searched(offers, before | itself, wanted)
    )


def _preferred(offers: Offers, available: frozenset[str], wanted: Candidate) -> Verdict | None:
    """Take the preferred version of everything; None where these do not go together."""
    waiting, seen = [wanted], {wanted}
    while waiting:
        candidate = waiting.pop()
        for wish in offers.wishes(candidate):
            version = wanted.version if wish.name == wanted.name else offers.preferred(wish.name, available)
            if version is None or not admits(wish.specifier, version):
                return None
            brought = Candidate(name=wish.name, extra=wish.extra, version=version)
            if brought not in seen:
                seen.add(brought)
                waiting.append(brought)
    releases = {each.release for each in seen}
    return Verdict(
        unread=Unread(releases=frozenset(each for each in releases if not offers.is_read(each))),
        opaque=frozenset(filter(offers.is_opaque, releases)),
    )


def _searched(offers: Offers, available: frozenset[str], wanted: Candidate) -> Verdict:
    provider = _Provider(offers, available)
    itself = Wish(name=wanted.name, extra=wanted.extra, specifier=SpecifierSet(f"==={wanted.version}"))
    resolution: Resolution[Wish, Candidate, _Key] = Resolution(provider, BaseReporter())
    conflict: tuple[str, ...] = ()
    try:
        resolution.resolve([itself], max_rounds=_MOST_STEPS)
    except _UnaskedError as unasked:
        return Verdict(unread=Unread(projects=frozenset([unasked.name])))
    except ResolutionImpossible as impossible:
        conflict = tuple(sorted({_told(each) for each in impossible.causes} - {""}))
    except ResolutionTooDeep:
        conflict = (f"no choice of versions was found in {_MOST_STEPS} steps",)
    return Verdict(
        conflict=conflict,
        unread=Unread(releases=frozenset(each for each in provider.seen if not offers.is_read(each))),
        untold=frozenset(provider.untold),
        opaque=frozenset(filter(offers.is_opaque, provider.seen)),
    )


def _told(cause: RequirementInformation[Wish, Candidate]) -> str:
    return f"{cause.parent} needs {cause.requirement.shown}" if cause.parent and cause.requirement.shown else ""


class _UnaskedError(Exception):
    """A project that the snapshot says nothing of turned up."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Provider(AbstractProvider[Wish, Candidate, _Key]):
    """Offers as resolvelib asks about them; notes which releases were looked at, and which projects are not known."""

    def __init__(self, offers: Offers, available: frozenset[str]) -> None:
        self._offers = offers
        self._available = available
        self.seen: set[Release] = set()
        self.untold: set[str] = set()

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
        snapshot = self._offers.snapshot
        if name in snapshot.unknown:
            self.untold.add(name)
        elif name not in snapshot.projects:
            raise _UnaskedError(name)
        first = self._offers.preferred(name, self._available)
        return [
            Candidate(name=name, extra=extra, version=version)
            for version in dict.fromkeys([*([first] if first else []), *self._offers.versions(name)])
            if version not in excluded and all(admits(wish.specifier, version) for wish in wishes)
        ]

    def is_satisfied_by(self, requirement: Wish, candidate: Candidate) -> bool:
        return admits(requirement.specifier, candidate.version)

    def get_dependencies(self, candidate: Candidate) -> tuple[Wish, ...]:
        self.seen.add(candidate.release)
        return self._offers.wishes(candidate)
