"""What counts as a package's source, and that nothing else does."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from building import commit_all, errors_of, git, one_package

from tooling.effects.source_tree import SourceTree, read_source
from tooling.effects.tracked import git_listing
from tooling.errors import FailedError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.model.package import Package

LITTER = (
    "src/maestro_alpha/__pycache__/module.cpython-311.pyc",
    "src/maestro_alpha/module.py~",
    "src/maestro_alpha/.module.py.swp",
    ".coverage",
    ".coverage.host.1234",
    ".pytest_cache/v/cache/lastfailed",
    ".hypothesis/examples/0",
    ".venv/bin/python",
    ".DS_Store",
    "build/lib/module.py",
    "dist/maestro_alpha-1.0.0.tar.gz",
    "src.egg-info/PKG-INFO",
)


def _read(package: Package, base: Path | None = None) -> SourceTree:
    return read_source(package, git_listing(base or package.folder))


def _add(package: Package, path: str, text: str = "stray") -> Path:
    target = package.folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    return target


def _paths(tree: SourceTree) -> set[str]:
    return {file.path for file in tree.files}


def test_without_git_every_file_counts(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    _add(package, "docs/notes.txt")
    assert {"docs/notes.txt", "pyproject.toml", "src/maestro_alpha/__init__.py"} <= _paths(_read(package))


@pytest.mark.parametrize("litter", LITTER)
@pytest.mark.parametrize("tracked", [False, True], ids=["no git", "git"])
def test_litter_never_counts(tmp_path: Path, litter: str, *, tracked: bool) -> None:
    package = one_package(tmp_path)
    (tmp_path / ".gitignore").unlink()
    if tracked:
        commit_all(tmp_path)
    before = _read(package)
    _add(package, litter)
    assert _read(package) == before


@pytest.mark.parametrize("kept", ["src/maestro_alpha/build/step.py", "src/maestro_alpha/dist/a.txt", "tests/a.orig"])
def test_names_that_are_litter_only_elsewhere_count(tmp_path: Path, kept: str) -> None:
    package = one_package(tmp_path)
    _add(package, kept)
    assert kept in _paths(_read(package))


def test_a_repository_counts_what_it_tracks_as_it_is_in_the_working_tree(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    commit_all(tmp_path)
    before = _read(package)
    _add(package, "src/maestro_alpha/__init__.py", "changed = True\n")
    (package.folder / "CHANGELOG.md").unlink()
    after = _read(package)
    assert after.sha256 != before.sha256
    assert _paths(before) - _paths(after) == {"CHANGELOG.md"}


def test_a_clone_without_its_repository_has_the_same_source(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    without = _read(package)
    commit_all(tmp_path)
    assert _read(package) == without


def test_a_file_git_does_not_know_is_refused_by_name(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    commit_all(tmp_path)
    _add(package, "src/maestro_alpha/forgotten.py")
    with pytest.raises(RefusedError) as caught:
        _read(package, tmp_path)
    assert caught.value.code == "BD02"
    assert "alpha" in caught.value.message
    assert "src/maestro_alpha/forgotten.py" in caught.value.message


def test_many_unknown_files_are_counted_not_listed(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    commit_all(tmp_path)
    for number in range(8):
        _add(package, f"data/{number}.csv")
    (error,) = errors_of(lambda: _read(package))
    assert "data/4.csv and 3 more" in error.message
    assert error.facts["files"] == [f"data/{number}.csv" for number in range(8)]


def test_a_file_added_to_the_index_counts_without_a_commit(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    commit_all(tmp_path)
    _add(package, "src/maestro_alpha/fresh.py")
    git(tmp_path, "add", "packages/alpha/src/maestro_alpha/fresh.py")
    assert "src/maestro_alpha/fresh.py" in _paths(_read(package))


def test_an_ignored_file_is_left_out(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    (tmp_path / ".gitignore").write_text("*.local\n")
    commit_all(tmp_path)
    before = _read(package)
    _add(package, "settings.local")
    assert _read(package) == before


def test_a_package_git_tracks_nothing_of_counts_whole(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    git(tmp_path, "init")
    assert "pyproject.toml" in _paths(_read(package, tmp_path))


def test_only_the_package_itself_is_asked_about(tmp_path: Path) -> None:
    """A sibling whose name begins alike is another package."""
    package = one_package(tmp_path)
    commit_all(tmp_path)
    sibling = tmp_path / "packages" / "alpha-two"
    sibling.mkdir()
    (sibling / "stray.txt").write_text("stray")
    assert _paths(_read(package, tmp_path)) == _paths(_read(package))


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("kind", ["file link", "folder link", "dangling link", "pipe"])
def test_links_and_special_files_are_refused(tmp_path: Path, kind: str) -> None:
    package = one_package(tmp_path)
    path = package.folder / "src" / "odd"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"file link": "../LICENSE", "folder link": "../tests", "dangling link": "nowhere"}[kind])
    with pytest.raises(RefusedError, match=r"src/odd in alpha") as caught:
        _read(package)
    assert caught.value.code == "BD10"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    shutil.rmtree(package.folder)
    with pytest.raises(FailedError, match=r"packages/alpha") as caught:
        _read(package, tmp_path)
    assert caught.value.code == "BD14"


def test_times_and_permissions_of_others_do_not_matter_but_being_executable_does(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    before = _read(package)
    file = package.folder / "README.md"
    file.chmod(0o600)
    os.utime(file, (0, 0))
    assert _read(package) == before
    file.chmod(0o755)
    assert _read(package).sha256 != before.sha256


def test_a_copy_has_the_same_files_with_plain_modes_and_times(tmp_path: Path) -> None:
    package = one_package(tmp_path / "workspace")
    (package.folder / "README.md").chmod(0o600)
    (package.folder / "LICENSE").chmod(0o711)
    tree = _read(package)
    assert tree.copy(tmp_path / "copy")
    copied = {
        path.relative_to(tmp_path / "copy").as_posix() for path in (tmp_path / "copy").rglob("*") if path.is_file()
    }
    assert copied == _paths(tree)
    assert (tmp_path / "copy" / "README.md").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "copy" / "LICENSE").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "copy" / "LICENSE").stat().st_mtime == 1580601600


def test_a_copy_notices_that_a_file_changed_since_it_was_read(tmp_path: Path) -> None:
    package = one_package(tmp_path / "workspace")
    tree = _read(package)
    _add(package, "README.md", "# other\n")
    assert not tree.copy(tmp_path / "copy")
