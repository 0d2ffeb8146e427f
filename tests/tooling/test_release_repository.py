"""What git is asked before a release, on real repositories with everything odd in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from building import commit_all, git

from tooling.effects.checkout import checkout
from tooling.effects.repository import Repository
from tooling.errors import FailedError
from tooling.plan.repository import Relation

if TYPE_CHECKING:
    from pathlib import Path


def repository(root: Path, **files: str) -> Repository:
    """A repository with these files committed, whose owner has a name."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in {"one.txt": "1\n", **files}.items():
        (root / name).write_text(text)
    commit_all(root)
    git(root, "config", "user.name", "Tester")
    git(root, "config", "user.email", "tester@example.com")
    return Repository(root=root, branch="main", remote="origin", patience=60.0)


def test_a_fresh_repository_is_clean_on_its_branch_and_knows_its_owner(tmp_path: Path) -> None:
    facts = repository(tmp_path).facts()
    assert (facts.branch, facts.dirty, facts.shallow, facts.committer) == ("main", (), False, True)
    assert (facts.tags, facts.remote, facts.trouble) == ({}, None, None)
    assert (len(facts.head), facts.message.strip()) == (40, "All")


def test_whatever_is_not_clean_is_named_by_its_path(tmp_path: Path) -> None:
    """With blanks and line ends in names, renamed, deleted, staged, and unknown to git."""
    known = repository(tmp_path, **{"old name": "text\n" * 20, "gone": "gone\n", "staged": "1\n", "odd\nname": "1\n"})
    git(tmp_path, "mv", "old name", "new name")
    (tmp_path / "gone").unlink()
    (tmp_path / "staged").write_text("2\n")
    git(tmp_path, "add", "staged")
    (tmp_path / "odd\nname").write_text("2\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "un known").write_text("x")
    assert set(known.facts().dirty) == {"new name", "gone", "staged", "odd\nname", "folder/un known"}


def test_tags_are_told_apart(tmp_path: Path) -> None:
    known = repository(tmp_path)
    git(tmp_path, "tag", "light")
    git(tmp_path, "tag", "--annotate", "--message", "x", "here")
    git(tmp_path, "tag", "tree", "HEAD^{tree}")
    git(tmp_path, "switch", "--create", "other")
    git(tmp_path, "commit", "--allow-empty", "--message", "Elsewhere")
    git(tmp_path, "tag", "--annotate", "--message", "x", "elsewhere")
    git(tmp_path, "switch", "main")
    facts = known.facts()
    shapes = {name: (tag.commit == facts.head, tag.annotated, tag.merged) for name, tag in facts.tags.items()}
    assert shapes == {
        "light": (True, False, True),
        "here": (True, True, True),
        "tree": (False, False, False),
        "elsewhere": (False, True, False),
    }
    assert facts.tags["tree"].commit is None


def test_the_remote_itself_is_asked_and_not_what_was_fetched_from_it(tmp_path: Path) -> None:
    known = repository(tmp_path / "clone")
    git(tmp_path, "init", "--bare", "remote.git")
    git(tmp_path / "clone", "remote", "add", "origin", str(tmp_path / "remote.git"))

    def relation() -> Relation:
        remote = known.facts().remote
        assert remote is not None
        return remote.relation

    assert relation() is Relation.ABSENT
    git(tmp_path / "clone", "push", "origin", "main")
    assert relation() is Relation.SAME
    git(tmp_path / "clone", "commit", "--allow-empty", "--message", "More")
    assert relation() is Relation.AHEAD
    git(tmp_path, "clone", "remote.git", "colleague")
    git(tmp_path / "colleague", "commit", "--allow-empty", "--message", "Theirs")
    git(tmp_path / "colleague", "tag", "--annotate", "--message", "x", "core-v1.0.0")
    git(tmp_path / "colleague", "push", "origin", "main", "core-v1.0.0")
    facts = known.facts()
    assert facts.remote is not None
    assert (facts.remote.relation, list(facts.remote.tags)) == (Relation.BEHIND, ["core-v1.0.0"])
    assert facts.tags == {}


def test_a_folder_without_a_commit_has_nothing_to_release(tmp_path: Path) -> None:
    nowhere = Repository(root=tmp_path, branch="main", remote="origin", patience=60.0)
    for begun in (False, True):
        if begun:
            git(tmp_path, "init")
        with pytest.raises(FailedError) as caught:
            nowhere.facts()
        assert caught.value.code == "GT04"


def test_a_checkout_holds_the_files_of_a_commit_and_leaves_no_trace_in_the_repository(tmp_path: Path) -> None:
    known = repository(tmp_path / "clone", script="#!/bin/sh\n")
    (tmp_path / "clone" / "script").chmod(0o755)
    git(tmp_path / "clone", "commit", "--all", "--message", "Executable")
    head = known.facts().head
    (tmp_path / "clone" / "one.txt").write_text("edited\n")
    (tmp_path / "clone" / "stray").write_text("stray\n")
    before = _contents(tmp_path / "clone")
    with checkout(known.git, head) as tree:
        assert {path.name for path in tree.iterdir()} == {"one.txt", "script"}
        assert (tree / "one.txt").read_text() == "1\n"
        assert (tree / "script").stat().st_mode & 0o100
    assert not tree.exists()
    assert _contents(tmp_path / "clone") == before


def test_a_checkout_of_a_workspace_further_down_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_text("1")
    inner = Repository(root=tmp_path / "inner", branch="main", remote="origin", patience=60.0)
    repository(tmp_path)
    with checkout(inner.git, inner.facts().head) as tree:
        assert [path.name for path in tree.iterdir()] == ["file"]
    head = inner.facts().head
    assert set(inner.trees([(head, "file"), (head, "nothing")])) == {(head, "file")}


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
