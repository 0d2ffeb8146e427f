"""`invoke publish`: bring to the index what it lacks."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tooling.faces.program import (
    CHANGED,
    INDEX,
    JSON,
    SELECTION,
    command,
    print_json,
    selected,
    the_builder,
    the_index,
    the_settings,
    the_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.plan.outcomes import Report

FLAGS = {
    **SELECTION,
    **CHANGED,
    **INDEX,
    "route": "upload route: pypi (classic, needs add) or components (REST, needs edit)",
    "dry_run": "plan, build and check; send nothing",
    "isolated": "build each package in an environment of its own",
    "rebuild": "build again what the cache has",
    **JSON,
}


@command(flags=FLAGS, repeatable=("package",))
def publish(
    _context: object,
    package: Sequence[str],
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    route: str | None = None,
    *,
    all_: bool = False,
    changed: bool = False,
    dry_run: bool = False,
    isolated: bool = False,
    rebuild: bool = False,
    json: bool = False,
) -> int:
    """Build, check, upload in order, verify: what the index lacks, and nothing else."""
    from tooling.effects.publication import Publication, Request
    from tooling.faces.live import watching

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_ or changed)
    settings = the_settings(workspace, url=url, repository=repository, username=username, route=route)
    with watching(json=json) as watcher:
        publication = Publication(
            workspace=workspace,
            builder=the_builder(workspace, settings, isolated=isolated, rebuild=rebuild),
            connect=functools.partial(the_index, settings, watcher),
            watcher=watcher,
            parallel=settings.parallel,
        )
        report = publication.run(Request(packages=packages, changed=changed, dry_run=dry_run))
    show(report, json=json)
    return report.exit_code


def show(report: Report, *, json: bool) -> None:
    """Print a report as JSON or for people."""
    if json:
        print_json(report.as_json())
        return
    from tooling.faces.reports import render

    print(render(report))
