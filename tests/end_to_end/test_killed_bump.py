"""A bump that is killed, at whichever of its steps, leaves whole files, and the same words finish it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bump_workspaces import Clone, commit_all
from originals import THREE, copied, runnable_workspace
from steps import KILLED, at_every_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from publishers import Finished
    from warm_invoke import WarmInvoke

WORDS = ("bump", "--package", "core-logging", "--part", "major")


def test_killed_at_any_step_every_file_is_whole_and_the_next_run_finishes(
    warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """Each file is as it was or as it will be, never between; the end is that of a run that nobody disturbed."""
    root = runnable_workspace(tmp_path / "original", THREE)
    manifest = root / "pyproject.toml"
    more = '[dependency-groups]\ndocs = ["maestro-core-logging<2"]\n\n[tool.maestro.versions]\nfloor = "latest"\n'
    manifest.write_text(f"{manifest.read_text()}\n{more}")
    commit_all(root)
    original = Clone(root)
    original.tell("core-logging")
    assert warm.run(root, *WORDS, "--dry-run", environment=user()).code == 0  # what is built once is built for all
    before = original.files()
    undisturbed = copied(root, tmp_path / "undisturbed")
    assert warm.run(undisturbed, *WORDS, environment=user()).code == 0
    after = Clone(undisturbed).files()
    changed = {path for path in after if after[path] != before[path]}
    assert len(changed) == 8

    def attempt(step: int) -> Finished:
        clone = Clone(copied(root, tmp_path / f"clone-{step}"))
        first = warm.run(clone.root, *WORDS, environment=user(), die_at=step)
        if first.code == KILLED:
            between = clone.files()
            assert all(between[path] in {before[path], after[path]} for path in between), f"torn at step {step}"
            second = warm.run(clone.root, *WORDS, environment=user())
            assert second.code == 0, f"after a kill before step {step}: {second.said}"
        assert clone.files() == after
        assert not (clone.root / ".maestro/edit.json").exists()
        return first

    assert at_every_step(attempt) > len(changed)
