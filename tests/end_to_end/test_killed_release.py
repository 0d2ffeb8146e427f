"""A release that is killed, at whichever of its steps, is finished by the same words; no tag runs ahead of the index.

Steps are counted, never timed, as in `test_killed_publisher`: programs started, connections begun, files written. A
rehearsal takes the steps before the first effect, so that they are known; kills begin a little before their end.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index
from originals import make_original
from releasers import make_releaser
from steps import KILLED, at_every_step

if TYPE_CHECKING:
    from pathlib import Path

    from originals import Original
    from publishers import Finished
    from releasers import Releaser
    from warm_invoke import WarmInvoke

TAG = "core-logging-v1.0.0"
MARGIN = 8
WAYS = {
    "by tag, bumped": ("--push", "--part", "minor"),
    "index first": ("--push", "--publish"),
}


@pytest.fixture(scope="session")
def solo(tmp_path_factory: pytest.TempPathFactory, warm: WarmInvoke) -> Original:
    """A single package for a single Python: the install proof, which leaves nothing behind, then has few steps."""
    spec: dict[str, object] = {"pythons": (f"{sys.version_info.major}.{sys.version_info.minor}",)}
    return make_original(tmp_path_factory.mktemp("solo"), {"core-logging": spec}, warm)


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_any_step_the_next_run_ends_as_if_nothing_had_happened(
    way: str, solo: Original, warm: WarmInvoke, tmp_path: Path
) -> None:
    words = ("--all", *WAYS[way])

    with observed_index(tmp_path / "index") as index:
        begun = make_releaser(tmp_path / "begun", solo.built, warm, index)
        begun.tell_changelog("core-logging", "- It greets louder.")
        effects = steps_of_rehearsal(begun, "release", *words)
        undisturbed = begun.copied(tmp_path / "undisturbed", index)
        assert undisturbed.release(*words).code == 0
        tags, pages, files = set(undisturbed.tags()), index.pages(), index.traffic.accepted
        commits = len(undisturbed.git("log", "--format=%H").splitlines())

    def attempt(step: int) -> Finished:
        with observed_index(tmp_path / f"index-{step}", write_policy="ALLOW") as index:
            releaser = begun.copied(tmp_path / f"{step}", index)
            first = releaser.release(*words, die_at=step)
            if first.code == KILLED:
                index.traffic.settle()
                if "--publish" in words and releaser.tags():
                    assert index.pages() == pages, f"a tag before its files, after a kill before step {step}"
                second = releaser.release(*words)
                assert second.code == 0, f"after a kill before step {step}: {second.said}"
            assert releaser.tags() == releaser.tags(releaser.remote)
            head = releaser.git("rev-parse", "main", at=releaser.remote)
            assert releaser.tags() == dict.fromkeys(tags, head), f"after a kill before step {step}"
            assert len(releaser.git("log", "--format=%H").splitlines()) == commits
            assert index.pages() == pages
            assert index.traffic.accepted == files, f"a file went up twice after a kill before step {step}"
            assert releaser.git("status", "--porcelain") == ""
        return first

    assert at_every_step(attempt, first=max(1, effects - MARGIN)) > MARGIN


def test_a_job_from_a_tag_killed_at_any_step_is_finished_by_the_next_and_leaves_the_clone_alone(
    solo: Original, warm: WarmInvoke, tmp_path: Path
) -> None:
    with observed_index(tmp_path / "index") as index:
        begun = make_releaser(tmp_path / "begun", solo.built, warm, index)
        begun.git("tag", "--annotate", "--message", "First", TAG)
        before = begun.git("for-each-ref")
        effects = steps_of_rehearsal(begun, "release", "--from-tag", TAG)

    def attempt(step: int) -> Finished:
        with observed_index(tmp_path / f"index-{step}", write_policy="ALLOW") as index:
            releaser = begun.copied(tmp_path / f"{step}", index)
            notes = releaser.home / "notes.md"
            words = ("--from-tag", TAG, "--notes", str(notes))
            first = releaser.release(*words, die_at=step)
            if first.code == KILLED:
                index.traffic.settle()
                second = releaser.release(*words)
                assert second.code == 0, f"after a kill before step {step}: {second.said}"
            assert index.pages() == solo.pages
            assert index.traffic.accepted == solo.files, f"a file went up twice after a kill at {step}"
            assert notes.read_text(encoding="utf-8").startswith("# maestro-core-logging 1.0.0\n")
            assert (releaser.git("for-each-ref"), releaser.git("status", "--porcelain")) == (before, "")
            assert releaser.git("worktree", "list").count("\n") == 0
        return first

    assert at_every_step(attempt, first=max(1, effects - MARGIN)) > MARGIN


def steps_of_rehearsal(releaser: Releaser, *words: str) -> int:
    """How many steps a command takes to find out what it would do, once everything is built."""
    rehearsal = (*words, "--dry-run")
    assert releaser.invoke(*rehearsal).code == 0
    run = releaser.warm.start(releaser.root, *rehearsal, environment=releaser.environment, die_at=sys.maxsize)
    assert run.wait().code == 0
    return run.steps
