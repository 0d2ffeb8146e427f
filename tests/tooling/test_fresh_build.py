"""One package built anew: equal to what the common front ends build, proved against its sdist, or not used at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
from building import EXTRAS, build, errors_of, hashes, one_package, sha256_of, with_own_backend

from tooling.effects.archives import members
from tooling.effects.fresh_build import wheel_from_sdist
from tooling.errors import FailedError

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.model.package import Package

IN_PROCESS = "built in process by hatchling"


def test_the_ignore_file_of_the_repository_is_no_part_of_a_package(tmp_path: Path) -> None:
    """Else a line added to it would change every sdist under its published version."""
    package = one_package(tmp_path)
    before, _ = build(tmp_path, package)
    (tmp_path / ".gitignore").write_text("tests/\n*.md\n")
    after, hows = build(tmp_path, package, rebuild=True)
    assert hows["alpha"].startswith(IN_PROCESS)
    assert hashes(before) == hashes(after)


def test_temporary_files_may_lie_inside_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends look for ignore files upwards from where they build; they must not find the repository's."""
    package = one_package(tmp_path)
    before, _ = build(tmp_path, package)
    scratch = tmp_path / "build"
    scratch.mkdir()
    (tmp_path / ".gitignore").write_text("tests/\n")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    after, _ = build(tmp_path, package, rebuild=True)
    assert hashes(before) == hashes(after)
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("front_end", ["build", "uv"])
def test_the_common_front_ends_give_the_same_bytes(tmp_path: Path, front_end: str) -> None:
    """They put the nearest ignore file into the sdist, and nothing else that we do not: equal if the package has one.

    Without one, the repository's own gets in there.
    """
    out = tmp_path / "theirs"
    package = one_package(tmp_path, extras=EXTRAS, files={".gitignore": "*.log\n"})
    ours = hashes(build(tmp_path, package)[0])
    _build_with(front_end, package, out)
    assert {path.name: sha256_of(path) for path in out.iterdir()} == ours
    (package.folder / ".gitignore").unlink()
    wheel, sdist = hashes(build(tmp_path, package)[0])
    _build_with(front_end, package, out)
    assert sha256_of(out / wheel) == ours[wheel]
    theirs, mine = members(out / sdist), members(tmp_path / "dist" / sdist)
    assert theirs.keys() - mine.keys() == {"maestro_alpha-1.0.0/.gitignore"}
    assert mine.items() <= theirs.items()


def _build_with(front_end: str, package: Package, out: Path) -> None:
    if front_end == "build":
        command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(package.folder)]
    else:
        uv = pytest.importorskip("uv", reason="uv is not installed").find_uv_bin()
        options = ["--no-build-isolation", "--python", sys.executable, "--no-create-gitignore", "--out-dir", str(out)]
        command = [uv, "build", *options, str(package.folder)]
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_an_sdist_gives_the_wheel_of_the_tree(tmp_path: Path) -> None:
    package = one_package(tmp_path, extras=EXTRAS)
    (wheel, sdist), _ = build(tmp_path, package)
    again = wheel_from_sdist(package, sdist.path, tmp_path)
    assert again.parent == tmp_path
    assert again.read_bytes() == wheel.path.read_bytes()


def test_a_wheel_that_its_sdist_does_not_give_is_refused(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    manifest = package.folder / "pyproject.toml"
    options = '[tool.hatch.build.targets.sdist]\nexclude = ["_neighbours.py"]\n'
    manifest.write_text(manifest.read_text() + options)
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert error.code == "BD12"
    assert "maestro_alpha/_neighbours.py is only in the wheel of the tree" in error.message
    assert not list((tmp_path / "dist").glob("*"))


def test_a_backend_that_raises_is_quoted(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    (package.folder / "README.md").unlink()
    with pytest.raises(FailedError, match=r"alpha could not be built: .*README") as caught:
        build(tmp_path, package)
    assert caught.value.code == "BD01"
    assert caught.value.hint


def test_a_source_that_changes_while_it_is_built_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "packages/alpha/README.md"
    package = one_package(tmp_path, **with_own_backend(f"Path({str(target)!r}).write_text('# other')"))
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert error.code == "BD03"
    assert not list((tmp_path / "dist").glob("*"))
    assert not list((tmp_path / ".maestro").glob("**/*.json"))
