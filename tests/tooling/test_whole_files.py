"""A file is there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING

import pytest

from tooling.effects.whole_files import copy_hashed, sweep, written_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_the_target_appears_when_the_block_has_ended(tmp_path: Path) -> None:
    target = tmp_path / "made" / "file"
    with written_whole(target) as partial:
        partial.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o644
    assert list(target.parent.iterdir()) == [target]


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def interrupted() -> None:
        with written_whole(target) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_sweeping_takes_old_unfinished_files_only(tmp_path: Path) -> None:
    old, fresh, finished = tmp_path / ".old.partial", tmp_path / ".fresh.partial", tmp_path / "finished"
    for path in (old, fresh, finished):
        path.touch()
    for path in (old, finished):
        os.utime(path, (0, time.time() - 7200))
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".fresh.partial", "finished"}


def test_a_folder_that_is_not_there_needs_no_sweeping(tmp_path: Path) -> None:
    sweep(tmp_path / "absent")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_copy_is_hashed_as_it_is_made(tmp_path: Path, size: int) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    assert copy_hashed(source, target) == hashlib.sha256(source.read_bytes()).hexdigest()
    assert target.read_bytes() == source.read_bytes()
