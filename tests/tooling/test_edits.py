"""Several files are one edit: all of them, whoever comes between."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tooling.effects.edits import Edits
from tooling.errors import FailedError, RefusedError
from tooling.plan.bump_edits import FileEdit

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {"packages": ["low"]}


def three(root: Path) -> list[FileEdit]:
    """Three files as they are, and as they are to be."""
    found = []
    for name in ("a", "b", "c"):
        (root / name).write_bytes(f"{name} before\r\n".encode())
        found.append(FileEdit(path=name, before=f"{name} before\r\n", after=f"{name} after ünïcode\r\n"))
    return found


def texts(root: Path) -> list[str]:
    return [(root / name).read_bytes().decode().split()[1] for name in ("a", "b", "c")]


def test_all_files_are_written_as_meant_and_keep_their_rights(tmp_path: Path) -> None:
    edits = three(tmp_path)
    (tmp_path / "a").chmod(0o600)
    Edits(root=tmp_path).write(edits, WORDS)
    assert [(tmp_path / each.path).read_bytes().decode() for each in edits] == [each.after for each in edits]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert Edits(root=tmp_path).finish() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [".maestro", "a", "b", "c"]


class KilledError(Exception):
    """The end of a process, at the moment its journal stands."""


class Killed(Edits):
    """Edits of a process that does not live to carry them out."""

    def _carry_out(self, files: object) -> None:
        raise KilledError(files)


def journal(root: Path, edits: list[FileEdit], written: int) -> None:
    """Put the files into the state in which a process is killed that has written `written` of them."""
    with pytest.raises(KilledError):
        Killed(root=root).write(edits, WORDS)
    for each in edits[:written]:
        (root / each.path).write_bytes(each.after.encode())


@pytest.mark.parametrize("written", [1, 2, 3])
def test_what_was_begun_is_finished(tmp_path: Path, written: int) -> None:
    journal(tmp_path, three(tmp_path), written)
    finished = Edits(root=tmp_path).finish()
    assert finished is not None
    assert (finished.words, finished.paths) == (WORDS, ("a", "b", "c"))
    assert texts(tmp_path) == ["after"] * 3
    assert Edits(root=tmp_path).finish() is None


def test_what_was_never_begun_is_forgotten(tmp_path: Path) -> None:
    journal(tmp_path, three(tmp_path), 0)
    assert Edits(root=tmp_path).finish() is None
    assert texts(tmp_path) == ["before"] * 3
    assert not (tmp_path / ".maestro/edit.json").exists()


def test_a_rehearsal_finishes_nothing(tmp_path: Path) -> None:
    journal(tmp_path, three(tmp_path), 1)
    with pytest.raises(RefusedError) as caught:
        Edits(root=tmp_path).finish(dry_run=True)
    assert caught.value.code == "VS10"
    assert texts(tmp_path) == ["after", "before", "before"]


def test_a_file_that_somebody_changed_in_between_is_left_alone(tmp_path: Path) -> None:
    journal(tmp_path, three(tmp_path), 1)
    (tmp_path / "b").write_text("b mine\n")
    with pytest.raises(RefusedError) as caught:
        Edits(root=tmp_path).finish()
    assert caught.value.code == "VS10"
    assert texts(tmp_path) == ["after", "mine", "before"]


def test_a_file_that_changed_while_the_edit_was_planned_stops_all_of_it(tmp_path: Path) -> None:
    edits = three(tmp_path)
    (tmp_path / "c").write_text("c mine\n")
    with pytest.raises(RefusedError) as caught:
        Edits(root=tmp_path).write(edits, WORDS)
    assert caught.value.code == "VS10"
    assert texts(tmp_path) == ["before", "before", "mine"]


def test_two_processes_never_edit_at_once(tmp_path: Path) -> None:
    with Edits(root=tmp_path).held(), pytest.raises(RefusedError) as caught, Edits(root=tmp_path).held():
        pass
    assert caught.value.code == "VS14"


def test_a_journal_is_whole_or_not_there(tmp_path: Path) -> None:
    journal(tmp_path, three(tmp_path), 1)
    told = json.loads((tmp_path / ".maestro/edit.json").read_text())
    assert [each["path"] for each in told["files"]] == ["a", "b", "c"]


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / ".maestro").write_text("a file where a folder should be")
    with pytest.raises(FailedError) as caught, Edits(root=tmp_path).held():
        pass
    assert caught.value.code == "VS15"
