"""What git says of versions and files, also from a folder inside a repository, and without one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from bump_workspaces import commit_all
from packaging.version import Version

from tooling.effects.edit_history import EditHistory

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_repository_nothing_is_tagged_and_nothing_at_risk(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    assert EditHistory(root=tmp_path).tagged(["low"]) == {"low": set()}
    assert EditHistory(root=tmp_path).uncommitted(["a"]) == frozenset()


def test_changed_staged_and_never_added_files_are_uncommitted(tmp_path: Path) -> None:
    root = tmp_path / "inner"
    root.mkdir()
    for name in ("clean", "changed", "staged", "with space ü"):
        (root / name).write_text("before")
    commit_all(tmp_path)
    for name in ("changed", "staged", "with space ü", "new"):
        (root / name).write_text("after")
    subprocess.run(["git", "add", "staged"], cwd=root, check=True)
    history = EditHistory(root=root)
    names = ["clean", "changed", "staged", "with space ü", "new", "absent"]
    assert history.uncommitted(names) == {"changed", "staged", "with space ü", "new"}
    assert history.uncommitted(["clean"]) == frozenset()


def test_tags_of_releases_are_read_and_others_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    commit_all(tmp_path)
    for tag in ("low-v1.0.0", "low-v1.1.0rc1", "core-api-v2.0.0", "low-v1.0", "low-vx", "v1", "lower-v1.0.0"):
        subprocess.run(["git", "tag", tag], cwd=tmp_path, check=True)
    assert EditHistory(root=tmp_path).tagged(["low", "core-api"]) == {
        "low": {Version("1.0.0"), Version("1.1.0rc1")},
        "core-api": {Version("2.0.0")},
    }
