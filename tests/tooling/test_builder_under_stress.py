"""A builder that is killed, has company, or runs out of disk leaves nothing wrong behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from building import build, ended, errors_of, hashes, in_child, one_package, start_child
from workspaces import make_workspace

from tooling.effects.build_cache import BuildCache, Entry
from tooling.model.artifact import digest_file
from tooling.model.manifest import read_package

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tooling.model.package import Package

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")

_CHANGES = {"open": "open", "os.rename": "replace", "os.remove": "unlink", "os.mkdir": "mkdir", "os.chmod": "chmod"}
_WRITES = os.O_WRONLY | os.O_RDWR


def _wrong_files(root: Path, good: dict[str, str]) -> list[str]:
    """What is in `dist/` or the cache under a final name without being what the name says."""
    cache = BuildCache(root=root / ".maestro/cache")
    expected = {path: good[path.name] for path in (root / "dist").glob("maestro*")}
    expected |= {path: path.name for path in (cache.root / "artifacts").glob("[!.]*")}
    wrong = [path.name for path, sha256 in expected.items() if digest_file(path).sha256 != sha256]
    entries = [cache.find(path.stem) for path in (cache.root / "builds").glob("[!.]*")]
    return wrong + [str(entry) for entry in entries if entry is None or _names(entry) != good.keys()]


def _names(entry: Entry) -> set[str]:
    return {entry.wheel.filename, entry.sdist.filename}


def _die_after(function: str, _frame: object, event: str, called: object) -> None:
    if event == "c_return" and getattr(called, "__name__", "") == function:
        os.kill(os.getpid(), signal.SIGKILL)


def _killed_at(step: int, root: Path, package: Package) -> None:
    """Build, but die without warning right after the given change to a file of the workspace, counted from 1.

    A file opened for writing is empty at that moment.
    """
    done = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal done
        if event not in _CHANGES or not any(str(root) in str(argument) for argument in arguments):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITES):
            return
        done += 1
        if done == step:
            sys.setprofile(partial(_die_after, _CHANGES[event]))

    sys.addaudithook(watch)
    build(root, package)


def test_a_builder_killed_at_any_step_leaves_nothing_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # killed builds leave their folders: here, not in /tmp
    reference = one_package(tmp_path / "reference")
    good = hashes(build(tmp_path / "reference", reference)[0])
    steps = 0
    while True:
        root = tmp_path / f"killed{steps}"
        package = one_package(root)
        steps += 1
        code = in_child(partial(_killed_at, steps, root, package))
        assert _wrong_files(root, good) == []
        assert hashes(build(root, package)[0]) == good
        assert _wrong_files(root, good) == []
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert steps > 15  # five files, each made, filled, given its mode and renamed


def test_many_builders_on_one_cache_and_dist_all_succeed(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    good = hashes(build(tmp_path, package)[0])
    start, go = os.pipe()

    def work(*, rebuild: bool) -> None:
        os.close(go)
        os.read(start, 1)  # returns when the parent closes its end: all are there
        assert hashes(build(tmp_path, package, rebuild=rebuild)[0]) == good

    children = [start_child(partial(work, rebuild=number % 2 == 0)) for number in range(6)]
    os.close(start)
    os.close(go)
    assert [ended(child) for child in children] == [0] * 6
    assert _wrong_files(tmp_path, good) == []
    assert not list(tmp_path.rglob("*.partial"))


@contextmanager
def _small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _bulky(root: Path) -> Package:
    """A package that compresses badly: some 60 kB of files, none larger than 10 kB."""
    noise = {f"src/maestro_alpha/noise{n}.txt": os.urandom(5000).hex() for n in range(6)}
    return one_package(root, files=noise)


@pytest.mark.parametrize(
    ("where", "kilobytes"),
    [
        ("dist", 8),
        ("dist", 48),
        (".maestro", 8),
        (".maestro", 48),
        ("tmp", 32),
        ("tmp", 88),
        ("tmp", 120),
        ("tmp", 140),
    ],
)
def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, kilobytes: int
) -> None:
    root = tmp_path / "workspace"
    package = _bulky(root)
    with _small_disk(root / where, kilobytes):
        if where == "tmp":
            monkeypatch.setattr(tempfile, "tempdir", str(root / where))
        assert [error.code for error in errors_of(lambda: build(root, package))] == ["BD04"]
        assert not list(root.rglob("*.partial"))
        assert where != "tmp" or not list((root / where).iterdir())
        monkeypatch.undo()
    artifacts, _ = build(root, package)
    assert _wrong_files(root, hashes(artifacts)) == []


@pytest.mark.parametrize("kilobytes", [12, 30])
def test_a_limit_on_file_sizes_is_said_once_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kilobytes: int
) -> None:
    """Both limits suffice for every source file and for no archive; what one package met would meet the other, too."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    noise = {f"noise{n}.txt": os.urandom(5000).hex() for n in range(6)}
    make_workspace(tmp_path, {name: {"files": {f"src/maestro_{name}/{n}": noise[n] for n in noise}} for name in "ab"})
    packages = [read_package(tmp_path / "packages" / name) for name in "ab"]

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))
        assert [error.code for error in errors_of(lambda: build(tmp_path, *packages))] == ["BD04"]

    assert in_child(limited) == 0
    assert list(scratch.iterdir()) == []
    assert not list((tmp_path / "dist").glob("*"))
