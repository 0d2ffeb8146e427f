"""The tags of releases, and the tree as it was at each, from repositories made here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from building import commit_all, git
from packaging.version import Version
from workspaces import make_workspace

from tooling.effects.git import Git
from tooling.effects.release_tags import read_release_tags
from tooling.effects.tagged_source import tagged_source
from tooling.errors import FailedError
from tooling.model.tags import Tag

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("alpha", "alpha-v2", "beta")
ALPHA = Tag(package="alpha", version=Version("1.0.0"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with one package, committed and tagged."""
    root = make_workspace(tmp_path / "workspace", {"alpha": {}})
    commit_all(root)
    tag(root, "alpha-v1.0.0")
    return root


def tag(root: Path, name: str) -> None:
    git(root, "tag", "--annotate", "--message", "A release", name)


def listing(root: Path) -> set[str]:
    """Every file of a repository, those of git too."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


class TestTags:
    """Only tags of the packages asked about count, and what is odd about one is said."""

    def test_releases_are_read_and_other_tags_left_alone(self, root: Path) -> None:
        for name in ("nightly", "v3", "alpha-v2-v1.0.0", "beta-v1.0", "gamma-v1.0.0", "alpha-vegan"):
            tag(root, name)
        found = read_release_tags(Git(root=root), NAMES, {"alpha", "alpha-v2"})
        assert {str(each) for each in found.tags} == {"alpha-v1.0.0", "alpha-v2-v1.0.0"}
        (warning,) = found.warnings
        assert "`alpha-vegan` is not the tag of a release" in warning

    def test_a_tag_without_a_message_counts_and_is_said(self, root: Path) -> None:
        git(root, "tag", "alpha-v1.1.0")
        found = read_release_tags(Git(root=root), NAMES, {"alpha"})
        assert {str(each) for each in found.tags} == {"alpha-v1.0.0", "alpha-v1.1.0"}
        assert found.warnings == (
            "The tag alpha-v1.1.0 is not annotated, so it says neither who made it nor what it brought.",
        )

    def test_a_shallow_clone_is_said(self, root: Path, tmp_path: Path) -> None:
        git(root, "commit", "--allow-empty", "--message", "More")
        git(tmp_path, "clone", "--depth=1", root.as_uri(), "shallow")
        found = read_release_tags(Git(root=tmp_path / "shallow"), NAMES, {"alpha"})
        assert "git fetch --unshallow --tags" in found.warnings[-1]

    def test_where_there_is_no_repository_git_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(FailedError) as caught:
            read_release_tags(Git(root=tmp_path), NAMES, {"alpha"})
        assert caught.value.code == "GT02"


class TestSource:
    """The tree at a tag, whatever the working tree is like."""

    def test_the_package_is_read_as_it_was_and_nothing_here_is_touched(self, root: Path) -> None:
        manifest = root / "packages/alpha/pyproject.toml"
        manifest.write_text(manifest.read_text(encoding="utf-8").replace("1.0.0", "1.1.0", 1), encoding="utf-8")
        (root / "packages/alpha/stray.txt").write_text("stray", encoding="utf-8")
        git(root, "gc", "--quiet")
        before = listing(root)
        with tagged_source(Git(root=root), ALPHA) as source:
            scratch, package = source.root, source.package
            assert (str(package.version), package.folder) == ("1.0.0", scratch / "packages/alpha")
            assert not (package.folder / "stray.txt").exists()
        assert not scratch.exists()
        assert listing(root) == before

    def test_a_tree_of_another_version_than_its_tag_is_refused(self, root: Path) -> None:
        tag(root, "alpha-v2.0.0")
        wrong = Tag(package="alpha", version=Version("2.0.0"))
        with (
            pytest.raises(FailedError, match="The tree at alpha-v2") as caught,
            tagged_source(Git(root=root), wrong),
        ):
            pytest.fail("there is no such source")
        assert caught.value.code == "PB26"

    def test_what_a_machine_s_settings_do_to_checkouts_does_not_count(
        self, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hooks, home = tmp_path / "hooks", tmp_path / "home"
        for folder in (hooks, home):
            folder.mkdir()
        (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
        (hooks / "post-checkout").chmod(0o755)
        settings = f"[core]\n\tautocrlf = true\n\thooksPath = {hooks}\n"
        (home / ".gitconfig").write_text(settings, encoding="utf-8")
        monkeypatch.setenv("HOME", str(home))
        with tagged_source(Git(root=root), ALPHA) as source:
            assert b"\r" not in (source.package.folder / "README.md").read_bytes()
        assert not (tmp_path / "ran").exists()

    def test_a_clone_that_shows_a_part_only_still_has_all_of_it(self, root: Path) -> None:
        git(root, "sparse-checkout", "set", "--no-cone", "/packages/alpha/src/")
        assert not (root / "packages/alpha/pyproject.toml").exists()
        with tagged_source(Git(root=root), ALPHA) as source:
            assert (source.package.folder / "README.md").is_file()

    def test_a_workspace_below_the_top_of_its_repository_is_found(self, tmp_path: Path) -> None:
        root = make_workspace(tmp_path / "top" / "python", {"alpha": {}})
        commit_all(tmp_path / "top")
        tag(root, "alpha-v1.0.0")
        with tagged_source(Git(root=root), ALPHA) as source:
            assert source.package.source.is_dir()

    def test_a_linked_worktree_will_do(self, root: Path, tmp_path: Path) -> None:
        git(root, "worktree", "add", str(tmp_path / "linked"))
        with tagged_source(Git(root=tmp_path / "linked"), ALPHA) as source:
            assert source.package.version == ALPHA.version

    def test_a_tag_that_is_gone_is_git_s_to_say(self, root: Path) -> None:
        gone = Tag(package="beta", version=Version("1.0.0"))
        with pytest.raises(FailedError) as caught, tagged_source(Git(root=root), gone):
            pytest.fail("there is no such tag")
        assert caught.value.code == "GT02"

    @pytest.mark.parametrize(
        ("required", "pinned"),
        [
            ('["hatchling==1.30.0", "six"]', "1.30.0"),
            ("[\"Hatchling == 1.30.0 ; python_version>'3'\"]", "1.30.0"),
            ('["hatchling>=1.27", "no requirement"]', None),
            ("[]", None),
        ],
    )
    def test_the_backend_the_tag_pins_is_read_from_its_root(
        self, required: str, pinned: str | None, tmp_path: Path
    ) -> None:
        root = make_workspace(tmp_path / "workspace", {"alpha": {}})
        manifest = root / "pyproject.toml"
        manifest.write_text(manifest.read_text(encoding="utf-8") + f"dependencies = {required}\n", encoding="utf-8")
        commit_all(root)
        tag(root, "alpha-v1.0.0")
        with tagged_source(Git(root=root), ALPHA) as source:
            assert source.pinned("hatchling") == pinned
