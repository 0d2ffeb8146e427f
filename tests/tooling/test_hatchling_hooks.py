"""Building in process takes nothing from the process and leaves nothing in it."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from building import in_child, one_package

from tooling.effects.hatchling_hooks import build_in_process
from tooling.model.artifact import digest_file

if TYPE_CHECKING:
    from tooling.model.artifact import Kind


def _built(source: Path, into: Path) -> list[str]:
    into.mkdir()
    return [digest_file(path).sha256 for path in build_in_process(source, into, ("wheel", "sdist"))]


def test_the_process_is_as_it_was_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = one_package(tmp_path)
    _built(package.folder, tmp_path / "first")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "42")
    monkeypatch.setenv("HATCH_BUILD_HOOKS_ONLY", "true")
    before = (dict(os.environ), list(sys.path), Path.cwd(), set(sys.modules))
    _built(package.folder, tmp_path / "second")
    assert (dict(os.environ), list(sys.path), Path.cwd(), set(sys.modules)) == before


def test_variables_of_the_caller_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = one_package(tmp_path)
    plain = _built(package.folder, tmp_path / "plain")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("HATCH_BUILD_HOOKS_ONLY", "true")
    monkeypatch.setenv("HATCH_BUILD_LOCATION", str(tmp_path / "astray"))
    assert _built(package.folder, tmp_path / "with") == plain


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    packages = [one_package(tmp_path / str(number), description=f"Number {number}.") for number in range(4)]
    alone = [_built(package.folder, tmp_path / f"alone{n}") for n, package in enumerate(packages)]
    found: dict[int, list[str]] = {}
    start = threading.Barrier(len(packages))

    def work(number: int) -> None:
        start.wait()
        found[number] = _built(packages[number].folder, tmp_path / f"together{number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(packages))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(len(packages))] == alone


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_an_unfinished_archive_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """A limit on the size of files ends the build in the middle of the archive."""
    package = one_package(tmp_path, files={f"src/maestro_alpha/noise{n}.txt": os.urandom(5000).hex() for n in range(6)})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))
        with pytest.raises(OSError, match="too large"):
            build_in_process(package.folder, tmp_path, (kind,))

    assert in_child(limited) == 0
    assert not list(scratch.iterdir())
