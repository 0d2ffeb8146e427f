"""A release that is killed, at whichever of its steps, is finished by the same words; no tag runs ahead of the index.

Steps are counted, never timed, as in `test_killed_publisher`: programs started, connections begun, files written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index
from releasers import make_releaser
from steps import KILLED, at_every_step

if TYPE_CHECKING:
    from pathlib import Path

    from originals import Original
    from publishers import Finished
    from warm_invoke import WarmInvoke

TAG = "core-logging-v1.0.0"


@pytest.mark.parametrize("way", [(), ("--publish",)], ids=["by tag", "index first"])
def test_killed_at_any_step_the_next_run_ends_as_if_nothing_had_happened(
    way: tuple[str, ...], one: Original, warm: WarmInvoke, tmp_path: Path
) -> None:
    words = ("--all", "--push", *way)

    def attempt(step: int) -> Finished:
        with observed_index(tmp_path / f"index-{step}", write_policy="ALLOW") as index:
            releaser = make_releaser(tmp_path / f"{step}", one.built, warm, index)
            head = releaser.git("rev-parse", "HEAD")
            first = releaser.release(*words, die_at=step)
            if first.code == KILLED:
                index.traffic.settle()
                if way and releaser.tags():
                    assert index.pages() == one.pages, f"a tag before its files, after a kill before step {step}"
                second = releaser.release(*words)
                assert second.code == 0, f"after a kill before step {step}: {second.said}"
            assert releaser.tags() == releaser.tags(releaser.remote) == {TAG: head}
            assert index.pages() == (one.pages if way else {})
            assert index.traffic.accepted == (one.files if way else 0), f"a file went up twice after a kill at {step}"
            assert releaser.git("status", "--porcelain") == ""
        return first

    assert at_every_step(attempt) > len(words)


def test_a_job_from_a_tag_killed_at_any_step_is_finished_by_the_next_and_leaves_the_clone_alone(
    one: Original, warm: WarmInvoke, tmp_path: Path
) -> None:
    def attempt(step: int) -> Finished:
        with observed_index(tmp_path / f"index-{step}", write_policy="ALLOW") as index:
            releaser = make_releaser(tmp_path / f"{step}", one.source, warm, index)
            releaser.git("tag", "--annotate", "--message", "First", TAG)
            before = releaser.git("for-each-ref")
            notes = releaser.home / "notes.md"
            words = ("--from-tag", TAG, "--notes", str(notes))
            first = releaser.release(*words, die_at=step)
            if first.code == KILLED:
                index.traffic.settle()
                second = releaser.release(*words)
                assert second.code == 0, f"after a kill before step {step}: {second.said}"
            assert index.pages() == one.pages
            assert index.traffic.accepted == one.files, f"a file went up twice after a kill at {step}"
            assert notes.read_text(encoding="utf-8").startswith("# maestro-core-logging 1.0.0\n")
            assert (releaser.git("for-each-ref"), releaser.git("status", "--porcelain")) == (before, "")
            assert releaser.git("worktree", "list").count("\n") == 0
        return first

    assert at_every_step(attempt) > one.files
