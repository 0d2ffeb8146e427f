"""What a release would do to a repository: tags, pushes and refusals, from facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import make_package
from hypothesis import given
from hypothesis import strategies as st

from tooling.errors import FailedError
from tooling.plan.releases import Candidate, TagState, Wish, is_tagged, plan_release, stale_files
from tooling.plan.repository import Relation, RemoteFacts, RepositoryFacts, TagRef

HEAD, OTHER = "a" * 40, "b" * 40
TAG = "core-api-v1.0.0"
CLEAN = RepositoryFacts(
    head=HEAD,
    message="All\n",
    branch="main",
    shallow=False,
    dirty=(),
    committer=True,
    tags={},
    remote=RemoteFacts(name="origin"),
)
API = Candidate(package=make_package("core-api"), notes="- First version.", named=True)
WISH = Wish(branch="main", push=True)


def tag_ref(commit: str | None = HEAD, *, name: str = TAG, annotated: bool = True, merged: bool = True) -> TagRef:
    return TagRef(name=name, object=f"object of {name}", commit=commit, annotated=annotated, merged=merged)


def tagged(tag: TagRef, remote: str | None = None) -> RepositoryFacts:
    """A repository with a tag, which the remote has as the object `remote`, or not at all."""
    tags = {} if remote is None else {tag.name: remote}
    return replace(CLEAN, tags={tag.name: tag}, remote=RemoteFacts(name="origin", tags=tags))


def codes(facts: RepositoryFacts, candidate: Candidate = API, wish: Wish = WISH) -> list[str]:
    return [refusal.code for refusal in plan_release(facts, [candidate], wish).refusals]


def test_a_package_that_is_not_tagged_gets_a_tag_that_says_its_changelog() -> None:
    (tag,) = plan_release(CLEAN, [API], WISH).tags
    assert (tag.name, tag.state, tag.pushed) == (TAG, TagState.PLANNED, False)
    assert tag.message == "maestro-core-api 1.0.0\n\n- First version.\n"


def test_a_tag_that_is_there_stays_and_is_pushed_if_the_remote_lacks_it() -> None:
    here = plan_release(tagged(tag_ref()), [API], WISH)
    assert ([tag.state for tag in here.tags], here.to_push) == ([TagState.PRESENT], (TAG,))
    both = plan_release(tagged(tag_ref(), remote=tag_ref().object), [API], WISH)
    assert ([tag.state for tag in both.tags], both.to_push) == ([TagState.PRESENT], ())


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (replace(CLEAN, branch=None), ["RL01"]),
        (replace(CLEAN, branch="topic"), ["RL01"]),
        (replace(CLEAN, shallow=True), ["RL02"]),
        (replace(CLEAN, dirty=("README.md",)), ["RL03"]),
        (replace(CLEAN, remote=None), ["RL04"]),
        (replace(CLEAN, remote=RemoteFacts(name="origin", relation=Relation.BEHIND)), ["RL04"]),
        (replace(CLEAN, remote=None, trouble=FailedError("GT02", "No answer.", "Wait.")), ["GT02"]),
        (replace(CLEAN, committer=False), ["RL05"]),
        (replace(CLEAN, remote=RemoteFacts(name="origin", tags={"core-db-v1.0.0": "x"})), ["RL06"]),
        (replace(CLEAN, remote=RemoteFacts(name="origin", tags={"nightly": "x"})), []),
        (replace(CLEAN, branch=None, shallow=True, dirty=("a",), committer=False), ["RL01", "RL02", "RL03", "RL05"]),
        (tagged(tag_ref(annotated=False)), ["RL07"]),
        (tagged(tag_ref(OTHER, merged=False)), ["RL07"]),
        (tagged(tag_ref(), remote="another object"), ["RL07"]),
        (tagged(tag_ref(None, merged=False)), ["RL07"]),
    ],
)
def test_each_reason_against_a_release_is_found_and_all_of_several(facts: RepositoryFacts, wanted: list[str]) -> None:
    assert codes(facts) == wanted


@pytest.mark.parametrize(("notes", "why"), [(None, "no section"), ("", "nothing"), ("a\0b", "a NUL byte")])
def test_a_release_that_has_nothing_to_say_is_refused(notes: str | None, why: str) -> None:
    (refusal,) = plan_release(CLEAN, [replace(API, notes=notes)], WISH).refusals
    assert (refusal.code, why in refusal.message) == ("RL09", True)


def test_what_changed_since_its_tag_is_refused_where_it_was_named_and_pointed_out_elsewhere() -> None:
    facts = tagged(tag_ref(OTHER), remote=tag_ref().object)
    assert codes(facts, replace(API, changed=True)) == ["RL08"]
    plan = plan_release(facts, [replace(API, changed=True, named=False)], WISH)
    assert ([tag.current for tag in plan.tags], plan.refusals) == ([False], ())
    assert plan.warnings == ("core-api has changed since 1.0.0 was tagged; that is not released by this.",)


@pytest.mark.parametrize(
    "name", ["a b", "-a", ".a", "a..b", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a@{b", "a\tb"]
)
def test_a_name_that_git_takes_for_no_tag_is_refused(name: str) -> None:
    assert codes(CLEAN, replace(API, package=make_package(name))) == ["RL07"]


@pytest.mark.parametrize(
    ("relation", "commits", "push", "branch_goes"),
    [
        (Relation.SAME, False, True, False),
        (Relation.SAME, True, True, True),
        (Relation.AHEAD, False, True, True),
        (Relation.ABSENT, False, True, True),
        (Relation.AHEAD, True, False, False),
    ],
)
def test_the_branch_goes_with_the_tags_where_the_remote_lacks_a_commit_of_it(
    *, relation: Relation, commits: bool, push: bool, branch_goes: bool
) -> None:
    facts = replace(CLEAN, remote=RemoteFacts(name="origin", relation=relation))
    plan = plan_release(facts, [API], Wish(branch="main", push=push, commits=commits))
    assert plan.push_branch == branch_goes


@given(done=st.sets(st.sampled_from(["a", "b", "c", "d"])), pushed=st.sets(st.sampled_from(["a", "b", "c", "d"])))
def test_whatever_an_earlier_run_got_done_the_next_does_the_rest_and_then_nothing(
    done: set[str], pushed: set[str]
) -> None:
    """Tags are made one by one and pushed all at once: any state between is one to go on from."""
    candidates = [Candidate(package=make_package(name), notes="- Said.") for name in ("a", "b", "c", "d")]
    pushed &= done

    def facts(made: set[str], sent: set[str]) -> RepositoryFacts:
        refs = {f"{name}-v1.0.0": tag_ref(name=f"{name}-v1.0.0") for name in made}
        return replace(
            CLEAN,
            tags=refs,
            remote=RemoteFacts(name="origin", tags={f"{name}-v1.0.0": refs[f"{name}-v1.0.0"].object for name in sent}),
        )

    plan = plan_release(facts(done, pushed), candidates, WISH)
    assert plan.refusals == ()
    missing = {tag.package.name for tag in plan.tags if tag.state is TagState.PLANNED}
    assert missing == {"a", "b", "c", "d"} - done
    assert {name.removesuffix("-v1.0.0") for name in plan.to_push} == {"a", "b", "c", "d"} - pushed
    everything = facts({"a", "b", "c", "d"}, {"a", "b", "c", "d"})
    again = plan_release(everything, candidates, WISH)
    assert (again.to_push, {tag.state for tag in again.tags}) == ((), {TagState.PRESENT})
    assert all(is_tagged(everything, each.tag) for each in candidates)


def test_files_of_other_versions_in_dist_are_stale() -> None:
    files = [
        "maestro_core_api-1.0.0-py3-none-any.whl",
        "maestro_core_api-0.9.0-py3-none-any.whl",
        "maestro_core_api-0.9.0.tar.gz",
        "maestro_gone-1.0.0.tar.gz",
        "notes.txt",
    ]
    assert stale_files(files, [API.package]) == tuple(files[1:4])
