"""Whoever reads the index while a platform is published finds each package with all that it needs in house (law 3)."""

from __future__ import annotations

import io
import sqlite3
import threading
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.parser import HeaderParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from observed_index import LINK, observed_index, read
from packaging.requirements import Requirement
from packaging.utils import parse_sdist_filename, parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from originals import Original
    from packaging.version import Version
    from warm_invoke import WarmInvoke

PREFIX = "maestro-"


@dataclass(slots=True, kw_only=True)
class Reader:
    """Judges states of the index: for every project the names of its files, and what its wheels require."""

    faults: set[str] = field(default_factory=set)
    states: int = 0
    requires: dict[str, list[Requirement]] = field(default_factory=dict)

    def judge(self, state: Mapping[str, set[str]], needed: Callable[[str], set[str]]) -> None:
        """Judge each project of `state`; `needed` tells the files of what is required, now or a little later."""
        self.states += 1
        for project, files in state.items():
            wheels = {name for name in files if name.endswith(".whl")}
            if files and not wheels:
                self.faults.add(f"{project} has an sdist before its wheel")
            for wheel in wheels:
                for requirement in self.requires[wheel]:
                    found = needed(requirement.name)
                    if not any(requirement.specifier.contains(version) for version in _complete_versions(found)):
                        self.faults.add(f"{wheel} is there without {requirement}")

    def learn(self, wheel: str, content: bytes) -> None:
        """Read what a wheel requires in house, extras included."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
            required = HeaderParser().parsestr(archive.read(name).decode()).get_all("Requires-Dist", [])
        self.requires[wheel] = [Requirement(each) for each in required if each.startswith(PREFIX)]


def test_a_reader_never_sees_an_unsatisfied_requirement(
    thirteen: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """One reader looks into the store at every request and answer; another reads the pages as installers do."""
    inside, outside = Reader(), Reader()
    with observed_index(tmp_path / "index") as index:
        look = _looking_into(tmp_path / "index", inside)
        index.traffic.before = index.traffic.after = lambda _number, _method, _path: look()
        with _reading(f"{index.running.url}/repository/pypi-hosted/simple/", outside):
            done = warm.run(thirteen.built, "publish", "--all", environment=user(**index.variables))
        index.traffic.before = index.traffic.after = None
        assert done.code == 0, done.said
        assert index.pages() == thirteen.pages
    assert not inside.faults | outside.faults
    assert inside.states > thirteen.files
    assert outside.states > 1
    assert len(inside.requires) == len(outside.requires) == len(thirteen.pages)
    assert sum(map(len, inside.requires.values())) > len(thirteen.pages)


def _looking_into(data: Path, reader: Reader) -> Callable[[], None]:
    """A look at the whole store as it is at this moment."""

    def look() -> None:
        with closing(sqlite3.connect(data / "index.db", timeout=30)) as database:
            rows = database.execute("SELECT name, file, blob FROM assets").fetchall()
        state: dict[str, set[str]] = {}
        for name, file, blob in rows:
            state.setdefault(name, set()).add(file)
            if file.endswith(".whl") and file not in reader.requires:
                reader.learn(file, (data / "blobs" / blob).read_bytes())
        reader.judge(state, lambda name: state.get(name, set()))

    return look


@contextmanager
def _reading(root: str, reader: Reader) -> Iterator[None]:
    """Read all pages again and again beside the block.

    A page is read before the pages of what it requires: what is missing there then was missing all the time before.
    """
    over = threading.Event()

    def page(name: str) -> dict[str, str]:
        return {
            file: urljoin(f"{root}{name}/", href) for href, _, _, file in LINK.findall(read(f"{root}{name}/").decode())
        }

    def work() -> None:
        while True:
            last = over.is_set()
            for _, _, _, name in LINK.findall(read(root).decode()):
                files = page(name)
                for file in files.keys() - reader.requires.keys():
                    if file.endswith(".whl"):
                        reader.learn(file, read(files[file]))
                reader.judge({name: set(files)}, lambda needed: set(page(needed)))
            if last:
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _complete_versions(files: set[str]) -> set[Version]:
    """The versions of which both files are there: whoever needs a package starts when all of it is verified."""
    wheels = {parse_wheel_filename(name)[1] for name in files if name.endswith(".whl")}
    return {parse_sdist_filename(name)[1] for name in files if name.endswith(".tar.gz")} & wheels
