"""What git is asked, and that only the named folder decides which git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from building import commit_all, git

from tooling.effects.tracked import git_listing
from tooling.errors import FailedError

if TYPE_CHECKING:
    from pathlib import Path


def _repository(root: Path) -> Path:
    (root / "kept").mkdir(parents=True)
    (root / "kept" / "one.txt").write_text("1")
    (root / ".gitignore").write_text("*.log\n")
    commit_all(root)
    (root / "kept" / "a b\nc.txt").write_text("2")
    (root / "kept" / "noise.log").write_text("3")
    return root


def test_tracked_and_stray_files_are_told_apart_and_ignored_ones_left_out(tmp_path: Path) -> None:
    listing = git_listing(_repository(tmp_path))
    assert listing is not None
    assert listing.tracked == (".gitignore", "kept/one.txt")
    assert listing.stray == ("kept/a b\nc.txt",)
    assert listing.tracked_in(tmp_path / "kept") == {"one.txt"}
    assert listing.stray_in(tmp_path / "kept") == ("a b\nc.txt",)
    assert listing.tracked_in(tmp_path / "ke") == frozenset()


def test_a_folder_below_the_repository_can_be_asked_about_alone(tmp_path: Path) -> None:
    listing = git_listing(_repository(tmp_path) / "kept")
    assert listing is not None
    assert listing.tracked == ("one.txt",)


def test_there_is_no_listing_without_a_repository(tmp_path: Path) -> None:
    assert git_listing(tmp_path) is None


def test_there_is_no_listing_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _repository(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "kept"))
    assert git_listing(tmp_path) is None


def test_variables_that_name_another_repository_are_kept_from_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = _repository(tmp_path / "here"), tmp_path / "there"
    there.mkdir()
    git(there, "init")
    monkeypatch.setenv("GIT_DIR", str(there / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(there / "index"))
    listing = git_listing(here)
    assert listing is not None
    assert "kept/one.txt" in listing.tracked


def test_a_repository_git_cannot_read_is_no_absence_of_one(tmp_path: Path) -> None:
    _repository(tmp_path)
    (tmp_path / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(FailedError) as caught:
        git_listing(tmp_path)
    assert caught.value.code == "BD13"
