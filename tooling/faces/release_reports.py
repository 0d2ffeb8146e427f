"""A release for people: its commit, its tags, what the index got or will get, and what is left to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.faces import reports
from tooling.faces.words import table
from tooling.plan.outcomes import Outcome
from tooling.plan.releases import TagState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.plan.bump_report import BumpReport
    from tooling.plan.release_report import ReleaseReport


def render(report: ReleaseReport) -> str:
    """Say all of a report that people want to know, in the order they ask."""
    return "\n".join(_paragraphs(report))


def _paragraphs(report: ReleaseReport) -> Iterator[str]:
    yield ""
    if report.bump is not None:
        yield from _versions(report.bump)
    if report.commit is not None:
        yield f"commit {report.commit.id or '(planned)'}"
        yield from _indented(report.commit.message)
        yield ""
        yield from _indented("\n".join(report.commit.files))
        yield ""
    yield table(("tag", "commit", "state"), ((tag.name, _commit(report), tag.state.value) for tag in report.tags))
    if report.dry_run:
        yield from (line for tag in report.tags for line in ("", f"{tag.name} says:", *_indented(tag.message)))
    if report.publication is not None and (report.dry_run or not report.publication.dry_run):
        yield reports.render(report.publication)
    yield from _left_to_do(report)


def _versions(bump: BumpReport) -> Iterator[str]:
    from tooling.faces.bump_report import versions

    said = list(versions(bump.plan))
    yield from (*said, "") if said else ()


def _commit(report: ReleaseReport) -> str:
    planned = report.commit is not None and report.commit.id is None
    return "(planned)" if planned else report.head[:12]


def _left_to_do(report: ReleaseReport) -> Iterator[str]:
    """What became of the push, and who publishes what is only tagged."""
    if any(tag.state is TagState.HELD for tag in report.tags):
        yield "\nNo tag was made: run the same command again when that is put right."
        return
    if report.pushed:
        yield f"\n{'To be pushed' if report.dry_run else 'Pushed'} to {report.remote}: {', '.join(report.pushed)}."
    elif not report.dry_run and any(not tag.pushed for tag in report.tags):
        yield "\nNothing was pushed: the same command with --push does it."
    if not report.dry_run and report.publication is not None and report.publication.dry_run:
        outcomes = {package.outcome for package in report.publication.packages}
        if outcomes - {Outcome.PRESENT}:
            yield "The index lacks what is tagged: `invoke release --from-tag TAG` publishes it, as a workflow does."


def _indented(text: str) -> Iterator[str]:
    yield from (f"    {line}".rstrip() for line in text.rstrip("\n").splitlines())
