"""`invoke release`: make the commit and the tags of a release, or publish what a tag names."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.faces import bump
from tooling.faces.program import (
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

    from tooling.effects.progress import Watcher
    from tooling.effects.proven_publication import ProvenPublication
    from tooling.effects.release import Release
    from tooling.effects.release_tree import BumpWish
    from tooling.effects.repository import Repository
    from tooling.effects.tag_release import TagRelease
    from tooling.errors import MaestroError
    from tooling.model.package import Package
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace
    from tooling.plan.bumps import BumpRequest

FLAGS = {
    **SELECTION,
    "changed": "of the selection, only what is not tagged yet; before a bump, what is published with other bytes",
    **{key: bump.FLAGS[key] for key in ("part", "to", "auto", "override")},
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


@command(flags=FLAGS, repeatable=("package", "part", "from_tag"))
def release(
    _context: object,
    package: Sequence[str],
    part: Sequence[str],
    from_tag: Sequence[str],
    *,
    to: str | None = None,
    override: str | None = None,
    notes: str | None = None,
    manifest: str | None = None,
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    all_: bool = False,
    changed: bool = False,
    auto: bool = False,
    push: bool = False,
    publish: bool = False,
    no_index: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> int:
    """Bump or take the versions that stand, commit and tag them; `--from-tag` publishes what a tag names."""
    from tooling.faces.live import watching
    from tooling.faces.release_reports import render

    versions: dict[str, object] = {"--part": part, "--to": to, "--auto": auto, "--override": override}
    selection: dict[str, object] = {"--package": package, "--all": all_, "--changed": changed}
    ways: dict[str, object] = {"--push": push, "--publish": publish, "--no-index": no_index}
    _require_one_way(from_tag, {"--notes": notes, "--manifest": manifest}, selection | versions | ways)
    workspace = the_workspace()
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    with watching(json=json) as watcher:
        if from_tag:
            report = _from_tag(workspace, settings, watcher, notes, manifest).run(from_tag, dry_run=dry_run)
        else:
            from tooling.effects.release import ReleaseRequest

            chosen = [each.name for each in selected(workspace, package, everything=all_ or changed)]
            bumps = any(versions.values())
            wanted = bump.bump_request(chosen, part, to=to, auto=auto, override=override) if bumps else None
            request = ReleaseRequest(
                packages=frozenset(chosen),
                named=frozenset() if all_ or changed else frozenset(chosen),
                bump=_bump_wish(wanted, settings, watcher, changed=changed) if wanted else None,
                changed=changed,
                push=push,
                publish=publish,
                ask_index=not no_index,
                dry_run=dry_run,
            )
            report = _here(workspace, settings, watcher).run(request)
    if json:
        print_json(report.as_json())
    else:
        print(render(report))
    return report.exit_code


def _from_tag(
    workspace: Workspace, settings: Settings, watcher: Watcher, notes: str | None, manifest: str | None
) -> TagRelease:
    from tooling.effects.tag_release import TagRelease

    return TagRelease(
        workspace=workspace,
        repository=the_repository(workspace, settings),
        publication=_publication(workspace, settings, watcher),
        notes=Path(notes) if notes else None,
        manifest=Path(manifest) if manifest else None,
    )


def _here(workspace: Workspace, settings: Settings, watcher: Watcher) -> Release:
    from tooling.effects.release import Release

    return Release(
        workspace=workspace,
        repository=the_repository(workspace, settings),
        publication=_publication(workspace, settings, watcher),
        check=check,
        watcher=watcher,
    )


def _bump_wish(request: BumpRequest, settings: Settings, watcher: Watcher, *, changed: bool) -> BumpWish:
    from tooling.effects.clock import today
    from tooling.effects.release_tree import BumpWish

    return BumpWish(
        request=request,
        today=today(),
        changed=changed,
        bumping=lambda workspace: bump.the_bumping(workspace, settings, watcher),
    )


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
    from tooling.effects.proven_publication import ProvenPublication

    return ProvenPublication(
        builder=the_builder(workspace, settings),
        connect=functools.partial(the_index, settings, watcher),
        look=functools.partial(the_index, settings, watcher, uploading=False),
        watcher=watcher,
        parallel=settings.parallel,
    )


def _require_one_way(tags: Sequence[str], by_tag: dict[str, object], here: dict[str, object]) -> None:
    """Refuse words of one way of releasing beside those of the other: they would be passed over."""
    from tooling.errors import UsageError

    idle = [flag for flag, value in (here if tags else by_tag).items() if value]
    if idle:
        message = f"{', '.join(idle)} {'goes' if len(idle) == 1 else 'go'} {'not' if tags else 'only'} with --from-tag."
        raise UsageError("RL17", message, "Release what stands here, or with --from-tag what a tag names.")
    if here["--publish"] and here["--no-index"]:
        raise UsageError("RL17", "--publish and --no-index exclude each other.", "Take one of them.")
