"""Several files rewritten as one edit: a kill at any moment leaves every file whole, and the next run finishes.

What is going to be written stands in `.maestro/edit.json` before the first file is touched. Whoever finds that journal
compares the files with it: none written yet, the edit never began; some written, it is brought to its end; anything
else, somebody edited in between, and nothing is touched. Files are replaced by renaming, never written in place.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tooling.effects.whole_files import sweep, written_whole
from tooling.errors import FailedError, Place, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tooling.plan.bump_edits import FileEdit


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """An edit that was found half done and brought to its end: what had been asked for, and the files of it."""

    words: Mapping[str, object]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """The edits of the workspace at `root`; one process at a time has them in its hands (`held`)."""

    root: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from editing.

        Raises:
            RefusedError: VS14, when another process is at it.
        """
        with self._disk():
            self._journal.parent.mkdir(exist_ok=True)
            lock = self._journal.with_suffix(".lock").open("ab")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                hint = "Wait for it to end, then run again."
                raise RefusedError("VS14", "Another process is editing versions here.", hint) from None
            yield

    def finish(self, *, dry_run: bool = False) -> Finished | None:
        """Bring to its end what a killed run began; None where there is nothing to do.

        Raises:
            RefusedError: VS10, when a file of it was changed since, or when a rehearsal would have to write.
        """
        try:
            journal: dict[str, Any] = json.loads(self._journal.read_bytes())
        except FileNotFoundError:
            return None
        files = journal["files"]
        states = {each["path"]: self._hash(each["path"]) for each in files}
        strangers = [e["path"] for e in files if states[e["path"]] not in {e["before"], _sha256(e["after"])}]
        if strangers:
            raise self._changed(strangers)
        if all(states[each["path"]] == each["before"] for each in files):
            self._forget(dry_run=dry_run)
            return None
        if dry_run:
            message = "An edit of versions was interrupted, and a rehearsal does not finish it."
            raise RefusedError("VS10", message, "Run without --dry-run once: it finishes that edit.")
        self._carry_out(files)
        return Finished(words=journal["words"], paths=tuple(each["path"] for each in files))

    def write(self, edits: Sequence[FileEdit], words: Mapping[str, object]) -> None:
        """Write all of the edits; `words` say what was asked for, for whoever would have to finish.

        Raises:
            RefusedError: VS10, when a file is not any more what it was when the edit was planned.
        """
        files = [{"path": e.path, "before": _sha256(e.before), "after": e.after} for e in edits]
        moved = [each["path"] for each in files if self._hash(each["path"]) != each["before"]]
        if moved:
            message = f"{', '.join(moved)} changed while the bump was planned."
            raise RefusedError("VS10", message, "Run again.")
        with self._disk(), written_whole(self._journal) as partial:
            _write_through(partial, json.dumps({"words": words, "files": files}))
        self._carry_out(files)

    @property
    def _journal(self) -> Path:
        return self.root / ".maestro" / "edit.json"

    def _carry_out(self, files: Sequence[Mapping[str, str]]) -> None:
        with self._disk():
            for each in files:
                if self._hash(each["path"]) == each["before"]:
                    self._replace((self.root / each["path"]).resolve(), each["after"])  # a link stays one
            self._journal.unlink()
            sweep(self._journal.parent)

    def _replace(self, path: Path, text: str) -> None:
        """Put a new file in the place of the old one, with its rights.

        It is made where git never looks: an unfinished one beside the old would be a stray file of the package.
        """
        partial = self._journal.with_suffix(".partial")
        _write_through(partial, text)
        partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path)

    def _forget(self, *, dry_run: bool) -> None:
        if not dry_run:
            self._journal.unlink()

    def _hash(self, path: str) -> str:
        try:
            return hashlib.sha256((self.root / path).read_bytes()).hexdigest()
        except FileNotFoundError:
            return ""

    def _changed(self, paths: Sequence[str]) -> RefusedError:
        message = f"An edit of versions was interrupted, and {', '.join(paths)} was changed since."
        hint = f"Look at `git diff`: take everything back, or keep it as it is; then delete {self._journal}."
        return RefusedError("VS10", message, hint, place=Place(file=self._journal))

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{error.filename or 'A file'} cannot be written: {error.strerror or error}."
            hint = "Make room or correct the permissions, then run again: it finishes what was begun."
            raise FailedError("VS15", message, hint) from error


def _write_through(path: Path, text: str) -> None:
    """Write bytes and have them on the disk before anybody renames the file."""
    with path.open("wb") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
