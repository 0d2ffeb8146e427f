"""Tests of many packages on several Pythons, dealt out to as many machines as a CI lends: the matrix as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LIMIT = 256  # jobs that GitHub makes of one matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What one machine does: test `packages` (folder names, sorted) on one Python; `number` of `total` on that one."""

    python: str
    packages: tuple[str, ...]
    number: int
    total: int

    @property
    def name(self) -> str:
        """What people see: the Python, and the package if there is one, else which part this is."""
        return f"{self.python} {self.packages[0] if len(self.packages) == 1 else f'{self.number} of {self.total}'}"

    @property
    def words(self) -> str:
        """The packages as flags of a command."""
        return " ".join(f"--package {name}" for name in self.packages)


def deal(pythons: Mapping[str, Sequence[str]], limit: int = LIMIT) -> tuple[Shard, ...]:
    """Give each package once to each of its Pythons, in shards of one Python each.

    A shard holds one package if there are no more of them than `limit`. Else the largest shard is as small as it can
    be, and shards of one Python differ by one package at most. The same input gives the same shards, in whatever order
    it comes.

    Args:
        pythons: the minor versions each package is tested on, by its name.
        limit: the most shards there may be; at least one for each Python is made.
    """
    packages = _by_python(pythons)
    size = _smallest_size({python: len(names) for python, names in packages.items()}, limit)
    return tuple(shard for python, names in packages.items() for shard in _dealt(python, names, size))


def _by_python(pythons: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The packages of each Python, both in order."""
    versions = sorted({version for found in pythons.values() for version in found}, key=Version)
    return {version: sorted(name for name, found in pythons.items() if version in found) for version in versions}


def _smallest_size(counts: Mapping[str, int], limit: int) -> int:
    """How many packages the largest shard has to hold: every Python needs its count by size, rounded up."""
    most = max(counts.values(), default=1)
    return next((size for size in range(1, most) if _shards(counts.values(), size) <= limit), most)


def _shards(counts: Iterable[int], size: int) -> int:
    return sum(-(-count // size) for count in counts)


def _dealt(python: str, names: Sequence[str], size: int) -> Iterable[Shard]:
    """Like cards, so that neighbours by name, which are often alike, do not sit together."""
    total = -(-len(names) // size)
    for number in range(total):
        yield Shard(python=python, packages=tuple(names[number::total]), number=number + 1, total=total)
