"""Who would pick up a release: what each requirement on it, published or in the tree, makes of one version."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

_UPPER_ENDS = ("<", "<=", "~=", "==", "===")


class Reaction(Enum):
    """What a requirement makes of a version."""

    EXCLUDES = "excludes"
    PINS = "pins"
    BOUNDED = "takes"
    UNPINNED = "takes, unpinned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """One version of a distribution that may need the released one.

    `requirements` are all it has, with `extra == …` in their markers; None: nobody knows. `published`: from the index.
    """

    distribution: str
    version: Version
    published: bool
    requirements: tuple[Requirement, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What one requirement of one version makes of the release; `requirement` None: unknown."""

    dependent: Dependent
    requirement: Requirement | None
    reaction: Reaction


def impacts(distribution: str, version: Version, dependents: Iterable[Dependent]) -> tuple[Impact, ...]:
    """The impact of a release on each of `dependents` that needs it; the tree first, then by name, newest first."""
    ordered = sorted(dependents, key=lambda each: each.version, reverse=True)
    ordered.sort(key=lambda each: (each.published, each.distribution))
    return tuple(impact for each in ordered for impact in _impacts(distribution, version, each))


def _impacts(distribution: str, version: Version, dependent: Dependent) -> Iterable[Impact]:
    if dependent.requirements is None:
        yield Impact(dependent=dependent, requirement=None, reaction=Reaction.UNKNOWN)
        return
    for requirement in dependent.requirements:
        if canonicalize_name(requirement.name) == distribution:
            reaction = reaction_of(requirement.specifier, version)
            yield Impact(dependent=dependent, requirement=requirement, reaction=reaction)


def reaction_of(specifier: SpecifierSet, version: Version) -> Reaction:
    """What a specifier makes of a version, as an installer that was not asked for pre-releases would (PEP 440).

    It pins with a `==` or `===` that names one version; it is unpinned where nothing ends it above, so that it takes
    whatever follows too.
    """
    if not specifier.contains(version, prereleases=bool(specifier.prereleases)):
        return Reaction.EXCLUDES
    if any(each.operator in {"==", "==="} and not each.version.endswith(".*") for each in specifier):
        return Reaction.PINS
    bounded = any(each.operator in _UPPER_ENDS for each in specifier)
    return Reaction.BOUNDED if bounded else Reaction.UNPINNED
