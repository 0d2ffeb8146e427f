"""Publishers who know nothing of each other, at work at the same moment, end as one would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index, stored_in
from originals import copied

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from originals import Original
    from publishers import Finished
    from warm_invoke import WarmInvoke

several = pytest.mark.parametrize("publishers", [2, 5])


@several
@pytest.mark.parametrize("clones", [False, True], ids=["one tree", "clones"])
def test_publishers_to_one_server_upload_every_file_once(
    publishers: int,
    *,
    clones: bool,
    three: Original,
    warm: WarmInvoke,
    user: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    """Each upload is held up until the others have had time to plan the same; the later ones are duplicates."""
    trees = [copied(three.source, tmp_path / f"tree-{number}") for number in range(publishers if clones else 1)]
    faults = {"delay_seconds": 0.2, "touches": lambda method, _path: method == "POST"}
    with observed_index(tmp_path / "index", faults) as index:
        runs = [
            warm.start(trees[number % len(trees)], "publish", "--all", "--json", environment=user(**index.variables))
            for number in range(publishers)
        ]
        done = [run.wait() for run in runs]
        assert [each.code for each in done] == [0] * publishers, [each.said for each in done]
        assert index.pages() == three.pages
        assert index.traffic.accepted == three.files
    _each_file_is_uploaded_by_one_and_present_for_the_others(done)


@several
def test_publishers_without_a_server_share_the_index_of_the_tree(
    publishers: int, three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    tree = copied(three.source, tmp_path / "tree")
    runs = [warm.start(tree, "publish", "--all", "--json", environment=user()) for _ in range(publishers)]
    done = [run.wait() for run in runs]
    assert [each.code for each in done] == [0] * publishers, [each.said for each in done]
    assert stored_in(tree / ".nexus") == three.pages
    _each_file_is_uploaded_by_one_and_present_for_the_others(done)


def test_a_publisher_without_a_server_uses_the_one_that_serves_the_folder(
    three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    tree = copied(three.source, tmp_path / "tree")
    with observed_index(tree / ".nexus") as index:
        done = warm.run(tree, "publish", "--all", environment=user())
        assert done.code == 0, done.said
        assert index.traffic.accepted == three.files
        assert f"that serves it at {index.running.url}" in done.said


def _each_file_is_uploaded_by_one_and_present_for_the_others(done: list[Finished]) -> None:
    outcomes: dict[str, list[str]] = {}
    for package in (package for each in done for package in each.report["packages"]):
        for artifact in package["artifacts"]:
            outcomes.setdefault(artifact["file"], []).append(artifact["outcome"])
    expected = ["present"] * (len(done) - 1) + ["uploaded"]
    assert {file: sorted(found) for file, found in outcomes.items()} == dict.fromkeys(outcomes, expected)
