"""`invoke release`: make the commit and the tags of a release, or publish what a tag names."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.faces.program import (
    INDEX,
    JSON,
    SELECTION,
    command,
    print_json,
    selected,
    the_builder,
    the_settings,
    the_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.effects.progress import Watcher
    from tooling.effects.proven_publication import ProvenPublication
    from tooling.effects.repository import Repository
    from tooling.errors import MaestroError
    from tooling.model.package import Package
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace

FLAGS = {
    **SELECTION,
    "push": "push the branch and the tags, all or nothing",
    "publish": "index first: publish, verify and install what is released, and only then tag it",
    "no_index": "do not ask the index whether the versions can be published; who publishes the tags will",
    "from_tag": "publish exactly what this tag names (repeatable: tags of one commit are released together)",
    "notes": "with --from-tag: write release notes to this file",
    "manifest": "with --from-tag: write the hashes of all files, as JSON, to this file",
    "dry_run": "check everything and say what would be done; change and send nothing",
    **INDEX,
    **JSON,
}


@command(flags=FLAGS, repeatable=("package", "from_tag"))
def release(
    _context: object,
    package: Sequence[str],
    from_tag: Sequence[str],
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    *,
    notes: str | None = None,
    manifest: str | None = None,
    all_: bool = False,
    push: bool = False,
    publish: bool = False,
    no_index: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> int:
    """Tag the versions that stand in the tree; `--from-tag` publishes what a tag names."""
    from tooling.effects.release import Release, ReleaseRequest
    from tooling.effects.tag_release import TagRelease
    from tooling.faces.live import watching
    from tooling.model.selection import select

    _require_one_way(
        by_tag={"--notes": notes, "--manifest": manifest},
        here={"--package": package, "--all": all_, "--push": push, "--publish": publish, "--no-index": no_index},
        tags=from_tag,
    )
    workspace = the_workspace()
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    with watching(json=json) as watcher:
        publication = _publication(workspace, settings, watcher)
        if from_tag:
            tag_release = TagRelease(
                workspace=workspace,
                repository=the_repository(workspace, settings),
                publication=publication,
                notes=Path(notes) if notes else None,
                manifest=Path(manifest) if manifest else None,
            )
            report = tag_release.run(from_tag, dry_run=dry_run)
        else:
            named = select(workspace, package, everything=False) if package else ()
            request = ReleaseRequest(
                packages=selected(workspace, package, everything=all_),
                named=frozenset(each.name for each in named),
                push=push,
                publish=publish,
                ask_index=not no_index,
                dry_run=dry_run,
            )
            local = Release(
                workspace=workspace,
                repository=the_repository(workspace, settings),
                publication=publication,
                check=check,
                watcher=watcher,
            )
            report = local.run(request)
    if json:
        print_json(report.as_json())
    else:
        from tooling.faces.release_reports import render

        print(render(report))
    return report.exit_code


def the_repository(workspace: Workspace, settings: Settings) -> Repository:
    """The git repository of the workspace, with what the settings say of branch and remote."""
    from tooling.effects.repository import Repository

    return Repository(
        root=workspace.root, branch=settings.branch, remote=settings.remote, patience=float(settings.patience)
    )


def check(workspace: Workspace, packages: Sequence[Package]) -> list[MaestroError]:
    """Hold packages to the rules of the house, as `invoke check` does; each finding is a reason not to release."""
    from tooling.errors import RefusedError
    from tooling.rules import check as held_to_rules

    return [
        RefusedError(each.code, f"{each.package or 'repository'}: {each.message}", each.fix, place=each.place)
        for each in held_to_rules(workspace, packages).findings
    ]


def _publication(workspace: Workspace, settings: Settings, watcher: Watcher) -> ProvenPublication:
    from tooling.effects.connection import connect
    from tooling.effects.credentials import CredentialSources
    from tooling.effects.proven_publication import ProvenPublication

    sources = CredentialSources(environ=os.environ, home=Path.home())
    return ProvenPublication(
        builder=the_builder(workspace, settings),
        connect=functools.partial(connect, settings, sources, watcher),
        watcher=watcher,
        parallel=settings.parallel,
    )


def _require_one_way(*, by_tag: dict[str, object], here: dict[str, object], tags: Sequence[str]) -> None:
    """Refuse words of one way of releasing beside those of the other: they would be passed over."""
    from tooling.errors import UsageError

    idle = [flag for flag, value in (here if tags else by_tag).items() if value]
    if idle:
        message = f"{', '.join(idle)} {'goes' if len(idle) == 1 else 'go'} {'not' if tags else 'only'} with --from-tag."
        raise UsageError("RL17", message, "Release what stands here, or with --from-tag what a tag names.")
    if here["--publish"] and here["--no-index"]:
        raise UsageError("RL17", "--publish and --no-index exclude each other.", "Take one of them.")
