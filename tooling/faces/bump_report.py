"""A bump for people: each package from and to, why it is there, and what is written."""

from __future__ import annotations

from difflib import unified_diff
from typing import TYPE_CHECKING

from tooling.model.requirement_text import in_order
from tooling.plan.bump_edits import range_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.plan.bump_edits import FileEdit
    from tooling.plan.bump_report import BumpReport
    from tooling.plan.bumps import Bump, BumpPlan
    from tooling.plan.ranges import RangeEdit


def render(report: BumpReport) -> str:
    """Say all of a report that people want to know, in the order they ask."""
    return "\n".join(_lines(report))


def _lines(report: BumpReport) -> Iterator[str]:
    yield from versions(report.plan)
    if report.dry_run and not report.plan.refusals:
        for edit in report.edits:
            yield from _diff(edit)
    for refusal in report.plan.refusals:
        yield f"{refusal.code}: {refusal.message} {refusal.hint}"
    if report.plan.refusals:
        yield f"More: invoke explain {report.plan.refusals[0].code}"
    yield _summary(report)


def versions(plan: BumpPlan) -> Iterator[str]:
    """Each package from and to, and why it is there; then the dependency groups that follow."""
    for bump in plan.bumps:
        yield from _bump(bump)
    for owner, edits in plan.groups.items():
        yield f"{owner or 'the root'}: dependency groups"
        for why in dict.fromkeys(edit.why for edit in edits):
            yield f"    because {why}"
        yield from map(_range, edits)
    yield from plan.notes


def _bump(bump: Bump) -> Iterator[str]:
    yield f"{bump.package} {bump.before} -> {bump.after}"
    for reason in bump.reasons:
        yield f"    {'because ' if reason.kind != 'asked' else ''}{reason.text}"
    if bump.overridden:
        yield f"    although it breaks {', '.join(bump.overridden)}"
    yield from map(_range, bump.ranges)


def _range(edit: RangeEdit) -> str:
    return f"    {in_order(edit.need.requirement)} -> {range_text(edit)}"


def _diff(edit: FileEdit) -> Iterator[str]:
    before, after = (text.splitlines() for text in (edit.before, edit.after))
    yield from unified_diff(before, after, edit.path, edit.path, lineterm="", n=1)


def _summary(report: BumpReport) -> str:
    if report.finished:
        return f"An interrupted edit was finished: {', '.join(report.finished)}. Nothing else was done."
    if report.plan.refusals:
        return "Refused; nothing was written."
    if not report.edits:
        return "Nothing to bump."
    if report.dry_run:
        return f"{_counted(len(report.edits))} would be written. Nothing was: this was a rehearsal."
    return f"{_counted(len(report.edits))} written: {', '.join(report.changed)}."


def _counted(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"
