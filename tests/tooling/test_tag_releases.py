"""Which commit and which packages tags name, and why some name nothing that may be released."""

from __future__ import annotations

import pytest
from factories import make_package, make_workspace_of

from tooling.plan.repository import TagRef
from tooling.plan.tag_releases import find_commit, read_tags

HERE, THERE = "a" * 40, "b" * 40
PACKAGES = (
    make_package("log"),
    make_package("db", needs=["maestro-log>=1.0"]),
    make_package("api", needs=["maestro-db>=1.0"]),
    make_package("alone"),
)
WORKSPACE = make_workspace_of(*PACKAGES)


def refs(**commits: str) -> dict[str, TagRef]:
    """Annotated tags of these packages at 1.0.0, and the commit each names."""
    names = {f"{package}-v1.0.0": commit for package, commit in commits.items()}
    return {name: TagRef(name=name, object=name, commit=commit, annotated=True) for name, commit in names.items()}


def found(wanted: list[str], tags: dict[str, TagRef]) -> tuple[str, list[str]]:
    named = find_commit(wanted, tags, WORKSPACE.packages, lambda commit: commit in {HERE, THERE}, branch="main")
    return named.commit, [refusal.code for refusal in named.refusals]


def test_tags_of_one_commit_name_it() -> None:
    assert found(["api-v1.0.0", "log-v1.0.0"], refs(api=HERE, log=HERE)) == (HERE, [])


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("api-v2.0.0", "RL11"),
        ("apy-v1.0.0", "GT10"),
        ("api-1.0.0", "GT10"),
        ("light-v1.0.0", "RL12"),
        ("off-v1.0.0", "RL13"),
    ],
)
def test_a_tag_that_is_none_is_refused_with_the_others(wanted: str, code: str) -> None:
    tags = refs(api=HERE, off="c" * 40)
    tags["light-v1.0.0"] = TagRef(name="light-v1.0.0", object="x", commit=HERE, annotated=False)
    assert found([wanted, "db-v3.0.0"], tags)[1] == [code, "RL11"]


def test_tags_of_several_commits_are_refused() -> None:
    assert found(["api-v1.0.0", "log-v1.0.0"], refs(api=HERE, log=THERE))[1] == ["RL14"]


def test_what_a_package_needs_of_the_same_commit_comes_along_in_publishing_order() -> None:
    release, refusals = read_tags(["api-v1.0.0"], HERE, refs(api=HERE, db=HERE, log=HERE, alone=HERE), WORKSPACE, _said)
    assert ([each.name for each in release.packages], refusals) == (["log", "db", "api"], ())
    assert [each.name for each in release.named] == ["api"]


def test_what_was_tagged_in_another_commit_does_not_come_along() -> None:
    release, _ = read_tags(["api-v1.0.0"], HERE, refs(api=HERE, db=THERE, log=HERE), WORKSPACE, _said)
    assert [each.name for each in release.packages] == ["log", "api"]


def test_a_tag_and_a_tree_that_disagree_are_refused_all_together() -> None:
    wanted = ["api-v2.0.0", "db-v1.0.0", "nothing-v1.0.0"]
    _, refusals = read_tags(wanted, HERE, {}, WORKSPACE, lambda _package: "")
    assert [refusal.code for refusal in refusals] == ["RL15", "RL09", "GT10"]


def _said(_package: object) -> str:
    return "- Said."
