"""Releasing what tags name: which commit that is, which packages, and every reason why it is not a release.

Pure. It is decided in two steps, since the packages are known only when the tagged commit has been read.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tooling.errors import MaestroError, RefusedError
from tooling.model.tags import parse_tag, tag_of
from tooling.plan.release_texts import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.repository import TagRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The one `commit` that tags name, or the reasons why they name none that may be released."""

    commit: str
    refusals: tuple[MaestroError, ...]


def find_commit(
    wanted: Sequence[str],
    tags: Mapping[str, TagRef],
    known: Collection[str],
    is_released: Callable[[str], bool],
    *,
    branch: str,
) -> Named:
    """Find the commit that the tags `wanted` name.

    Args:
        wanted: what the user or the workflow said.
        tags: the tags of the repository.
        known: the folder names of the packages in the working tree, for tags that are not there.
        is_released: whether a commit is on the release branch.
        branch: what that branch is called.
    """
    refusals: list[MaestroError] = []
    commits: dict[str, str] = {}
    for name in wanted:
        tag = tags.get(name)
        if tag is None:
            refusals.append(_unknown(name, tags, known))
        elif tag.commit is None or not tag.annotated:
            refusals.append(_lightweight(name))
        elif not is_released(tag.commit):
            refusals.append(_off_branch(name, tag.commit, branch))
        else:
            commits[name] = tag.commit
    if len(set(commits.values())) > 1:
        refusals.append(_apart(commits))
    return Named(commit=next(iter(commits.values()), ""), refusals=tuple(refusals))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedRelease:
    """What to release of a tagged workspace, in publishing order.

    `packages` are those that the tags name and those of the same commit's tags that they need; `named` only the former,
    with their `tags` and changelog `notes` by package name.
    """

    packages: tuple[Package, ...]
    named: tuple[Package, ...]
    tags: Mapping[str, str]
    notes: Mapping[str, str]


def read_tags(
    wanted: Sequence[str],
    commit: str,
    tags: Mapping[str, TagRef],
    workspace: Workspace,
    notes_of: Callable[[Package], str | None],
) -> tuple[TaggedRelease, tuple[MaestroError, ...]]:
    """Hold the tags `wanted` against the `workspace` as it is in their `commit`."""
    refusals: list[MaestroError] = []
    named: dict[str, str] = {}
    notes: dict[str, str] = {}
    for name in dict.fromkeys(wanted):
        try:
            tag = parse_tag(name, workspace.packages)
        except MaestroError as error:
            refusals.append(error)
            continue
        package = workspace.packages[tag.package]
        section = notes_of(package)
        if package.version != tag.version:
            refusals.append(_other_version(name, package))
        elif not section:
            refusals.append(_no_notes(name, package))
        else:
            named[tag.package], notes[tag.package] = name, section
    here = {
        package.name
        for package in workspace.packages.values()
        if (tag_there := tags.get(tag_of(package.name, package.version))) is not None
        and tag_there.annotated
        and tag_there.commit == commit
    }
    ordered = [workspace.packages[name] for wave in workspace.waves() for name in wave]
    needed = workspace.closure(named) & here
    release = TaggedRelease(
        packages=tuple(package for package in ordered if package.name in needed | set(named)),
        named=tuple(package for package in ordered if package.name in named),
        tags=named,
        notes=notes,
    )
    return release, tuple(refusals)


def _unknown(name: str, tags: Mapping[str, TagRef], known: Collection[str]) -> MaestroError:
    try:
        parse_tag(name, known)
    except MaestroError as error:
        return error
    near = get_close_matches(name, tags, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    hint = f"{meant}Otherwise run `git fetch --tags`." if meant else "Run `git fetch --tags`, then again."
    return RefusedError("RL11", f"There is no tag {name} in this clone.", hint, facts={"tag": name})


def _lightweight(name: str) -> MaestroError:
    message = f"{name} is a lightweight tag: it says neither who made it nor what it releases."
    hint = "Run `git fetch --tags --force`, in case the checkout made it so; `invoke release` makes annotated ones."
    return RefusedError("RL12", message, hint, facts={"tag": name})


def _off_branch(name: str, commit: str, branch: str) -> MaestroError:
    message = f"{name} names the commit {commit[:12]}, which is not known to be on {branch}."
    hint = (
        f"Merge it into {branch} first, and let the tag name a commit there; "
        "if it is there already, the clone lacks history: run `git fetch --unshallow`, or fetch the branch."
    )
    return RefusedError("RL13", message, hint, facts={"tag": name, "commit": commit})


def _apart(commits: Mapping[str, str]) -> MaestroError:
    named = shown([f"{name} ({commit[:12]})" for name, commit in commits.items()])
    message = f"These tags name several commits: {named}."
    return RefusedError("RL14", message, "Release the tags of one commit together, and those of another on their own.")


def _other_version(name: str, package: Package) -> MaestroError:
    message = f"{name} names another version than its commit has: {package.name} is at {package.version} there."
    hint = (
        f"Let {name} name the commit in which that is the version, or release {tag_of(package.name, package.version)}."
    )
    return RefusedError("RL15", message, hint, facts={"tag": name, "version": str(package.version)})


def _no_notes(name: str, package: Package) -> MaestroError:
    message = f"The changelog of {package.name} says nothing about {package.version} in the commit of {name}."
    hint = "A tag cannot be mended: write the section, raise the version, and release that."
    return RefusedError("RL09", message, hint, facts={"tag": name})
