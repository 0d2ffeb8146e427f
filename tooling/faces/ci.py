"""`invoke ci.generate`, `ci.check` and `ci.matrix`: workflow files, whether they are still true, and what they test."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke.collection import Collection

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
    to_read,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tooling.errors import MaestroError
    from tooling.model.package import Package
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace
    from tooling.plan.shards import Shard
    from tooling.workflows.files import Drift

_FORMATS = ("table", "json", "github", "gitlab")


@command(name="generate", flags={"dry_run": "say which files would be written; write none", **JSON})
def ci_generate(_context: object, *, dry_run: bool = False, json: bool = False) -> None:
    """Write the workflow files of GitHub Actions and GitLab CI."""
    from tooling.model.workspace import find_root
    from tooling.workflows.files import drifts, workflow_files

    root = find_root()
    texts = workflow_files(root)
    changed = [each.path for each in drifts(root)]
    for path in () if dry_run else changed:
        _write(root / path, texts[path])
    if json:
        print_json({**_fine("ci.generate"), "dry_run": dry_run, "files": list(texts), "changed": changed})
        return
    done = "would be written" if dry_run else "written"
    print("\n".join(f"{done if path in changed else 'unchanged'}: {path}" for path in texts))


@command(name="check", flags=JSON)
def ci_check(_context: object, *, json: bool = False) -> None:
    """Fail when a workflow file is not what `ci.generate` would write."""
    from tooling.errors import raise_all
    from tooling.model.workspace import find_root
    from tooling.workflows.files import drifts, workflow_files

    root = find_root()
    raise_all(_drifted(root, each) for each in drifts(root))
    files = list(workflow_files(root))
    if json:
        print_json({**_fine("ci.check"), "files": files})
    else:
        print("\n".join(f"as generated: {path}" for path in files))


MATRIX = {
    **SELECTION,
    "changed": "of the selection, only what the index lacks or has different, or does not tell of",
    "dependents": "with what needs it, directly or not, and what is tested with that",
    "shards": "the most jobs there may be (256, GitHub's limit for a matrix)",
    "format": "table, json, github (the output of a step) or gitlab (a child pipeline)",
    **{key: INDEX[key] for key in ("url", "repository", "username")},
    **JSON,
}


@command(name="matrix", flags=MATRIX, repeatable=("package",))
def ci_matrix(
    _context: object,
    package: Sequence[str],
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    *,
    shards: str | None = None,
    format: str = "table",
    all_: bool = False,
    changed: bool = False,
    dependents: bool = False,
    json: bool = False,
) -> None:
    """Show which packages to test on which Pythons, dealt out to as many jobs as a CI allows."""
    from tooling.plan.shards import LIMIT, deal

    form, limit = "json" if json else format, str(LIMIT) if shards is None else shards
    _check_words(form, limit)
    workspace = the_workspace()
    chosen = selected(workspace, package, everything=all_ or (changed and not package))
    if changed:
        settings = the_settings(workspace, url=url, repository=repository, username=username)
        chosen = _changed(workspace, chosen, settings)
    names = {each.name for each in chosen}
    names |= workspace.affected(names) if dependents else set()
    pythons = {each.name: each.pythons for each in workspace.packages.values() if each.name in names}
    print(_shown(workspace.root, deal(pythons, int(limit)), form))


def _check_words(form: str, limit: str) -> None:
    from tooling.errors import UsageError, raise_all

    faults = []
    if form not in _FORMATS:
        faults.append(UsageError("CI03", f"There is no matrix format {form!r}.", f"Use one of {', '.join(_FORMATS)}."))
    if not (limit.isdecimal() and limit.isascii() and int(limit) > 0):
        faults.append(UsageError("CI02", f"There cannot be {limit!r} shards.", "Use a whole number from 1."))
    raise_all(faults)


def _changed(workspace: Workspace, packages: Sequence[Package], settings: Settings) -> tuple[Package, ...]:
    """Leave out what the index has as it is here; what is unknown counts as changed, and so does what is not built."""
    from tooling.effects.inventory import take_inventory
    from tooling.faces.live import Lines
    from tooling.plan.snapshot import State

    watcher = Lines(sys.stderr)
    states = take_inventory(the_builder(workspace, settings), packages, to_read(settings, watcher), watcher)
    return tuple(each for each in packages if states[each.name] != State.PRESENT.value)


def _shown(root: Path, shards: Sequence[Shard], form: str) -> str:
    from json import dumps

    from tooling.faces.words import table
    from tooling.model.document import read_document
    from tooling.model.manifest import MANIFEST
    from tooling.workflows.github import matrix_output
    from tooling.workflows.gitlab import child_pipeline
    from tooling.workflows.pipelines import pipelines_of

    if form == "github":
        return matrix_output(shards)
    if form == "gitlab":
        return child_pipeline(pipelines_of(read_document(root / MANIFEST)), shards).removesuffix("\n")
    if form == "json":
        return dumps({**_fine("ci.matrix"), "include": [_as_json(each) for each in shards]}, indent=2)
    return table(("job", "packages"), ((each.name, ", ".join(each.packages)) for each in shards))


def _as_json(shard: Shard) -> dict[str, object]:
    return {"name": shard.name, "python": shard.python, "packages": list(shard.packages), "words": shard.words}


def _fine(name: str) -> dict[str, object]:
    return {"command": name, "ok": True, "exit_code": 0}


def _drifted(root: Path, drift: Drift) -> MaestroError:
    from tooling.errors import FailedError, Place

    place = Place(file=root / drift.path, line=drift.line, excerpt=drift.excerpt)
    hint = "Run `invoke ci.generate` and commit what it writes."
    return FailedError("CI01", drift.sentence, hint, place=place)


def _write(path: Path, text: str) -> None:
    from tooling.effects.whole_files import written_whole
    from tooling.errors import FailedError

    try:
        with written_whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise FailedError("CI04", message, "Correct its permissions, or move away what is in its place.") from error


collection = Collection("ci", ci_generate, ci_check, ci_matrix)
