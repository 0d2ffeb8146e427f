"""`invoke check`: every rule of the house on every package; each finding says how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.faces.program import JSON, SELECTION, command, print_json, selected, the_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tooling.rules import Finding, Report


@command(flags={**SELECTION, "all": "every package of the workspace (the default)", **JSON}, repeatable=("package",))
def check(_context: object, package: Sequence[str], *, all_: bool = False, json: bool = False) -> int:
    """Hold every package to the rules of the house; each finding says how to fix it."""
    from tooling import rules

    workspace = the_workspace()
    report = rules.check(workspace, selected(workspace, package, everything=all_ or not package))
    if json:
        print_json(as_json(report, workspace.root))
    else:
        print(render(report, workspace.root))
    return 0 if report.ok else 1


def render(report: Report, root: Path) -> str:
    """The findings one below the other, with how to fix each rule said once, and a line that sums up."""
    return "\n".join(_lines(report, root))


def as_json(report: Report, root: Path) -> dict[str, object]:
    """The report as one object: findings and excused findings in the same shape, files relative to the root."""
    return {
        "command": "check",
        "ok": report.ok,
        "exit_code": 0 if report.ok else 1,
        "packages": list(report.packages),
        "findings": [_finding(each, root) for each in report.findings],
        "excused": [{**_finding(each.finding, root), "reason": each.reason} for each in report.excused],
    }


def _lines(report: Report, root: Path) -> Iterator[str]:
    said: set[str] = set()
    for each in report.findings:
        yield f"{each.code} {each.package or 'repository'}: {each.message}"
        if each.place is not None:
            line = f":{each.place.line}" if each.place.line else ""
            yield f"    {_relative(each.place.file, root)}{line}"
        if each.place is not None and each.place.excerpt:
            yield f"    | {each.place.excerpt}"
        if each.paste:
            yield f"\n{each.paste}\n"
        if each.code not in said:
            said.add(each.code)
            yield f"    {each.fix}"
    for excuse in report.excused:
        yield f"{excuse.finding.code} {excuse.finding.package}: excused, {excuse.reason}"
    yield _summary(report)


def _summary(report: Report) -> str:
    subject = f"{_counted(report.applied, 'check')} on {_counted(len(report.packages), 'package')}"
    if report.ok:
        return f"{subject}: nothing to object to."
    return f"{subject}: {_counted(len(report.findings), 'finding')}. More: invoke explain {report.findings[0].code}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _finding(finding: Finding, root: Path) -> dict[str, object]:
    place = finding.place
    return {
        "code": finding.code,
        "title": finding.title,
        "package": finding.package,
        "message": finding.message,
        "fix": finding.fix,
        "file": _relative(place.file, root) if place else None,
        "line": place.line if place else None,
        "paste": finding.paste or None,
    }


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
