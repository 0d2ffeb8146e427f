"""`invoke bump`: version, changelog, the floors of dependents and of dependency groups in one edit."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tooling.faces.program import (
    INDEX,
    JSON,
    SELECTION,
    command,
    print_json,
    selected,
    the_settings,
    the_workspace,
    to_read,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.effects.bumping import Bumping
    from tooling.effects.progress import Watcher
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import BumpRequest

FLAGS = {
    **SELECTION,
    "changed": "of the selection, only what is published with other bytes than are here",
    "part": "major, minor, patch, alpha, beta, rc, post, dev or release; also minor with rc, and so on (repeatable)",
    "to": "the version itself, as PEP 440 has it",
    "auto": "the smallest legal version, by comparing the published wheel with the one built here, and the changelog",
    "override": "why a break of the API gets a smaller version; recorded in the changelog",
    "dry_run": "show versions, reasons and edits; write nothing",
    **INDEX,
    **JSON,
}


@command(flags=FLAGS, repeatable=("package", "part"))
def bump(
    _context: object,
    package: Sequence[str],
    part: Sequence[str],
    *,
    to: str | None = None,
    override: str | None = None,
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    all_: bool = False,
    changed: bool = False,
    auto: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> int:
    """Give packages their next version: manifest, changelog and the floors of dependents in one edit."""
    from tooling.effects.clock import today
    from tooling.faces.bump_report import render
    from tooling.faces.live import watching

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_ or changed)
    request = bump_request([each.name for each in packages], part, to=to, auto=auto, override=override)
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    with watching(json=json) as watcher:
        bumping = the_bumping(workspace, settings, watcher)
        report = bumping.run(request, today=today(), changed=changed, dry_run=dry_run)
    if json:
        print_json(report.as_json())
    else:
        print(render(report))
    return report.exit_code


def the_bumping(workspace: Workspace, settings: Settings, watcher: Watcher) -> Bumping:
    """Put together what a bump needs: the index for reading, and a builder that leaves `dist/` alone."""
    from tooling.effects.builder import CachedBuilder
    from tooling.effects.bumping import Bumping
    from tooling.effects.published import reading

    return Bumping(
        workspace=workspace,
        reading=functools.partial(reading, to_read(settings, watcher), watcher),
        builder_in=lambda dist: CachedBuilder(dist=dist, cache=settings.cache),
        watcher=watcher,
    )


def bump_request(
    packages: Sequence[str], part: Sequence[str], *, to: str | None, auto: bool, override: str | None
) -> BumpRequest:
    """Read the words that say how far versions go."""
    from packaging.version import InvalidVersion, Version

    from tooling.errors import UsageError
    from tooling.model.versions import read_parts
    from tooling.plan.bumps import BumpRequest

    try:
        version = Version(to) if to is not None else None
    except InvalidVersion:
        message = f"`{to}` is not a version."
        raise UsageError("VS08", message, "Write it as PEP 440 has it, such as 1.2.3 or 1.2.3rc1.") from None
    return BumpRequest(packages=tuple(packages), parts=read_parts(part), to=version, auto=auto, override=override)
