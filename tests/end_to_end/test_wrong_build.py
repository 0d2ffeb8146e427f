"""Builds that go wrong: nothing is uploaded, not even of the packages that could be built."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from building import with_own_backend
from originals import runnable_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistakes import Bystander


def test_a_build_that_raises_shows_what_it_said(bystander: Bystander, tmp_path: Path) -> None:
    workspace = _workspace(tmp_path / "other", 'raise RuntimeError("the glue has run out")')
    replace(bystander, workspace=workspace).refused(exit_code=1, code="BD01", says="RuntimeError: the glue has run out")


def test_a_file_that_changes_during_the_build_is_noticed(bystander: Bystander, tmp_path: Path) -> None:
    """As when an editor saves in the middle: one release would hold what was read before and what came after."""
    file = tmp_path / "other/packages/alpha/src/maestro_alpha/__init__.py"
    workspace = _workspace(tmp_path / "other", f'Path({str(file)!r}).open("a").write("LATE = True")')
    says = "The files of alpha changed while it was built"
    replace(bystander, workspace=workspace).refused(exit_code=1, code="BD03", says=says)


def test_a_full_disk_ends_the_build_with_nothing_half_written(bystander: Bystander, tmp_path: Path) -> None:
    with _tiny_disk(tmp_path / "tiny") as disk:
        words, cache = ("--all", "--rebuild"), {"MAESTRO_CACHE_DIR": str(disk / "cache")}
        bystander.refused(*words, exit_code=1, code="BD04", says="There is no room on the disk for", **cache)
        assert not list(disk.rglob("*.partial"))


def _workspace(folder: Path, body: str) -> Path:
    """One package whose build does something, and one that nothing is wrong with."""
    return runnable_workspace(folder, {"alpha": dict(with_own_backend(body)), "beta": {}})


@contextmanager
def _tiny_disk(folder: Path) -> Iterator[Path]:
    """A file system with room for one file at most."""
    folder.mkdir()
    size = ["-o", "size=4k"]
    made = subprocess.run(["mount", "-t", "tmpfs", *size, "tmpfs", folder], check=False, capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
