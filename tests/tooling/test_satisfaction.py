"""Whether what goes up can be installed from what is there, by tables, and against an installer that tries all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bump_worlds import NONE, applied, graphs, planned, policies
from factories import listed, make_artifacts, make_package, make_workspace_of, snapshot_of
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.version import Version
from properties import untimed
from release_worlds import everything, is_installable, metadata_of, plan_on, with_releases

from tooling.plan.offers import Candidate, Offers
from tooling.plan.planner import make_plan
from tooling.plan.resolution import judge
from tooling.plan.snapshot import Unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from release_worlds import Releases

    from tooling.model.package import Package
    from tooling.model.versions import Part

V = Version

LOW_1 = make_package("low", "1.0.0")
LOW_2 = make_package("low", "2.0.0")
MID_1 = make_package("mid", "1.0.0", needs=["maestro-low>=1,<2"])
MID_2 = make_package("mid", "2.0.0", needs=["maestro-low>=2"])
TOP = make_package("top", "1.0.0", needs=["maestro-mid>=1", "maestro-low>=2"])


def releases_of(*packages: Package) -> Releases:
    return with_releases({}, *packages)


class TestConflicts:
    """Each requirement is satisfied, but not all of them by one choice."""

    def test_a_published_version_that_excludes_what_the_package_needs_is_named_and_so_is_the_way_out(self) -> None:
        workspace = make_workspace_of(LOW_2, MID_2, TOP)
        plan, _ = plan_on(releases_of(LOW_1, MID_1), workspace, [LOW_2, TOP])
        (refusal,) = plan.refusals
        assert (refusal.code, refusal.package) == ("PB13", "top")
        assert (
            "maestro-mid 1.0.0 needs maestro-low<2,>=1, but maestro-top 1.0.0 needs maestro-low>=2" in refusal.message
        )
        assert refusal.hint == "Publish what it needs as it is here: add --package mid, or use --all."

    def test_what_would_help_is_enough(self) -> None:
        workspace = make_workspace_of(LOW_2, MID_2, TOP)
        plan, _ = plan_on(releases_of(LOW_1, MID_1), workspace, [LOW_2, MID_2, TOP])
        assert plan.refusals == ()

    def test_where_the_tree_itself_disagrees_the_requirements_are_to_be_changed(self) -> None:
        workspace = make_workspace_of(LOW_2, MID_1, TOP)
        plan, _ = plan_on(releases_of(LOW_1, MID_1), workspace, [LOW_2, TOP])
        (refusal,) = plan.refusals
        assert refusal.hint == "Change one of these requirements, so that some version satisfies both."

    def test_a_conflict_of_an_extra_counts(self) -> None:
        top = make_package("top", needs=["maestro-low>=2"], extras={"more": ["maestro-mid>=1"]})
        plan, _ = plan_on(releases_of(LOW_1, MID_1), make_workspace_of(LOW_2, MID_2, top), [LOW_2, top])
        (refusal,) = plan.refusals
        assert (refusal.code, refusal.package) == ("PB13", "top")

    def test_extras_that_nobody_asks_for_do_not_count(self) -> None:
        mid = make_package("mid", "1.0.0", extras={"old": ["maestro-low<2"]})
        plan, _ = plan_on(releases_of(LOW_1, mid), make_workspace_of(LOW_2, MID_2, TOP), [LOW_2, TOP])
        assert plan.refusals == ()

    def test_extras_that_a_requirement_names_count(self) -> None:
        mid = make_package("mid", "1.0.0", extras={"old": ["maestro-low<2"]})
        top = make_package("top", needs=["maestro-mid[old]>=1", "maestro-low>=2"])
        plan, _ = plan_on(releases_of(LOW_1, mid), make_workspace_of(LOW_2, MID_2, top), [LOW_2, top])
        assert [refusal.code for refusal in plan.refusals] == ["PB13"]

    @pytest.mark.parametrize(("python", "codes"), [("3.11", ["PB13"]), ("3.8", [])])
    def test_a_requirement_counts_on_the_pythons_its_marker_names(self, python: str, codes: list[str]) -> None:
        mid = make_package("mid", "1.0.0", needs=[f'maestro-low<2; python_version == "{python}"'])
        plan, _ = plan_on(releases_of(LOW_1, mid), make_workspace_of(LOW_2, MID_2, TOP), [LOW_2, TOP])
        assert [refusal.code for refusal in plan.refusals] == codes

    def test_an_older_version_that_goes_with_the_rest_will_do(self) -> None:
        mid = make_package("mid", "0.9.0")
        top = make_package("top", needs=["maestro-mid>=0.9", "maestro-low>=2"])
        plan, _ = plan_on(releases_of(LOW_1, mid, MID_1), make_workspace_of(LOW_2, MID_2, top), [LOW_2, top])
        assert plan.refusals == ()

    def test_what_comes_only_later_in_the_run_does_not_count(self) -> None:
        """`low` is in the run, but nothing makes it go up before `top`, which needs it through `mid` alone."""
        mid = make_package("mid", "1.0.0", needs=["maestro-low>=2"])
        top = make_package("top", needs=["maestro-mid>=1"])
        plan, _ = plan_on(releases_of(LOW_1, mid), make_workspace_of(LOW_2, mid, top), [LOW_2, top])
        assert [(refusal.code, refusal.package) for refusal in plan.refusals] == [("PB13", "top")]

    def test_a_package_that_is_published_already_is_not_judged_again(self) -> None:
        workspace = make_workspace_of(LOW_2, MID_2, TOP)
        releases = releases_of(LOW_1, MID_1, LOW_2, TOP)
        files = [(each.distribution, listed(each.filename, each.sha256)) for each in make_artifacts([LOW_2, TOP])]
        snapshot = snapshot_of(releases, files)
        assert make_plan(workspace, [TOP], make_artifacts([TOP]), snapshot).unread == Unread()


class TestReading:
    """What has to be asked of the index, and nothing more."""

    def test_a_run_whose_versions_satisfy_it_asks_for_nothing(self) -> None:
        workspace = make_workspace_of(LOW_2, MID_2, TOP)
        _, rounds = plan_on(releases_of(LOW_1, MID_1), workspace, [LOW_2, MID_2, TOP])
        assert rounds == []

    def test_what_is_likely_to_be_chosen_is_read_at_once(self) -> None:
        workspace = make_workspace_of(LOW_2, MID_2, make_package("over", needs=["maestro-mid"]), TOP)
        newer = make_package("mid", "1.1.0", needs=["maestro-low"])
        _, rounds = plan_on(releases_of(LOW_1, MID_1, newer), workspace, [LOW_2, TOP])
        assert rounds == [Unread(releases=frozenset({("maestro-mid", V("1.1.0")), ("maestro-low", V("1.0.0"))}))]

    def test_a_project_that_only_a_release_needs_is_read_too(self) -> None:
        elsewhere = make_package("elsewhere")
        mid = make_package("mid", "1.0.0", needs=["maestro-elsewhere>=1"])
        top = make_package("top", needs=["maestro-mid>=1"])
        plan, rounds = plan_on(releases_of(elsewhere, mid), make_workspace_of(make_package("mid"), top), [top])
        assert plan.refusals == ()
        assert rounds == [
            Unread(releases=frozenset({("maestro-mid", V("1.0.0"))})),
            Unread(projects=frozenset({"maestro-elsewhere"})),
            Unread(releases=frozenset({("maestro-elsewhere", V("1.0.0"))})),
        ]

    def test_a_project_that_the_index_did_not_answer_for_is_unknown_and_no_conflict(self) -> None:
        mid = make_package("mid", "1.0.0", needs=["maestro-elsewhere>=1"])
        top = make_package("top", needs=["maestro-mid>=1"])
        snapshot = snapshot_of(
            ["maestro-top"],
            [("maestro-mid", listed("maestro_mid-1.0.0-py3-none-any.whl"))],
            {"maestro-elsewhere": "it was busy"},
        )
        known = {("maestro-mid", V("1.0.0")): metadata_of(mid)}
        snapshot = replace(snapshot, requirements=known)
        plan = make_plan(make_workspace_of(mid, top), [top], make_artifacts([top]), snapshot)
        (refusal,) = plan.refusals
        assert (refusal.code, refusal.package) == ("PB02", "top")
        assert "maestro-elsewhere" in refusal.message
        assert refusal.message.endswith("it was busy.")

    def test_a_release_without_a_wheel_is_taken_on_trust_and_that_is_said(self) -> None:
        snapshot = snapshot_of(["maestro-top", "maestro-low"], [("maestro-mid", listed("maestro_mid-1.0.0.tar.gz"))])
        snapshot = replace(snapshot, requirements={("maestro-mid", V("1.0.0")): None})
        top = make_package("top", needs=["maestro-mid>=1"])
        plan = make_plan(make_workspace_of(MID_2, top), [top], make_artifacts([top]), snapshot)
        assert (plan.refusals, plan.unread) == ((), Unread())
        assert plan.warnings == ("What maestro-mid 1.0.0 requires is not known, since it has no wheel in the index.",)


@st.composite
def some_releases(draw: st.DrawFn, *, circles: bool) -> Releases:
    """Up to three versions each of up to four distributions that need one another, in circles or not."""
    names = [f"maestro-{name}" for name in "abcd"[: draw(st.integers(1, 4))]]
    specifiers = st.sampled_from(["", ">=2", "<2", "==2", "<3", "!=2"])
    ends = st.sampled_from(["", "", '; extra == "x"', '; python_version < "3.11"'])
    extras = st.sampled_from(["", "", "[x]"])
    versions = st.sampled_from([V("1"), V("2"), V("3")])
    found: Releases = {}
    for place, name in enumerate(names):
        needed = names if circles else names[:place]
        text = st.builds("{}{}{} {}".format, st.sampled_from(needed or names), extras, specifiers, ends)
        texts = st.lists(text, max_size=3 if needed else 0)
        requirements = texts.map(lambda these: tuple(map(Requirement, these)))
        found = {**found, name: draw(st.dictionaries(versions, requirements, max_size=3))}
    return found


def judged(releases: Releases) -> Iterator[tuple[bool, bool]]:
    """Of each release, with and without an extra: whether we found a choice, and whether trying all finds one."""
    offers = Offers(snapshot=everything(releases), planned={}, in_house=lambda _: True, python="3.11")
    for name, held in releases.items():
        for version in held:
            for extra in (None, "x"):
                verdict = judge(offers, frozenset(), Candidate(name=name, extra=extra, version=version))
                assert (verdict.unread, verdict.untold, verdict.opaque) == (Unread(), frozenset(), frozenset())
                yield verdict.conflict == (), is_installable(releases, name, version, extra)


@settings(untimed, max_examples=200)
@given(some_releases(circles=False))
def test_a_choice_is_found_exactly_where_trying_all_finds_one(releases: Releases) -> None:
    assert all(found is there for found, there in judged(releases))


@settings(untimed, max_examples=200)
@given(some_releases(circles=True))
def test_no_choice_is_found_where_trying_all_finds_none_also_in_circles(releases: Releases) -> None:
    """The other way round one may be missed there, as pip misses it: what cannot be decided is refused."""
    assert all(there for found, there in judged(releases) if found)


def uninstallable(releases: Releases, only: Package | None = None) -> list[str]:
    return [
        f"{name}[{extra}] {version}"
        for name, held in releases.items()
        for version in held
        if only is None or (name, version) == (only.distribution, only.version)
        for extra in (None, "x")
        if not is_installable(releases, name, version, extra)
    ]


@settings(untimed, max_examples=150)
@given(st.data())
def test_whatever_is_bumped_and_published_every_release_installs_from_the_index_alone(data: st.DataObject) -> None:
    """Whoever publishes takes any packages, whether what they need is among them or not; some of that is refused."""
    workspace = data.draw(graphs(least=3, most=4, kinds=("needs", "needs", "needs", "extra", "none")))
    releases = releases_of(*workspace.packages.values())
    parts: st.SearchStrategy[tuple[Part, ...]] = st.sampled_from([("major",), ("major",), ("minor",)])
    names = st.lists(st.sampled_from(sorted(workspace.packages)), unique=True, min_size=1)
    for _ in range(data.draw(st.integers(1, 4))):
        policy = data.draw(st.just(NONE) | policies(workspace, lockstep=True))
        plan = planned(workspace, *data.draw(names), parts=data.draw(parts), policy=policy)
        if not plan.refusals:
            workspace = applied(workspace, plan)
        new = [each for each in workspace.packages.values() if each.version not in releases[each.distribution]]
        fresh = [each for each in new if data.draw(st.booleans())]
        go, _ = plan_on(releases, workspace, fresh)
        refused = {refusal.package for refusal in go.refusals}
        for each in go.packages:
            if each.name in refused:
                before = [other.package for other in go.packages if other.wave < each.wave]
                attempt = with_releases(releases, *before, each.package)
                assert uninstallable(attempt, each.package) != []
        for each in () if refused else go.packages:
            releases = with_releases(releases, each.package)
            assert uninstallable(releases) == []
