"""A team that releases: a workspace in git, a bare repository as its remote, an index, and a user with a name."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from originals import copied
from publishers import user_environment

if TYPE_CHECKING:
    from pathlib import Path

    from observed_index import ObservedIndex
    from publishers import Finished
    from warm_invoke import WarmInvoke

_CONFIG = "[user]\n\tname = Releaser\n\temail = releaser@example.com\n[init]\n\tdefaultBranch = main\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Releaser:
    """One person's clone `root` of the repository `remote`, and the index that is released to, if there is one."""

    root: Path
    remote: Path
    home: Path
    warm: WarmInvoke
    index: ObservedIndex | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Their environment."""
        return user_environment(self.home, **(self.index.variables if self.index else {}))

    def invoke(self, *words: str, die_at: int | None = None, **variables: str) -> Finished:
        """Run a command in the clone."""
        return self.warm.run(self.root, *words, environment=self.environment | variables, die_at=die_at)

    def release(self, *words: str, die_at: int | None = None, **variables: str) -> Finished:
        """Run `invoke release`."""
        return self.invoke("release", *words, die_at=die_at, **variables)

    def git(self, *words: str, at: Path | None = None) -> str:
        """Run git in the clone, or in another folder, and return what it printed; it has to succeed."""
        return git_as(self.home, at or self.root, *words)

    def tags(self, at: Path | None = None) -> dict[str, str]:
        """The annotated tags of a repository, and the commit each names."""
        form = "--format=%(objecttype) %(refname:strip=2) %(*objectname)"
        lines = self.git("for-each-ref", form, "refs/tags", at=at).splitlines()
        return {line.split(" ")[1]: line.split(" ")[2] for line in lines if line.startswith("tag ")}

    def message(self, tag: str) -> str:
        """What a tag of the clone says, without its signature."""
        return self.git("for-each-ref", "--format=%(contents:subject)%0a%0a%(contents:body)", f"refs/tags/{tag}")

    def edit(self, path: str, old: str, new: str, *, commit: bool = True) -> None:
        """Replace `old` by `new` in a file of the clone, and commit that."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        if commit:
            self.git("commit", "--quiet", "--all", "--message", f"Edit {path}")

    def raise_version(self, package: str, old: str, new: str) -> None:
        """Release by hand: the version and its section of the changelog, in one commit."""
        folder = f"packages/{package}"
        self.edit(f"{folder}/pyproject.toml", f'version = "{old}"', f'version = "{new}"', commit=False)
        section = f"## [Unreleased]\n\n## [{new}] - 2026-11-28\n\n- {package} {new}.\n"
        self.edit(f"{folder}/CHANGELOG.md", "## [Unreleased]\n", section, commit=False)
        self.edit("README.md", f"(packages/{package}) | {old}", f"(packages/{package}) | {new}")

    def tell_changelog(self, package: str, entry: str) -> None:
        """Say under Unreleased what the next version brings, and commit that."""
        self.edit(f"packages/{package}/CHANGELOG.md", "## [Unreleased]\n", f"## [Unreleased]\n\n{entry}\n")

    def noted(self, text: str) -> Path:
        """A file of theirs with this text."""
        file = self.home / "note.txt"
        file.write_text(f"{text}\n", encoding="utf-8")
        return file

    def hook(self, name: str, script: str, at: Path | None = None) -> None:
        """Give a repository (default: the clone) a hook."""
        path = (at or self.root / ".git") / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def copied(self, folder: Path, index: ObservedIndex | None) -> Releaser:
        """The same person in the same situation, elsewhere and with another index."""
        shutil.copytree(self.root.parent, folder, symlinks=True)
        names = self.root.name, self.remote.name, self.home.name
        root, remote, home = (folder / name for name in names)
        return Releaser(root=root, remote=remote, home=home, warm=self.warm, index=index)

    def colleague(self, root: Path) -> Releaser:
        """Somebody else with a clone of the remote."""
        self.git("clone", "--quiet", str(self.remote), str(root))
        return Releaser(root=root, remote=self.remote, home=self.home, warm=self.warm, index=self.index)


def make_releaser(folder: Path, source: Path, warm: WarmInvoke, index: ObservedIndex | None = None) -> Releaser:
    """Copy the workspace `source` into a repository, push it to a new bare one, and return who did that."""
    home = folder / "home"
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(_CONFIG, encoding="utf-8")
    root, remote = copied(source, folder / "clone"), folder / "remote.git"
    git_as(home, folder, "init", "--quiet", "--bare", str(remote))
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "All"),
        ("remote", "add", "origin", f"../{remote.name}"),
        ("push", "--quiet", "--set-upstream", "origin", "main"),
    ):
        git_as(home, root, *words)
    return Releaser(root=root, remote=remote, home=home, warm=warm, index=index)


def git_as(home: Path, folder: Path, *words: str) -> str:
    """Run git in a folder as the user whose home that is."""
    done = subprocess.run(
        ["git", *words], cwd=folder, env=user_environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {words}: {done.stdout}{done.stderr}"
    return done.stdout.strip()
