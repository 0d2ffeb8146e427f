"""The texts that a plan of bumps leads to: manifests, changelogs, and the table of packages in the root README.

Text in, text out, so that a rehearsal shows the very bytes that would be written.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tooling.model.changelog import parse_changelog
from tooling.model.changelog_text import Entry, override_line, released
from tooling.model.manifest import MANIFEST
from tooling.model.manifest_text import with_edits, with_groups
from tooling.model.requirement_text import in_order, with_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import Bump, BumpPlan
    from tooling.plan.ranges import RangeEdit

CHANGELOG = "CHANGELOG.md"
README = "README.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEdit:
    """One file's text before and after; `path` is relative to the workspace's root, with `/` between its parts."""

    path: str
    before: str
    after: str


def path_in(name: str, file: str) -> str:
    """The path of a file from the root: of a package, or of the `ROOT` itself."""
    return f"packages/{name}/{file}" if name else file


def edits_of(
    workspace: Workspace, plan: BumpPlan, texts: Mapping[str, str], *, today: date, override: str | None
) -> tuple[FileEdit, ...]:
    """Every file that the plan changes: in the plan's order, then whose groups alone change, the root README last.

    Args:
        workspace: the packages as they are.
        plan: the bumps.
        texts: the text of every manifest and changelog of the plan, and of the root README if there is one, by path
            from the root.
        today: the date of the releases.
        override: the reason to record with bumps that override the check of the API.
    """
    found: list[FileEdit] = []
    for bump in plan.bumps:
        manifest, changelog = path_in(bump.package, MANIFEST), path_in(bump.package, CHANGELOG)
        after = with_edits(texts[manifest], bump.after, _Ranges(bump.ranges).moved)
        after = _with_groups(after, plan.groups.get(bump.package))
        found.append(FileEdit(path=manifest, before=texts[manifest], after=after))
        if changelog in texts:
            unreleased = parse_changelog(texts[changelog]).unreleased
            told, groups = bool(unreleased and unreleased.entries), plan.groups.get(bump.package, ())
            lines = tuple(lines_of(bump, override, groups, told=told))
            entry = Entry(version=bump.after, previous=bump.before, date=today, lines=lines)
            after = released(texts[changelog], entry)
            found.append(FileEdit(path=changelog, before=texts[changelog], after=after))
    for owner in (each for each in plan.groups if plan.of(each) is None):
        before = texts[path_in(owner, MANIFEST)]
        after = _with_groups(before, plan.groups[owner])
        found.append(FileEdit(path=path_in(owner, MANIFEST), before=before, after=after))
    readme = texts.get(README, "")
    for bump in plan.bumps:
        readme = _row(readme, workspace.packages[bump.package].distribution, bump)
    if readme != texts.get(README, ""):
        found.append(FileEdit(path=README, before=texts[README], after=readme))
    return tuple(found)


def range_text(edit: RangeEdit) -> str:
    """The requirement as it will be, in normal form."""
    return with_version(in_order(edit.need.requirement), edit.version, edit.floor)


def lines_of(bump: Bump, override: str | None, groups: Iterable[RangeEdit], *, told: bool) -> Iterator[str]:
    """What the changelog is told beside what stands under Unreleased; `told` is whether anything stands there.

    What is rewritten in dependency `groups` concerns no user: it is told where there is nothing else.
    """
    for edit in bump.ranges:
        text = range_text(edit)
        yield f"The extra `{edit.need.extra}` requires `{text}`." if edit.need.extra else f"Requires `{text}`."
    if bump.overridden and override is not None:
        yield override_line(override, bump.overridden)
    if told or bump.ranges:
        return
    if bump.before.is_prerelease and not bump.after.is_prerelease:
        yield f"No changes since {bump.before}."
    for reason in bump.reasons:
        if reason.kind == "lockstep":
            yield f"{reason.text[0].upper()}{reason.text[1:]}."
    for edit in groups:
        yield f"The dependency group `{edit.need.group}` requires `{range_text(edit)}`."


def _with_groups(text: str, edits: tuple[RangeEdit, ...] | None) -> str:
    return with_groups(text, _Ranges(edits).moved) if edits else text


class _Ranges:
    """New ranges, found by the requirement as PEP 508 understands it: `a.b`, `A_B` and `a-b` are one."""

    def __init__(self, edits: Iterable[RangeEdit]) -> None:
        self._edits = {(edit.need.requirement, _home(edit.need.extra or edit.need.group)): edit for edit in edits}

    def moved(self, text: str, home: str | None) -> str:
        """The text of a requirement, with its new range if it has one; `home` is the extra or group it stands in."""
        with suppress(InvalidRequirement):  # a group may hold anything: whoever installs it speaks up
            if edit := self._edits.get((Requirement(text), _home(home))):
                return with_version(text, edit.version, edit.floor)
        return text


def _home(name: str | None) -> str | None:
    """The name of an extra or a group as it is compared (PEP 685, PEP 735)."""
    return canonicalize_name(name) if name else None


def _row(readme: str, distribution: str, bump: Bump) -> str:
    """The table of packages with the new version in the package's row, in the width the cell has."""
    row = rf"(?m)^(\|\s*\[{re.escape(distribution)}\]\([^)]*\)\s*\|\s*){re.escape(str(bump.before))}(\s*\|)"
    return re.sub(row, lambda found: f"{found[1]}{bump.after}{found[2]}", readme, count=1)
