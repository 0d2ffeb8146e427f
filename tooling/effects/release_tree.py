"""The tree that a release is about: as it stands, or as a bump would make it, in a folder where that does no harm.

Everything is built, checked and planned from there before the working tree is touched. What a run that was cut short
has written or committed already is recognised by its content, so that the same words bring it to its end.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tooling.effects.checkout import checkout
from tooling.effects.edits import Edits
from tooling.errors import RefusedError, UsageError
from tooling.model.changelog import parse_changelog
from tooling.model.tags import parse_tag
from tooling.model.workspace import find_workspace
from tooling.plan.bump_edits import CHANGELOG, path_in
from tooling.plan.release_texts import announced_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date
    from pathlib import Path

    from tooling.effects.bumping import Bumping
    from tooling.effects.repository import Repository
    from tooling.errors import MaestroError
    from tooling.model.changelog import Changelog
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.bump_edits import FileEdit
    from tooling.plan.bump_report import BumpReport
    from tooling.plan.bumps import BumpRequest
    from tooling.plan.repository import RepositoryFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpWish:
    """A bump that comes before a release: what is asked for, and the date of what is not begun yet.

    `changed`: of the packages asked for, only those that are published with other bytes; `bumping` makes the bump of a
    workspace.
    """

    request: BumpRequest
    today: date
    changed: bool
    bumping: Callable[[Workspace], Bumping]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTree:
    """What is to be released: `packages` of `workspace`, in publishing order, once the `edits` are committed.

    `facts` are those of the repository, where what an interrupted bump has written does not count as dirt.
    """

    workspace: Workspace
    packages: tuple[Package, ...]
    facts: RepositoryFacts
    edits: tuple[FileEdit, ...] = ()
    bump: BumpReport | None = None

    @property
    def bumped(self) -> frozenset[str]:
        """The packages whose version the edits move."""
        return frozenset(each.package for each in self.bump.plan.bumps) if self.bump else frozenset()

    @property
    def refusals(self) -> tuple[MaestroError, ...]:
        """What speaks against the bump."""
        found = self.bump.plan.refusals if self.bump else ()
        return tuple(
            RefusedError(each.code, each.message, each.hint, facts={"package": each.package}) for each in found
        )


@contextmanager
def release_tree(
    workspace: Workspace,
    repository: Repository,
    facts: RepositoryFacts,
    names: Collection[str],
    wish: BumpWish | None,
) -> Iterator[ReleaseTree]:
    """Yield the tree to release the packages `names` from.

    A bump that HEAD's commit announces as done is not done again: its tags may be what is missing.
    """
    done = _announced(facts, workspace)
    if done & set(names):
        names = {*names, *done}
    asked = [name for name in names if name not in done]
    if wish is None or not asked:
        yield ReleaseTree(workspace=workspace, packages=_ordered(workspace, names), facts=facts)
        return
    with checkout(repository.git, facts.head) as folder:
        base = find_workspace(folder)
        request = replace(wish.request, packages=tuple(name for name in asked if name in base.packages))
        today = _begun(workspace.root, base, dirty={*facts.dirty}, prefix=repository.git.prefix()) or wish.today
        bump = wish.bumping(base).run(request, today=today, changed=wish.changed, dry_run=True)
        edits = () if bump.plan.refusals else bump.edits
        for edit in edits:
            (folder / edit.path).write_bytes(edit.after.encode())
        written = {
            repository.git.prefix() + edit.path for edit in edits if _holds(workspace.root / edit.path, edit.after)
        }
        released = {each.package for each in bump.plan.bumps} | (done if wish.changed else set(names))
        yield ReleaseTree(
            workspace=(bumped := find_workspace(folder)),
            packages=() if bump.plan.refusals else _ordered(bumped, released),
            facts=replace(facts, dirty=tuple(path for path in facts.dirty if path not in written)),
            edits=edits,
            bump=bump,
        )


def _begun(root: Path, base: Workspace, *, dirty: Collection[str], prefix: str) -> date | None:
    """The day on which an interrupted run began: that of the versions which the changelogs have and the commit has not.

    Midnight may have passed since, and what is written is the same release only with the date it was written with.
    `prefix` leads from the root of the repository, where the `dirty` paths begin, to that of the workspace.
    """
    days: set[date | None] = set()
    for path in (path_in(name, CHANGELOG) for name in base.packages):
        if prefix + path in dirty:
            known = _read(base.root / path).versions
            days |= {each.date for each in _read(root / path).sections if each.version and each.version not in known}
    return days.pop() if len(days) == 1 else None


def _read(path: Path) -> Changelog:
    return parse_changelog(path.read_bytes().decode(errors="replace") if path.is_file() else "")


def write_edits(root: Path, tree: ReleaseTree) -> None:
    """Write what is not written yet of the tree's edits into the working tree: all of it, or the next run does.

    Raises:
        RefusedError: VS10 when a file has changed since it was looked at, VS14 when another process edits versions.
    """
    assert tree.bump is not None
    journal = Edits(root=root)
    with journal.held():
        left = [edit for edit in tree.edits if not _holds(root / edit.path, edit.after)]
        if left:
            journal.write(left, {"release": [edit.path for edit in tree.edits]})


def finish_edits(root: Path, *, dry_run: bool) -> None:
    """Bring to its end an edit that a killed run has begun to write; raises as `Edits.finish` does."""
    journal = Edits(root=root)
    with journal.held():
        journal.finish(dry_run=dry_run)


def _announced(facts: RepositoryFacts, workspace: Workspace) -> set[str]:
    """The packages whose release HEAD's commit is."""
    found = set()
    for text in announced_in(facts.message):
        with suppress(UsageError):
            tag = parse_tag(text, workspace.packages)
            if workspace.packages[tag.package].version == tag.version:
                found.add(tag.package)
    return found


def _ordered(workspace: Workspace, names: Collection[str]) -> tuple[Package, ...]:
    return tuple(workspace.packages[name] for wave in workspace.waves() for name in wave if name in names)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
