"""What was built before, by a key over all that decides its bytes; it may be deleted at any time.

    <root>/builds/<key>.json      what a build made: file names and SHA-256
    <root>/artifacts/<sha256>     the files

Nothing in it is believed: an artifact's bytes are hashed whenever it is taken out, and an entry that cannot be read,
or whose artifact is missing or damaged, is no entry. Artifacts are written before the entry that names them, each file
whole or not at all, so neither a kill nor a second process at work in the same folder leaves a wrong one.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from tooling.effects.whole_files import copy_hashed, sweep, written_whole

if TYPE_CHECKING:
    from pathlib import Path

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One file of a build: the name it has in `dist/` and its SHA-256 in lower-case hex."""

    filename: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One checked build of a package, and a sentence on `how` it was made."""

    wheel: Stored
    sdist: Stored
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildCache:
    """A cache in the folder `root`, made when something is first stored."""

    root: Path

    def find(self, key: str) -> Entry | None:
        """The entry under `key`; whether its artifacts are sound shows when they are taken out."""
        try:
            data = json.loads(self._entry(key).read_bytes())
            return Entry(wheel=_stored(data["wheel"]), sdist=_stored(data["sdist"]), how=str(data["how"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def sweep(self) -> None:
        """Remove what writers that were killed left unfinished."""
        sweep(self.root / "builds")
        sweep(self.root / "artifacts")

    def store(self, key: str, wheel: Path, sdist: Path, how: str) -> Entry:
        """Keep two files under `key` and return the entry made of them."""
        entry = Entry(wheel=self._keep(wheel), sdist=self._keep(sdist), how=how)
        with written_whole(self._entry(key)) as partial:
            partial.write_text(json.dumps(asdict(entry)), encoding="utf-8")
        return entry

    def take(self, stored: Stored, target: Path) -> bool:
        """Copy a file out to `target`, whole; False, and nothing written, when it is missing or not itself any more."""
        source = self.root / "artifacts" / stored.sha256
        try:
            with written_whole(target) as partial:
                _same(copy_hashed(source, partial), stored.sha256)
        except (FileNotFoundError, _DamagedError):
            return False
        return True

    def _entry(self, key: str) -> Path:
        return self.root / "builds" / f"{key}.json"

    def _keep(self, file: Path) -> Stored:
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        with written_whole(self.root / "artifacts" / sha256) as partial:
            copy_hashed(file, partial)
        return Stored(filename=file.name, sha256=sha256)


class _DamagedError(Exception):
    """The bytes are not those the name promises."""


def _same(actual: str, expected: str) -> None:
    if actual != expected:
        raise _DamagedError


def _stored(data: dict[str, str]) -> Stored:
    stored = Stored(filename=data["filename"], sha256=data["sha256"])
    if PurePath(stored.filename).name != stored.filename or not _SHA256.fullmatch(stored.sha256):
        raise ValueError(data)
    return stored
