"""`invoke check`: every rule of the house on every package; each finding says how to fix it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.faces.program import INDEX, JSON, SELECTION, command, print_json, selected, the_settings, the_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tooling.model.broken_api import BrokenApi
    from tooling.model.package import Package
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace
    from tooling.rules import Finding, Report


FLAGS = {
    **SELECTION,
    "all": "every package of the workspace (the default)",
    "api": "also build, and compare the public API with the published wheels (asks the index)",
    **INDEX,
    **JSON,
}


@command(flags=FLAGS, repeatable=("package",))
def check(
    _context: object,
    package: Sequence[str],
    *,
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    all_: bool = False,
    api: bool = False,
    json: bool = False,
) -> int:
    """Hold every package to the rules of the house; each finding says how to fix it."""
    from tooling import rules

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_ or not package)
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    broken = _broken(workspace, packages, settings, json=json) if api else None
    report = rules.check(workspace, packages, broken=broken)
    if json:
        print_json(as_json(report, workspace.root))
    else:
        print(render(report, workspace.root))
    return 0 if report.ok else 1


def _broken(
    workspace: Workspace, packages: Sequence[Package], settings: Settings, *, json: bool
) -> Mapping[str, BrokenApi]:
    from tooling.effects.api_check import broken_apis
    from tooling.faces.bump import the_bumping
    from tooling.faces.live import watching

    with watching(json=json) as watcher:
        return broken_apis(the_bumping(workspace, settings, watcher), packages)


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
