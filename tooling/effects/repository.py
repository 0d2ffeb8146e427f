"""The repository a release is made in: asked for all that planning wants to know, and told what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.effects.git import Git
from tooling.effects.release_tags import tag_refs
from tooling.errors import FailedError, MaestroError, Place
from tooling.plan.repository import Relation, RemoteFacts, RepositoryFacts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tooling.plan.repository import TagRef

_TAGS = "refs/tags/"
_HEADS = "refs/heads/"
_FIELDS_BEFORE_PATH = {"1": 8, "2": 9, "u": 10}  # git-status(1), porcelain format version 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The git repository that holds the folder `root`.

    `branch` is the one that releases are made from, `remote` where they go; `patience` is how many seconds a command
    may take in which hooks or servers take part.
    """

    root: Path
    branch: str
    remote: str
    patience: float

    @property
    def git(self) -> Git:
        """The repository's git."""
        return Git(root=self.root)

    def facts(self) -> RepositoryFacts:
        """Look at everything once.

        Raises:
            FailedError: GT02 when git does not answer, GT04 when there is no commit to release.
        """
        self._require_commit()
        branch, dirty = _status(self.git.read("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all"))
        head, _, message = self.git.read("log", "-1", "--format=%H%n%B").partition("\n")
        remote: RemoteFacts | None = None
        trouble: MaestroError | None = None
        try:
            remote = self.remote_facts(head)
        except MaestroError as error:
            trouble = error
        return RepositoryFacts(
            head=head,
            message=message,
            branch=branch,
            shallow=self.git.is_shallow(),
            dirty=dirty,
            committer=self.git.answer("var", "GIT_COMMITTER_IDENT").code == 0,
            tags=self.tags(),
            remote=remote,
            trouble=trouble,
        )

    def tags(self) -> dict[str, TagRef]:
        """Every tag of the repository by its name; those that lead to HEAD or before it are marked."""
        return tag_refs(self.git)

    def remote_facts(self, head: str) -> RemoteFacts | None:
        """Ask the remote itself, since what was fetched from it may be old; None where there is no such remote."""
        if self.remote not in self.git.read("remote").splitlines():
            return None
        wanted = f"{_HEADS}{self.branch}"
        told = self.git.tell("ls-remote", self.remote, wanted, f"{_TAGS}*", seconds=self.patience)
        refs = {name: found for found, _, name in (line.partition("\t") for line in told.splitlines())}
        return RemoteFacts(
            name=self.remote,
            tags={name.removeprefix(_TAGS): found for name, found in refs.items() if _names_tag(name)},
            relation=self._relation(head, refs.get(wanted)),
        )

    def is_released(self, commit: str) -> bool:
        """Whether the release branch, at the remote as it was fetched last or here where there is none, has it."""
        known = self.remote in self.git.read("remote").splitlines()
        tip = f"refs/remotes/{self.remote}/{self.branch}" if known else f"{_HEADS}{self.branch}"
        return self._before(commit, tip)

    def trees(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The object ids of folders: pairs of a commit and a path from `root`; what is not there is left out."""
        prefix = self.git.prefix() if wanted else ""
        asked = "".join(f"{commit}:{prefix}{path}\n" for commit, path in wanted)
        told = self.git.read("cat-file", "--batch-check=%(objectname)", text=asked).splitlines() if wanted else []
        return {key: line for key, line in zip(wanted, told, strict=True) if not line.endswith(" missing")}

    def commit(self, paths: Sequence[str], message: str) -> str:
        """Commit what stands in these files, and nothing else; return the commit."""
        words = ("commit", "--quiet", "--cleanup=whitespace", "--file=-", "--only", "--", *paths)
        self.git.tell(*words, text=message, seconds=self.patience)
        return self.git.read("rev-parse", "HEAD").strip()

    def tag(self, name: str, commit: str, message: str) -> None:
        """Make an annotated tag; git's own settings say whether it is signed (tag.gpgSign, tag.forceSignAnnotated)."""
        words = ("tag", "--cleanup=whitespace", "--file=-", name, commit)
        self.git.tell(*words, text=message, seconds=self.patience)

    def push(self, tags: Sequence[str], *, branch: bool) -> None:
        """Send the branch, if it is to go, and tags to the remote: all of it or nothing."""
        refs = [f"HEAD:{_HEADS}{self.branch}"] if branch else []
        refs += [f"{_TAGS}{name}" for name in tags]
        self.git.tell("push", "--quiet", "--atomic", self.remote, *refs, seconds=self.patience)

    def _require_commit(self) -> None:
        answer = self.git.answer("rev-parse", "--quiet", "--verify", "HEAD^{commit}")
        if answer.code != 0:
            said = answer.err.strip().splitlines()
            message = said[-1] if said else "The repository has no commit."
            raise FailedError("GT04", message, "Run the command in a clone.", place=Place(file=self.root))

    def _relation(self, head: str, tip: str | None) -> Relation:
        if tip is None:
            return Relation.ABSENT
        if tip == head:
            return Relation.SAME
        return Relation.AHEAD if self._before(tip, head) else Relation.BEHIND

    def _before(self, commit: str, tip: str) -> bool:
        """Whether `commit` is `tip` or before it; a commit that is not here cannot be."""
        return self.git.answer("merge-base", "--is-ancestor", commit, tip).code == 0


def _names_tag(ref: str) -> bool:
    return ref.startswith(_TAGS) and not ref.endswith("^{}")


def _status(told: str) -> tuple[str | None, tuple[str, ...]]:
    """Read `git status --porcelain=v2 --branch -z`: the branch (None: detached), and the paths that are not clean."""
    branch: str | None = None
    dirty: list[str] = []
    entries = iter(told.split("\0"))
    for entry in entries:
        if entry.startswith("# branch.head "):
            name = entry.removeprefix("# branch.head ")
            branch = None if name == "(detached)" else name
        elif entry[:1] in _FIELDS_BEFORE_PATH:
            dirty.append(entry.split(" ", _FIELDS_BEFORE_PATH[entry[0]])[-1])
            if entry[0] == "2":  # a renamed file is followed by where it was
                next(entries)
        elif entry.startswith("? "):
            dirty.append(entry[2:])
    return branch, tuple(dirty)
