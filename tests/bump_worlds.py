"""Random graphs of packages for tests of bumps, and what a plan makes of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from factories import make_package, make_workspace_of
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version

from tooling.model.package import distribution_of
from tooling.model.requirement_text import needs_edit
from tooling.model.versioning import FLOORS, Versioning
from tooling.model.workspace import ROOT, Workspace, arrange
from tooling.plan.bump_edits import range_text
from tooling.plan.bumps import BumpPlan, BumpRequest, make_bump_plan
from tooling.plan.evidence import Comparison, Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tooling.model.versions import Part
    from tooling.plan.ranges import RangeEdit


RANGES = (">=1.0.0", ">=1.0.0,<2", "~=1.0", "==1.0.0", ">=1.0.0,<1.1")
NONE = Versioning()
PART_CHOICES: st.SearchStrategy[tuple[Part, ...]] = st.sampled_from(
    [("major",), ("minor",), ("patch",), ("rc",), ("minor", "alpha")]
)
TOLD = Standing(unreleased={"Fixed": "- A bug."}, comparison=Comparison(since=None))


@st.composite
def graphs(
    draw: st.DrawFn, least: int = 1, most: int = 6, kinds: Sequence[str] = ("none", "none", "needs", "extra")
) -> Workspace:
    """A workspace of packages a, b, c … at 1.0.0, each needing some of those before it, extras included.

    Dependency groups, of packages and of the root, name any of them.
    """
    names = "abcdefghijkl"[: draw(st.integers(least, most))]
    packages = []
    for place, name in enumerate(names):
        needs, extras = [], []
        for other in names[:place]:
            kind = draw(st.sampled_from(kinds))
            text = distribution_of(other) + draw(st.sampled_from(RANGES))
            if kind == "needs":
                needs.append(text)
            elif kind == "extra":
                extras.append(text)
        extra = {"x": extras} if extras else None
        packages.append(make_package(name, needs=needs, extras=extra, groups=draw(_groups(names))))
    return make_workspace_of(*packages, groups=draw(_groups(names)))


def _groups(names: str) -> st.SearchStrategy[dict[str, list[str]]]:
    texts = st.builds(lambda name, text: distribution_of(name) + text, st.sampled_from(names), st.sampled_from(RANGES))
    return st.dictionaries(st.sampled_from(["test", "x"]), st.lists(texts, max_size=2), max_size=1)


@st.composite
def policies(draw: st.DrawFn, workspace: Workspace, *, lockstep: bool = False) -> Versioning:
    """A policy for the edges of a workspace; with `lockstep`, perhaps a group."""
    edges = [(name, need.package) for name, needs in workspace.needs.items() for need in needs]
    floors = {edge: draw(st.sampled_from(FLOORS)) for edge in edges if draw(st.booleans())}
    groups = {}
    if lockstep and draw(st.booleans()):
        members = draw(st.lists(st.sampled_from(sorted(workspace.packages)), unique=True, max_size=3))
        groups = {"group": tuple(members)}
    return Versioning(floors=floors, lockstep=groups)


def told(workspace: Workspace) -> dict[str, Standing]:
    """Every package has something under Unreleased, and nothing is published."""
    return dict.fromkeys(workspace.packages, TOLD)


def planned(
    workspace: Workspace,
    *packages: str,
    parts: tuple[Part, ...] = (),
    to: str | None = None,
    auto: bool = False,
    override: str | None = None,
    policy: Versioning = NONE,
    **standing: Standing,
) -> BumpPlan:
    """Plan with something under Unreleased everywhere; `standing` replaces that of packages."""
    request = BumpRequest(packages=packages, parts=parts, to=Version(to) if to else None, auto=auto, override=override)
    return make_bump_plan(workspace, request, policy, {**told(workspace), **standing})


def applied(workspace: Workspace, plan: BumpPlan) -> Workspace:
    """The workspace as it is when a plan was carried out."""
    packages = dict(workspace.packages)
    for bump in plan.bumps:
        package = packages[bump.package]
        moved = {(edit.need.requirement, edit.need.extra): Requirement(range_text(edit)) for edit in bump.ranges}
        packages[bump.package] = replace(
            package,
            version=bump.after,
            requirements=tuple(moved.get((each, None), each) for each in package.requirements),
            extras={
                extra: tuple(moved.get((each, extra), each) for each in members)
                for extra, members in package.extras.items()
            },
        )
    groups = {owner: _applied_groups(found, plan.groups.get(owner, ())) for owner, found in workspace.groups.items()}
    packages = {name: replace(package, groups=groups[name]) for name, package in packages.items()}
    return arrange(workspace.root, packages.values(), groups[ROOT])


def _applied_groups(groups: Mapping[str, Collection[str]], edits: Collection[RangeEdit]) -> dict[str, tuple[str, ...]]:
    moved = {(edit.need.requirement, edit.need.group): range_text(edit) for edit in edits}
    return {
        group: tuple(moved.get((Requirement(text), group), text) for text in texts) for group, texts in groups.items()
    }


def unsatisfied(workspace: Workspace) -> list[str]:
    """The edges of the tree, and what its dependency groups say, that exclude what stands in the tree."""
    return [
        f"{name}: {need.requirement}"
        for name in workspace.groups
        for need in (*workspace.needs.get(name, ()), *workspace.grouped(name))
        if not need.requirement.specifier.contains(workspace.packages[need.package].version, prereleases=True)
    ]


def smallest_sets(workspace: Workspace, policy: Versioning, asked: Mapping[str, Version]) -> set[frozenset[str]]:
    """By trying all: the smallest sets of packages that hold those asked for and leave no edge to be touched.

    A package that only follows goes to its next patch, 1.0.1.
    """
    others = sorted(set(workspace.packages) - asked.keys())
    for size in range(len(others) + 1):
        found = {
            frozenset({*asked, *more})
            for more in combinations(others, size)
            if _closed(workspace, policy, {**dict.fromkeys(more, Version("1.0.1")), **asked})
        }
        if found:
            return found
    return set()


def _closed(workspace: Workspace, policy: Versioning, after: Mapping[str, Version]) -> bool:
    return not any(
        name not in after
        and need.package in after
        and needs_edit(need.requirement, after[need.package], policy.floor_of(name, need.package))
        for name, needs in workspace.needs.items()
        for need in needs
    )
