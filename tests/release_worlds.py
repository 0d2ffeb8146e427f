"""Published releases as values: what an index shows of them, and by trying all, what an installer can take."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from factories import listed, make_artifacts, snapshot_of
from packaging.requirements import Requirement

from tooling.plan.planner import make_plan, prerequisites
from tooling.plan.snapshot import Snapshot, published_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packaging.version import Version

    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.publishing import Plan
    from tooling.plan.snapshot import Unread

    Releases = Mapping[str, Mapping[Version, tuple[Requirement, ...]]]

PYTHON = {"python_version": "3.11"}


def metadata_of(package: Package) -> tuple[Requirement, ...]:
    """What a package requires as its wheel says it: extras in markers."""
    return tuple(
        Requirement(f"{requirement} ; extra == '{extra}'" if extra else str(requirement))
        for requirement, extra in package.all_requirements()
    )


def with_releases(releases: Releases, *packages: Package) -> Releases:
    """The releases and more."""
    found = dict(releases)
    for each in packages:
        found[each.distribution] = {**found.get(each.distribution, {}), each.version: metadata_of(each)}
    return found


def shown(releases: Releases, names: Iterable[str]) -> Snapshot:
    """What an index with these releases shows of `names`: pages, and nothing of what they require."""
    files = [
        (name, listed(f"{name.replace('-', '_')}-{version}-py3-none-any.whl"))
        for name in names
        for version in releases.get(name, {})
    ]
    return snapshot_of(names, files)


def read(releases: Releases, snapshot: Snapshot, unread: Unread) -> Snapshot:
    """What the index shows when it was asked for more."""
    more = {(name, version): releases[name][version] for name, version in unread.releases}
    return replace(
        snapshot,
        projects={**snapshot.projects, **shown(releases, unread.projects).projects},
        requirements={**snapshot.requirements, **more},
    )


def plan_on(releases: Releases, workspace: Workspace, packages: Sequence[Package]) -> tuple[Plan, list[Unread]]:
    """Plan on these releases, reading what the plan asks for; also return what that was."""
    asked = {each.distribution for each in packages} | prerequisites(workspace, packages)
    snapshot, rounds = shown(releases, asked), []
    while (plan := make_plan(workspace, packages, make_artifacts(packages), snapshot)).unread:
        assert plan.unread not in rounds
        rounds.append(plan.unread)
        snapshot = read(releases, snapshot, plan.unread)
    return plan, rounds


def everything(releases: Releases) -> Snapshot:
    """What an index shows whose every page and release was read."""
    snapshot = shown(releases, releases)
    known = {(name, each): releases[name][each] for name in releases for each in published_versions(snapshot, name)}
    return replace(snapshot, requirements=known)


def is_installable(releases: Releases, name: str, version: Version, extra: str | None) -> bool:
    """Whether some choice of one version of each distribution satisfies a release with its extra, and all it brings."""
    names = sorted(releases)
    offered: list[list[Version | None]] = [[*releases[each], None] if each != name else [version] for each in names]
    choices = product(*offered)
    return any(_holds(releases, dict(zip(names, choice, strict=True)), (name, extra)) for choice in choices)


def _holds(releases: Releases, chosen: Mapping[str, Version | None], root: tuple[str, str | None]) -> bool:
    waiting, seen = [root], set[tuple[str, str | None]]()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        name, extra = node
        version = chosen.get(name)
        assert version is not None
        for requirement in releases[name][version]:
            if requirement.marker and not requirement.marker.evaluate({**PYTHON, "extra": extra or ""}):
                continue
            taken = chosen.get(requirement.name)
            if taken is None or not requirement.specifier.contains(taken, prereleases=True):
                return False
            waiting += [(requirement.name, each) for each in (None, *requirement.extras)]
    return True
