"""What a release would do to the repository, and every reason not to: facts and candidates in, tags and refusals out.

Pure, and the same after a run that was cut short as before it: a tag that stands where it should is `present`, so a
second run finds what is missing. What the index says of the versions is planned by `planner`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tooling.errors import RefusedError
from tooling.model.tags import names_release, tag_of
from tooling.plan.release_texts import shown, tag_message
from tooling.plan.repository import Relation
from tooling.plan.snapshot import version_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tooling.errors import MaestroError
    from tooling.model.package import Package
    from tooling.plan.repository import RepositoryFacts, TagRef

_FORBIDDEN = frozenset(" ~^:?*[\\\x7f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A package to be released at the version that its manifest has or is about to have.

    `notes` is its changelog's section for that version (None: there is none); `changed` tells whether its folder
    differs from what the version's tag names, where there is one; `named` whether the user named the package.
    """

    package: Package
    notes: str | None
    changed: bool = False
    named: bool = False

    @property
    def tag(self) -> str:
        """The tag that names this release."""
        return tag_of(self.package.name, self.package.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for: the release `branch`, whether to `push`, and whether there is going to be a new commit."""

    branch: str
    push: bool
    commits: bool = False


class TagState(Enum):
    """What is to become of a tag, or became of it."""

    PLANNED = "planned"
    MADE = "made"
    PRESENT = "present"
    HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTag:
    """One tag: `message` is what it says; `pushed` tells whether the remote has it.

    `current` is False where the package has changed since: what the tree has now is not what the tag names.
    """

    name: str
    package: Package
    message: str
    state: TagState
    pushed: bool
    current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """Tags in publishing order, whether the branch has to be pushed, warnings, and reasons not to begin."""

    tags: tuple[PlannedTag, ...]
    push_branch: bool
    warnings: tuple[str, ...] = ()
    refusals: tuple[MaestroError, ...] = ()

    @property
    def to_push(self) -> tuple[str, ...]:
        """The tags that the remote lacks."""
        return tuple(tag.name for tag in self.tags if not tag.pushed)


def plan_release(facts: RepositoryFacts, candidates: Sequence[Candidate], wish: Wish) -> ReleasePlan:
    """Decide which tags to make and what to push; `candidates` come in publishing order."""
    planned = [_planned(facts, each) for each in candidates]
    relation = facts.remote.relation if facts.remote else None
    return ReleasePlan(
        tags=tuple(tag for tag, _, _ in planned if tag is not None),
        push_branch=wish.push and (wish.commits or relation in {Relation.AHEAD, Relation.ABSENT}),
        warnings=tuple(warning for _, warning, _ in planned if warning),
        refusals=(*_of_repository(facts, wish), *(refusal for _, _, refusal in planned if refusal is not None)),
    )


def _of_repository(facts: RepositoryFacts, wish: Wish) -> Iterator[MaestroError]:
    """Whatever the state of the repository says against any release."""
    if facts.branch is None:
        message = (
            f"HEAD is detached, so a release commit would belong to no branch; releases are made from {wish.branch}."
        )
        yield RefusedError("RL01", message, f"Run `git switch {wish.branch}`.")
    elif facts.branch != wish.branch:
        message = f"This is the branch {facts.branch}; releases are made from {wish.branch}."
        hint = f"Run `git switch {wish.branch}`, or set `branch` (MAESTRO_BRANCH)."
        yield RefusedError("RL01", message, hint)
    if facts.shallow:
        message = "The clone is shallow, so what was released before is not all known."
        yield RefusedError("RL02", message, "Run `git fetch --unshallow --tags`.")
    if facts.dirty:
        message = f"The working tree is not clean: {shown(facts.dirty)}."
        hint = "Commit what belongs to the release; stash, delete or ignore the rest."
        yield RefusedError("RL03", message, hint, facts={"files": list(facts.dirty)})
    if not facts.committer:
        message = "Git does not know who makes commits and tags here."
        yield RefusedError("RL05", message, "Set user.name and user.email with `git config`.")
    yield from _of_remote(facts, wish)


def _of_remote(facts: RepositoryFacts, wish: Wish) -> Iterator[MaestroError]:
    remote = facts.remote
    if facts.trouble is not None:
        yield facts.trouble
    elif remote is None and wish.push:
        yield RefusedError("RL04", "There is no remote to push to.", "Add one, or set `remote` (MAESTRO_REMOTE).")
    if remote is None:
        return
    if remote.relation is Relation.BEHIND:
        message = f"{remote.name} has commits on {wish.branch} that are not here."
        yield RefusedError("RL04", message, f"Run `git pull --rebase {remote.name} {wish.branch}`.")
    missing = sorted(name for name in remote.tags if name not in facts.tags and names_release(name))
    if missing:
        message = f"{remote.name} has tags that are not here: {shown(missing)}."
        yield RefusedError("RL06", message, f"Run `git fetch --tags {remote.name}`.", facts={"tags": missing})


def _planned(facts: RepositoryFacts, candidate: Candidate) -> tuple[PlannedTag | None, str, MaestroError | None]:
    """One candidate's tag, the warning there is about it, and what speaks against it."""
    tag = facts.tags.get(candidate.tag)
    published = facts.remote.tags.get(candidate.tag) if facts.remote else None
    against = _against_name(candidate.tag)
    if tag is not None:
        against = against or _against_tag(facts, candidate, tag, published)
    else:
        against = against or _against_notes(candidate)
    if against is not None:
        return None, "", against
    planned = PlannedTag(
        name=candidate.tag,
        package=candidate.package,
        message=tag_message(candidate.package, candidate.notes or ""),
        state=TagState.PRESENT if tag else TagState.PLANNED,
        pushed=published is not None,
        current=not candidate.changed,
    )
    warning = f"{_moved_on(candidate)}; that is not released by this." if candidate.changed else ""
    return planned, warning, None


def _against_tag(
    facts: RepositoryFacts, candidate: Candidate, tag: TagRef, published: str | None
) -> MaestroError | None:
    """Why a tag that is there is not the one that this release would make."""
    name = candidate.package.name
    raise_it = f"Raise the version of {name}: `invoke bump` does."
    if published is not None and published != tag.object:
        remote = facts.remote.name if facts.remote else ""
        hint = (
            f"Run `git fetch --tags --force {remote}` if that is the right one; otherwise raise the version of {name}."
        )
        return _taken(candidate, f"is another tag here than at {remote}", hint)
    undo = raise_it if published else f"It is nowhere but here: run `git tag -d {tag.name}`, then again."
    if not tag.annotated:
        return _taken(candidate, "is taken by a lightweight tag, which says neither who made it nor why", undo)
    if not tag.merged:
        return _taken(candidate, "is taken by a commit that is not before this one", undo)
    if candidate.changed and candidate.named:
        return RefusedError("RL08", f"{_moved_on(candidate)}.", raise_it, facts={"package": name})
    return None


def _taken(candidate: Candidate, how: str, hint: str) -> MaestroError:
    facts = {"package": candidate.package.name, "tag": candidate.tag}
    return RefusedError("RL07", f"The tag {candidate.tag} {how}.", hint, facts=facts)


def _moved_on(candidate: Candidate) -> str:
    package = candidate.package
    return f"{package.name} has changed since {package.version} was tagged"


def _against_notes(candidate: Candidate) -> MaestroError | None:
    package, notes = candidate.package, candidate.notes
    if notes and "\0" not in notes:
        return None
    why = "no section" if notes is None else "nothing in the section" if not notes else "a NUL byte in the section"
    message = f"The changelog of {package.name} has {why} for {package.version}."
    hint = f"Write `## [{package.version}] - YYYY-MM-DD` and what changed below it; `invoke bump` does it."
    return RefusedError("RL09", message, hint, facts={"package": package.name})


def _against_name(tag: str) -> MaestroError | None:
    """The rules of git-check-ref-format(1), as far as a version at the end leaves them open."""
    wrong = (
        tag.startswith(("-", "."))
        or any(each in tag for each in ("..", "@{", "//", "/."))
        or any(character in _FORBIDDEN or character < " " for character in tag)
    )
    if not wrong:
        return None
    message = f"Git takes no tag that is called {tag!r}."
    return RefusedError("RL07", message, "Rename the package's folder as its distribution is called.")


def is_tagged(facts: RepositoryFacts, tag: str) -> bool:
    """Whether the tag is here, and at the remote if there is one."""
    return tag in facts.tags and (facts.remote is None or tag in facts.remote.tags)


def stale_files(filenames: Iterable[str], packages: Iterable[Package]) -> tuple[str, ...]:
    """Name the wheels and sdists that are not of the versions that `packages` have now."""
    names = {package.import_name: package.version for package in packages}
    found = []
    for filename in filenames:
        version = version_in(filename)
        if version is not None and names.get(filename.partition("-")[0]) != version:
            found.append(filename)
    return tuple(found)
