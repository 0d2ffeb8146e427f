"""In which ways a published package is installed to prove it: Python, extras, lowest or highest requirements, file.

The whole product grows with everything a package declares. By default each value of each axis is taken once, where a
fault of it would show: new things on the newest Python, floors on the oldest.

    the package alone, wheel, highest      on every Python
    each extra, wheel, highest             on the newest
    the package alone, sdist, highest      on the newest
    the package alone, wheel, lowest       on the oldest, if it requires anything
    each extra, wheel, lowest              on the oldest, if it brings anything

Of P Pythons and E extras that makes at most P + 2 E + 2 environments, instead of 4 P (E + 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from packaging.requirements import Requirement

    from tooling.model.artifact import Kind
    from tooling.model.package import Package

Resolution = Literal["highest", "lowest-direct"]
"""As uv calls them: the newest versions that fit, or of all declared requirements the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """One environment: the minor version of its Python, the extra asked for if any, which versions, which file."""

    python: str
    extra: str | None = None
    resolution: Resolution = "highest"
    kind: Kind = "wheel"

    @property
    def extras(self) -> frozenset[str]:
        """The extras asked for."""
        return frozenset((self.extra,)) if self.extra else frozenset()

    def __str__(self) -> str:
        """`Python 3.12, lowest requirements, from its sdist`: what is not said is the usual."""
        lowest = ", lowest requirements" if self.resolution == "lowest-direct" else ""
        return f"Python {self.python}{lowest}{', from its sdist' if self.kind == 'sdist' else ''}"


def combinations(package: Package, pythons: Collection[str], *, exhaustive: bool = False) -> tuple[Combination, ...]:
    """Choose the ways to install `package` on `pythons` (minor versions), without repetition.

    Lowest and highest are told apart only where something is required. No Python gives no way.
    """
    ordered = sorted(pythons, key=Version)
    if not ordered:
        return ()
    chosen = _every(package, ordered) if exhaustive else _small(package, ordered)
    return tuple(dict.fromkeys(each for each in chosen if _differs(package, each)))


def declared(package: Package, extras: Collection[str] = ()) -> tuple[Requirement, ...]:
    """All that a package requires with these extras; an extra that names others of its package brings what they do."""
    found = list(package.requirements)
    waiting, seen = sorted(extras), set[str]()
    while waiting:
        extra = waiting.pop(0)
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in package.extras.get(extra, ()):
            if canonicalize_name(requirement.name) == package.distribution:
                waiting += sorted(map(canonicalize_name, requirement.extras))
            else:
                found.append(requirement)
    return tuple(dict.fromkeys(found))


def _small(package: Package, pythons: Sequence[str]) -> Iterator[Combination]:
    oldest, newest = pythons[0], pythons[-1]
    for python in pythons:
        yield Combination(python=python)
    for extra in package.extras:
        yield Combination(python=newest, extra=extra)
    yield Combination(python=newest, kind="sdist")
    for each in (None, *package.extras):
        yield Combination(python=oldest, extra=each, resolution="lowest-direct")


def _every(package: Package, pythons: Sequence[str]) -> Iterator[Combination]:
    resolutions: tuple[Resolution, ...] = ("highest", "lowest-direct")
    kinds: tuple[Kind, ...] = ("wheel", "sdist")
    for python, extra, resolution, kind in product(pythons, (None, *package.extras), resolutions, kinds):
        yield Combination(python=python, extra=extra, resolution=resolution, kind=kind)


def _differs(package: Package, combination: Combination) -> bool:
    if combination.resolution == "highest":
        return True
    brought = package.requirements if combination.extra is None else package.extras[combination.extra]
    return bool(brought)
