"""Which Pythons are found, in folders made for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tooling.effects.interpreters import find_interpreter

if TYPE_CHECKING:
    from pathlib import Path


def interpreter(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_running_one_is_found_without_looking(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    interpreter(tmp_path / f"python{version}")
    found = find_interpreter(version, {"PATH": str(tmp_path), "PYENV_ROOT": str(tmp_path)})
    assert found is not None
    assert str(found).startswith(sys.base_prefix)


def test_the_first_on_the_path_is_taken_and_empty_entries_mean_nothing(tmp_path: Path) -> None:
    first, second = (interpreter(tmp_path / folder / "python3.99") for folder in ("a", "b"))
    environ = {"PATH": f"::{first.parent}:{second.parent}:", "PYENV_ROOT": str(tmp_path)}
    assert find_interpreter("3.99", environ) == first


def test_shims_folders_and_files_that_do_not_run_are_passed_over(tmp_path: Path) -> None:
    interpreter(tmp_path / "shims/python3.99")
    interpreter(tmp_path / "a/python3.99", 0o644)
    (tmp_path / "b/python3.99").mkdir(parents=True)
    path = ":".join(str(tmp_path / folder) for folder in ("shims", "a", "b"))
    assert find_interpreter("3.99", {"PATH": path, "PYENV_ROOT": str(tmp_path)}) is None


def test_of_pyenvs_versions_the_newest_patch_is_taken_and_a_development_build_last(tmp_path: Path) -> None:
    for version in ("3.99.2", "3.99.10", "3.99-dev", "3.99.0b1", "3.9.9"):
        interpreter(tmp_path / f"versions/{version}/bin/python3.99")
    found = find_interpreter("3.99", {"PATH": "", "PYENV_ROOT": str(tmp_path)})
    assert found == tmp_path / "versions/3.99.10/bin/python3.99"


@pytest.mark.parametrize("version", ["3.99", "2.7"])
def test_none_is_none(version: str, tmp_path: Path) -> None:
    assert find_interpreter(version, {"PATH": "", "PYENV_ROOT": str(tmp_path)}) is None
