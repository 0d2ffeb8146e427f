"""What was killed on one day is finished on the next, and says the day on which it began."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bump_workspaces import Clone, commit_all
from originals import THREE, copied, make_original, runnable_workspace
from releasers import make_releaser
from steps import KILLED, at_every_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from publishers import Finished
    from releasers import Releaser
    from warm_invoke import WarmInvoke

EVE, MORNING = "2026-11-28", "2026-11-29"
CHANGELOG = "packages/core-logging/CHANGELOG.md"


def test_a_bump_killed_at_any_step_is_finished_on_the_next_day_with_one_date(
    warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """The date is that of the run which wrote the first file; a run that wrote none has begun nothing."""
    root = runnable_workspace(tmp_path / "original", THREE)
    manifest = root / "pyproject.toml"
    manifest.write_text(f'{manifest.read_text()}\n[tool.maestro.versions]\nfloor = "latest"\n')
    commit_all(root)
    original = Clone(root)
    original.tell("core-logging")
    before = original.files()

    def bumped(clone: Clone, day: str, die_at: int | None = None) -> Finished:
        words = (day, "bump", "core-logging", "major")
        return warm.run(clone.root, *words, environment=user(), die_at=die_at, program="another_day")

    ends = {}
    for day in (EVE, MORNING):
        clone = Clone(copied(root, tmp_path / day))
        assert bumped(clone, day).code == 0
        ends[day] = clone.files()
    assert ends[EVE] != ends[MORNING]

    def attempt(step: int) -> Finished:
        clone = Clone(copied(root, tmp_path / f"clone-{step}"))
        first = bumped(clone, EVE, die_at=step)
        written = clone.files() != before
        if first.code == KILLED:
            second = bumped(clone, MORNING)
            assert second.code == 0, f"after a kill before step {step}: {second.said}"
        assert clone.files() == ends[EVE if written else MORNING], f"after a kill before step {step}"
        return first

    assert at_every_step(attempt) > len(before.keys() & ends[EVE].keys())


def test_a_release_killed_at_any_step_is_finished_on_the_next_day_with_one_date(
    warm: WarmInvoke, tmp_path: Path
) -> None:
    """Also between the last file and the commit, when nothing but the files themselves remembers the date."""
    source = make_original(tmp_path / "solo", {"core-logging": {}}, warm).built
    begun = make_releaser(tmp_path / "begun", source, warm)
    begun.tell_changelog("core-logging", "- It greets louder.")
    before = Clone(begun.root).files()

    def attempt(step: int) -> Finished:
        releaser = begun.copied(tmp_path / f"{step}", None)
        first = released(releaser, EVE, die_at=step)
        written = Clone(releaser.root).files() != before
        if first.code == KILLED:
            second = released(releaser, MORNING)
            assert second.code == 0, f"after a kill before step {step}: {second.said}"
        assert dates(releaser) == [EVE if written else MORNING], f"after a kill before step {step}"
        assert releaser.git("status", "--porcelain") == ""
        head = releaser.git("rev-parse", "main", at=releaser.remote)
        assert releaser.tags(releaser.remote) == {"core-logging-v1.1.0": head}
        return first

    assert at_every_step(attempt) > len(before)


def released(releaser: Releaser, day: str, die_at: int | None = None) -> Finished:
    words = (day, "release", "core-logging", "minor")
    environment = releaser.environment
    return releaser.warm.run(releaser.root, *words, environment=environment, die_at=die_at, program="another_day")


def dates(releaser: Releaser) -> list[str]:
    """The dates of 1.1.0 in the changelog of the release's commit."""
    return re.findall(r"## \[1\.1\.0\] - (\S+)", releaser.git("show", f"HEAD:{CHANGELOG}"))
