"""Which packages a bump touches, to which version, and why: by tables, and on random graphs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bump_worlds import NONE, PART_CHOICES, TOLD, applied, graphs, planned, policies, smallest_sets, told, unsatisfied
from factories import make_package, make_workspace_of
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from properties import untimed

from tooling.errors import UsageError
from tooling.model.versioning import Versioning
from tooling.model.versions import Change, Part, next_version
from tooling.model.workspace import ROOT
from tooling.plan.bump_edits import path_in, range_text
from tooling.plan.bumps import BumpPlan, BumpRequest, make_bump_plan, reachable
from tooling.plan.evidence import Comparison, Evidence, Interface, Standing, told_by_changelog, told_by_metadata

V = Version

CHAIN = make_workspace_of(
    make_package("low"),
    make_package("mid", needs=["maestro-low>=1.0.0,<2"]),
    make_package("high", needs=["maestro-mid>=1.0.0"], extras={"log": ["maestro-low>=1.0.0"]}),
)


def versions(plan: BumpPlan) -> dict[str, str]:
    return {bump.package: str(bump.after) for bump in plan.bumps}


def codes(plan: BumpPlan) -> list[tuple[str, str]]:
    return [(refusal.package, refusal.code) for refusal in plan.refusals]


def published(*evidence: Evidence, at: str = "1.0.0", unreleased: dict[str, str] | None = None) -> Standing:
    """A package whose release `at` is in the index, with what its wheels show since."""
    comparison = Comparison(since=V(at), evidence=evidence, listed=True)
    told = {"Fixed": "- A bug."} if unreleased is None else unreleased
    return Standing(published=frozenset({V(at)}), comparison=comparison, unreleased=told)


BREAK = Evidence(
    change=Change.BREAKING, source="api", detail="maestro_low.greet: it was removed", name="maestro_low.greet"
)
NEWS = Evidence(change=Change.FEATURE, source="api", detail="maestro_low.wave is new", name="maestro_low.wave")


def test_a_dependent_whose_range_admits_the_version_is_left_alone() -> None:
    assert versions(planned(CHAIN, "low", parts=("minor",))) == {"low": "1.1.0"}


def test_a_dependent_whose_range_excludes_it_follows_and_says_why() -> None:
    plan = planned(CHAIN, "low", parts=("major",))
    assert versions(plan) == {"low": "2.0.0", "mid": "1.0.1"}
    bump = plan.of("mid")
    assert bump is not None
    assert [reason.text for reason in bump.reasons] == ["it requires maestro-low>=1.0.0,<2, which excludes 2.0.0"]


def test_following_goes_on_as_far_as_it_must() -> None:
    policy = Versioning(floors={("high", "mid"): "latest"})
    plan = planned(CHAIN, "low", parts=("major",), policy=policy)
    assert versions(plan) == {"low": "2.0.0", "mid": "1.0.1", "high": "1.0.1"}
    high = plan.of("high")
    assert high is not None
    assert [reason.text for reason in high.reasons] == ['it requires maestro-mid>=1.0.0, and its floor is "latest"']


def test_an_exact_edge_follows_every_version() -> None:
    policy = Versioning(floors={("high", "low"): "exact"})
    assert versions(planned(CHAIN, "low", parts=("patch",), policy=policy)) == {"low": "1.0.1", "high": "1.0.1"}


def test_dependents_of_a_pre_release_become_pre_releases() -> None:
    plan = planned(CHAIN, "low", parts=("major", "rc"))
    assert versions(plan) == {"low": "2.0.0rc1", "mid": "1.0.1rc1"}
    after = applied(CHAIN, plan)
    plan = planned(after, "low", "mid", parts=("release",))
    assert versions(plan) == {"low": "2.0.0", "mid": "1.0.1"}
    assert str(applied(after, plan).needs["mid"][0].requirement) == "maestro-low<3,>=2.0.0"


def test_a_release_that_rests_on_a_pre_release_is_refused() -> None:
    after = applied(CHAIN, planned(CHAIN, "low", parts=("major", "rc")))
    assert codes(planned(after, "mid", parts=("release",))) == [("mid", "VS12")]


def test_lockstep_groups_move_to_one_version() -> None:
    policy = Versioning(lockstep={"platform": ("low", "high")})
    plan = planned(CHAIN, "high", parts=("minor",), policy=policy)
    assert versions(plan) == {"low": "1.1.0", "high": "1.1.0"}
    low = plan.of("low")
    assert low is not None
    assert [reason.text for reason in low.reasons] == ["it moves with high in the lockstep group platform"]


def test_a_lockstep_group_takes_the_greatest_version_that_one_of_it_needs() -> None:
    policy = Versioning(lockstep={"platform": ("low", "high")})
    plan = planned(CHAIN, "high", parts=("minor",), policy=policy, low=published(BREAK))
    assert versions(plan) == {"low": "2.0.0", "mid": "1.0.1", "high": "2.0.0"}


def test_a_dependent_takes_its_own_changes_with_it() -> None:
    plan = planned(CHAIN, "low", parts=("major",), mid=published(unreleased={"Added": "- More."}))
    assert versions(plan) == {"low": "2.0.0", "mid": "1.1.0"}


GROUPED = make_workspace_of(
    make_package("low", groups={"test": ["pytest>=9", "maestro-high>=1.0.0"]}),
    make_package("mid", groups={"test": ["maestro_Low[x] >=1.0.0,<2; python_version>'3'"], "docs": ["maestro-low"]}),
    make_package("high", needs=["maestro-mid>=1.0.0"]),
    groups={"types": ["maestro-low~=1.0", "maestro-low>=>1", "maestro-low @ file:///low", "./low"]},
)


def grouped(plan: BumpPlan) -> dict[str, list[tuple[str | None, str]]]:
    """What becomes of dependency groups, by owner."""
    return {owner: [(edit.need.group, range_text(edit)) for edit in edits] for owner, edits in plan.groups.items()}


def test_a_dependency_group_that_excludes_the_version_follows_and_what_is_not_released_needs_no_version_for_it() -> (
    None
):
    plan = planned(GROUPED, "low", parts=("major",))
    assert versions(plan) == {"low": "2.0.0"}
    assert grouped(plan) == {
        "mid": [("test", 'maestro_Low[x]>=2.0.0,<3; python_version > "3"')],
        ROOT: [("types", "maestro-low~=2.0")],
    }
    why = 'its group test requires maestro_Low[x]>=1.0.0,<2; python_version > "3", which excludes 2.0.0'
    assert [edit.why for edit in plan.groups["mid"]] == [why]


def test_a_dependency_group_that_admits_the_version_is_left_alone() -> None:
    assert grouped(planned(GROUPED, "low", parts=("minor",))) == {}


def test_a_dependency_group_follows_the_policy_of_its_edge() -> None:
    policy = Versioning(floors={("low", "high"): "latest", ("mid", "low"): "exact"})
    plan = planned(GROUPED, "high", parts=("minor",), policy=policy)
    assert (versions(plan), grouped(plan)) == ({"high": "1.1.0"}, {"low": [("test", "maestro-high>=1.1.0")]})
    assert plan.groups["low"][0].why == 'its group test requires maestro-high>=1.0.0, and its floor is "latest"'
    plan = planned(GROUPED, "low", parts=("patch",), policy=policy)
    assert grouped(plan)["mid"] == [
        ("test", 'maestro_Low[x]==1.0.1; python_version > "3"'),
        ("docs", "maestro-low==1.0.1"),
    ]


def test_what_a_group_says_of_its_own_package_is_no_edge_and_moves_only_when_it_must() -> None:
    workspace = make_workspace_of(make_package("low", groups={"test": ["maestro-low[x]", "maestro-low[y]<2"]}))
    policy = Versioning(floor="latest")
    assert grouped(planned(workspace, "low", parts=("minor",), policy=policy)) == {}
    plan = planned(workspace, "low", parts=("major",), policy=policy)
    assert grouped(plan) == {"low": [("test", "maestro-low[y]>=2.0.0,<3")]}


@pytest.mark.parametrize("standing", [published(), replace(TOLD, tagged=frozenset({V("1.0.0")}))], ids=["index", "tag"])
def test_a_released_package_whose_groups_follow_gets_a_version_of_its_own(standing: Standing) -> None:
    """Its sdist holds its manifest, so it would not be what was released any more."""
    plan = planned(GROUPED, "low", parts=("major",), mid=standing)
    assert versions(plan) == {"low": "2.0.0", "mid": "1.0.1"}
    mid = plan.of("mid")
    assert mid is not None
    assert [(each.kind, each.text) for each in mid.reasons] == [("dependent", plan.groups["mid"][0].why)]
    assert versions(planned(GROUPED, "low", "mid", parts=("major",), mid=standing)) == {"low": "2.0.0", "mid": "2.0.0"}


def test_whoever_needs_what_moves_for_its_groups_follows_in_its_turn() -> None:
    workspace = make_workspace_of(
        make_package("above", needs=["maestro-grouped==1.0.0"]),
        make_package("grouped", groups={"test": ["maestro-low<2"]}),
        make_package("low"),
    )
    plan = planned(workspace, "low", parts=("major",), grouped=published(), above=published())
    assert versions(plan) == {"low": "2.0.0", "grouped": "1.0.1", "above": "1.0.1"}
    assert reachable(workspace, NONE, ["low"]) == ("above", "grouped", "low")


def test_a_group_that_follows_a_pre_release_is_released_as_one() -> None:
    plan = planned(GROUPED, "low", parts=("major", "rc"), mid=published())
    assert versions(plan) == {"low": "2.0.0rc1", "mid": "1.0.1rc1"}


def test_edits_that_are_not_committed_in_a_manifest_whose_groups_follow_are_a_reason_against_it() -> None:
    dirty = {name: Standing(dirty=(path_in(name, "pyproject.toml"),)) for name in ("mid", ROOT)}
    request = BumpRequest(packages=("low",), parts=("major",))
    plan = make_bump_plan(GROUPED, request, NONE, {**told(GROUPED), **dirty})
    assert [(each.package, each.code, each.message.partition(" ")[0]) for each in plan.refusals] == [
        ("mid", "VS02", "packages/mid/pyproject.toml"),
        ("low", "VS02", "pyproject.toml"),
    ]


def test_other_edits_of_whoever_is_in_a_group_only_are_no_reason() -> None:
    dirty = Standing(dirty=("packages/mid/CHANGELOG.md",))
    assert codes(planned(GROUPED, "low", parts=("major",), mid=dirty)) == []


@pytest.mark.parametrize(
    ("standing", "expected", "why"),
    [
        (published(BREAK), "2.0.0", "maestro_low.greet: it was removed"),
        (published(NEWS), "1.1.0", "maestro_low.wave is new"),
        (published(), "1.0.1", "the changelog has entries under Fixed"),
        (published(unreleased={"Removed": "- greet."}), "2.0.0", "the changelog has entries under Removed"),
        (published(unreleased={"": "- **Breaking:** all new."}), "2.0.0", "the changelog announces a breaking change"),
    ],
)
def test_auto_is_the_smallest_legal_part_and_says_why(standing: Standing, expected: str, why: str) -> None:
    plan = planned(CHAIN, "low", auto=True, low=standing)
    low = plan.of("low")
    assert low is not None
    assert (str(low.after), low.reasons[0].text) == (expected, why)


@pytest.mark.parametrize(
    ("version", "expected"), [("0.4.0", "0.5.0"), ("0.4.1rc1", "0.5.0rc1"), ("0.5.0rc1", "0.5.0rc2")]
)
def test_below_one_a_break_raises_the_second_number_and_a_pre_release_stays_one(version: str, expected: str) -> None:
    workspace = make_workspace_of(make_package("low", version))
    standing = replace(published(BREAK, at="0.4.0"), published=frozenset({V("0.4.0"), V(version)}))
    assert versions(planned(workspace, "low", auto=True, low=standing)) == {"low": expected}


def test_auto_leaves_a_first_version_and_says_so() -> None:
    plan = planned(CHAIN, "low", auto=True)
    assert not plan.bumps
    assert plan.notes == (
        "low was never published, so there is nothing to compare it with.",
        "low stays at 1.0.0: the first version stands.",
    )


def test_auto_leaves_what_did_not_change() -> None:
    same = Standing(
        published=frozenset({V("1.0.0")}),
        comparison=Comparison(since=V("1.0.0"), same=True, listed=True),
        unreleased={},
    )
    plan = planned(CHAIN, "low", auto=True, low=same)
    assert not plan.bumps
    assert plan.notes == ("low stays at 1.0.0: nothing changed since it was published.",)


def test_what_auto_would_leave_is_not_said_to_stay_when_it_has_to_follow() -> None:
    same = Standing(
        published=frozenset({V("1.0.0")}),
        comparison=Comparison(since=V("1.0.0"), same=True, listed=True),
        unreleased={},
    )
    plan = planned(CHAIN, "low", "mid", auto=True, low=published(BREAK), mid=same)
    assert versions(plan) == {"low": "2.0.0", "mid": "1.0.1"}
    assert plan.notes == ()


def test_auto_leaves_a_version_that_is_not_published_yet_and_far_enough() -> None:
    workspace = make_workspace_of(make_package("low", "1.1.0"))
    assert not planned(workspace, "low", auto=True, low=published(NEWS)).bumps
    assert versions(planned(workspace, "low", auto=True, low=published(BREAK))) == {"low": "2.0.0"}


def test_a_bump_smaller_than_the_break_is_refused_with_the_names_and_goes_with_a_reason() -> None:
    plan = planned(CHAIN, "low", parts=("minor",), low=published(BREAK))
    assert codes(plan) == [("low", "VS06")]
    assert "maestro_low.greet: it was removed" in plan.refusals[0].message
    assert "--to 2.0.0" in plan.refusals[0].hint
    plan = planned(CHAIN, "low", parts=("minor",), override="Nobody called it.", low=published(BREAK))
    assert not plan.refusals
    assert [bump.overridden for bump in plan.bumps] == [("maestro_low.greet",)]


def test_a_dependent_that_broke_is_never_dragged_along_in_a_patch() -> None:
    assert versions(planned(CHAIN, "low", parts=("major",), mid=published(BREAK))) == {"low": "2.0.0", "mid": "2.0.0"}


def test_there_has_to_be_something_to_override() -> None:
    assert codes(planned(CHAIN, "low", parts=("minor",), override="Why not.", low=published(NEWS))) == [("low", "VS08")]


def test_every_refusal_is_found_at_once() -> None:
    nothing = replace(TOLD, unreleased={})
    taken = replace(TOLD, published=frozenset({V("2.0.0")}), tagged=frozenset({V("2.0.0")}))
    dirty = replace(TOLD, dirty=("packages/high/CHANGELOG.md",))
    plan = planned(CHAIN, "low", "mid", "high", to="2.0.0", low=nothing, mid=taken, high=dirty)
    assert codes(plan) == [("low", "VS01"), ("mid", "VS03"), ("mid", "VS04"), ("high", "VS02")]


@pytest.mark.parametrize("to", ["1.0.0", "0.9.0", "1.0.0rc1"])
def test_a_version_never_goes_down(to: str) -> None:
    assert codes(planned(CHAIN, "high", to=to)) == [("high", "VS05")]


def test_a_package_without_changelog_is_refused() -> None:
    assert codes(planned(CHAIN, "high", to="1.1", high=replace(TOLD, unreleased=None))) == [("high", "VS11")]


def test_a_pre_release_may_become_a_release_with_nothing_new_to_say() -> None:
    workspace = make_workspace_of(make_package("low", "1.1.0rc1"))
    assert not planned(workspace, "low", parts=("release",), low=replace(TOLD, unreleased={})).refusals


def test_a_part_that_does_not_follow_is_a_refusal_of_its_package() -> None:
    assert codes(planned(CHAIN, "low", "mid", parts=("release",))) == [("low", "VS07"), ("mid", "VS07")]


@pytest.mark.parametrize(
    "words", [{}, {"auto": True, "to": V("2")}, {"auto": True, "override": "x"}, {"to": V("2"), "override": " "}]
)
def test_a_request_says_one_thing(words: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        BumpRequest(packages=("low",), **words)  # type: ignore[arg-type]
    assert caught.value.code == "VS08"


def test_metadata_tell_of_extras_pythons_and_requirements() -> None:
    old = Interface(requires=frozenset({"a>=1", "b"}), extras=frozenset({"x", "y"}), requires_python=">=3.11")
    new = Interface(requires=frozenset({"a>=2", "b"}), extras=frozenset({"y", "z"}), requires_python=">=3.12")
    assert [(each.change, each.detail) for each in told_by_metadata(old, new)] == [
        (Change.BREAKING, "the extra x is gone"),
        (Change.FEATURE, "the extra z is new"),
        (Change.FEATURE, "it is for Python >=3.12 instead of >=3.11"),
        (Change.FIX, "it no longer requires a>=1"),
        (Change.FIX, "it requires a>=2"),
    ]
    assert told_by_metadata(new, new) == ()


def test_a_section_nobody_knows_counts_as_a_fix() -> None:
    assert [each.change for each in told_by_changelog({"Performance": "- Faster."})] == [Change.FIX]


@untimed
@given(st.data())
def test_dependents_are_as_few_as_can_be(data: st.DataObject) -> None:
    """Against every set of packages there is, tried one by one."""
    workspace = data.draw(graphs())
    policy = data.draw(policies(workspace))
    asked = data.draw(st.lists(st.sampled_from(sorted(workspace.packages)), unique=True, min_size=1))
    part: Part = data.draw(st.sampled_from(["major", "minor", "patch"]))
    plan = planned(workspace, *asked, parts=(part,), policy=policy)
    wanted = {name: next_version(V("1.0.0"), part) for name in asked}
    assert smallest_sets(workspace, policy, wanted) == {frozenset(versions(plan))}
    assert set(versions(plan)) <= set(reachable(workspace, policy, asked))


@untimed
@given(st.data())
def test_versions_go_up_and_every_edge_of_the_tree_stays_satisfied(data: st.DataObject) -> None:
    workspace = data.draw(graphs())
    for _ in range(data.draw(st.integers(1, 3))):
        policy = data.draw(policies(workspace, lockstep=True))
        asked = data.draw(st.lists(st.sampled_from(sorted(workspace.packages)), unique=True, min_size=1))
        plan = planned(workspace, *asked, parts=data.draw(PART_CHOICES), policy=policy)
        assert all(bump.after > bump.before for bump in plan.bumps)
        if {refusal.code for refusal in plan.refusals} & {"VS07"}:
            continue
        before = unsatisfied(workspace)
        workspace = applied(workspace, plan)
        assert set(unsatisfied(workspace)) <= set(before)


@untimed
@given(st.data())
def test_no_version_moves_for_a_dependency_group_of_what_is_not_released(data: st.DataObject) -> None:
    """And yet each group that names a package admits what it moved to (the property above)."""
    workspace = data.draw(graphs())
    packages = [replace(package, groups={}) for package in workspace.packages.values()]
    policy = data.draw(policies(workspace, lockstep=True))
    asked = data.draw(st.lists(st.sampled_from(sorted(workspace.packages)), unique=True, min_size=1))
    parts = data.draw(PART_CHOICES)
    plan = planned(workspace, *asked, parts=parts, policy=policy)
    bare = planned(make_workspace_of(*packages), *asked, parts=parts, policy=policy)
    assert (plan.bumps, plan.refusals, bare.groups) == (bare.bumps, bare.refusals, {})
    assert set(plan.groups) <= {ROOT, *reachable(workspace, policy, asked)}


@untimed
@given(st.data())
def test_asking_for_more_never_takes_anything_away(data: st.DataObject) -> None:
    workspace = data.draw(graphs())
    policy = data.draw(policies(workspace))
    names = st.lists(st.sampled_from(sorted(workspace.packages)), unique=True, min_size=1)
    some, more = data.draw(names), data.draw(names)
    fewer = planned(workspace, *some, parts=("minor",), policy=policy)
    plan = planned(workspace, *dict.fromkeys([*some, *more]), parts=("minor",), policy=policy)
    assert {bump.package for bump in fewer.bumps} <= {bump.package for bump in plan.bumps}
    assert all(plan.of(bump.package).after >= bump.after for bump in fewer.bumps)  # type: ignore[union-attr]
