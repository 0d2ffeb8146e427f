"""`invoke check --api`: which packages broke their users and do not say so, against what is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.effects.standings import Standings
from tooling.model.broken_api import BrokenApi
from tooling.model.versions import Change, next_version, part_for
from tooling.plan.sizes import too_small

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.effects.bumping import Bumping
    from tooling.model.package import Package


def broken_apis(bumping: Bumping, packages: Sequence[Package]) -> dict[str, BrokenApi]:
    """Compare these packages, as built, with their last releases; only what broke untold is returned, by name.

    Raises:
        MaestroError: index, builds or wheels do not tell what has to be known.
    """
    names = [package.name for package in packages]
    with bumping.reading() as index:
        standings = Standings.of(
            bumping.workspace, names, index=index, builder_in=bumping.builder_in, watcher=bumping.watcher
        )
        standings.look(names)
    found = {}
    for package in packages:
        standing = standings.known[package.name]
        broken = too_small(package.version, standing)
        if broken and standing.since is not None:
            least = next_version(standing.since, part_for(Change.BREAKING, standing.since))
            what = tuple(dict.fromkeys(each.detail for each in broken))
            found[package.name] = BrokenApi(since=standing.since, least=least, what=what)
    return found
