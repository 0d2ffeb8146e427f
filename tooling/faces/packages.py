"""`invoke list`, `graph`, `build` and `test`: look at packages, make their artifacts, prove them."""

from __future__ import annotations

import subprocess
import sys
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
    to_read,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace


@command(
    name="list",
    flags={**SELECTION, **{key: INDEX[key] for key in ("url", "repository", "username")}, **JSON},
    repeatable=("package",),
)
def list_(
    _context: object,
    package: Sequence[str],
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    *,
    all_: bool = False,
    json: bool = False,
) -> None:
    """Show the packages: version, in-house requirements, state in the index."""
    from tooling.effects.inventory import take_inventory
    from tooling.faces.live import Lines
    from tooling.faces.words import table

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_ or not package)
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    watcher = Lines(sys.stderr)
    inventory = take_inventory(the_builder(workspace, settings), packages, to_read(settings, watcher), watcher)
    needs = {each.name: sorted({need.package for need in workspace.needs[each.name]}) for each in packages}
    if json:
        rows = [
            {
                "name": each.name,
                "distribution": each.distribution,
                "version": str(each.version),
                "wave": workspace.wave_of(each.name),
                "needs": needs[each.name],
                "state": inventory[each.name],
            }
            for each in packages
        ]
        print_json({"command": "list", "packages": rows})
        return
    lines = (
        (each.name, str(each.version), ", ".join(needs[each.name]) or "-", inventory[each.name]) for each in packages
    )
    print(table(("package", "version", "needs", "state"), lines))


@command(
    flags={
        "format": "tree, mermaid, svg or json",
        "output": "write it to this file",
        "impact": "show instead who would pick up a release of this package, in the tree and in the index",
        "to": "with --impact: the version it is about (else the one in the tree)",
        **{key: INDEX[key] for key in ("url", "repository", "username")},
        **JSON,
    }
)
def graph(
    _context: object,
    format: str = "tree",
    output: str | None = None,
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    *,
    impact: str | None = None,
    to: str | None = None,
    json: bool = False,
) -> None:
    """Show who needs whom, in publishing order; or, with --impact, whom a release would reach."""
    from json import dumps

    from tooling.errors import UsageError
    from tooling.faces.graphs import TEXTS, as_json

    workspace = the_workspace()
    form = "json" if json else format
    if impact is not None:
        if form not in {"tree", "json"}:
            raise UsageError("ST07", f"The impact of a release has no format {form!r}.", "Leave it out, or say json.")
        settings = the_settings(workspace, url=url, repository=repository, username=username)
        _show(_impact(workspace, impact, to, settings, json=form == "json"), output)
        return
    if to is not None:
        raise UsageError("IM01", "--to is a version of a package that --impact names.", "Say --impact NAME too.")
    if form not in (*TEXTS, "json"):
        hint = f"Use one of {', '.join(TEXTS)} or json."
        raise UsageError("ST07", f"There is no graph format {form!r}.", hint)
    text = dumps(as_json(workspace), indent=2) if form == "json" else TEXTS[form](workspace)
    _show(text, output)


def _impact(workspace: Workspace, name: str, to: str | None, settings: Settings, *, json: bool) -> str:
    from json import dumps

    from tooling.faces.impact import as_json, as_text, find_impacts, version_asked

    (package,) = selected(workspace, [name], everything=False)
    version = version_asked(to, package)
    found = find_impacts(workspace, package, version, settings)
    return dumps(as_json(package, version, found), indent=2) if json else as_text(package, version, found)


def _show(text: str, output: str | None) -> None:
    if output is None:
        print(text)
    else:
        _write(Path(output), text)


def _write(path: Path, text: str) -> None:
    from tooling.errors import UsageError

    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        hint = "Name a file in a folder that exists and may be written to."
        raise UsageError("ST08", f"The graph cannot be written to {path}: {error.strerror}.", hint) from error


@command(
    flags={
        **SELECTION,
        "isolated": "build each package in an environment of its own",
        "rebuild": "build again what the cache has",
        **JSON,
    },
    repeatable=("package",),
)
def build(
    _context: object,
    package: Sequence[str],
    *,
    all_: bool = False,
    isolated: bool = False,
    rebuild: bool = False,
    json: bool = False,
) -> None:
    """Build and check sdist and wheel of each package into dist/."""
    from tooling.faces.live import watching
    from tooling.faces.words import size_in_words, table

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_)
    builder = the_builder(workspace, the_settings(workspace), isolated=isolated, rebuild=rebuild)
    with watching(json=json) as watcher:
        artifacts = tuple(builder.build(packages, watcher.built))
    if json:
        rows = [
            {"package": each.package, "file": str(each.path), "sha256": each.sha256, "size": each.size}
            for each in artifacts
        ]
        print_json({"command": "build", "ok": True, "exit_code": 0, "artifacts": rows})
        return
    lines = ((each.filename, size_in_words(each.size), each.sha256) for each in artifacts)
    print(table(("file", "size", "sha256"), lines))


@command(
    name="test",
    flags={
        **SELECTION,
        "python": "only this Python, such as 3.12",
        "sdist": "also test what is in the sdist, installed, on the Python that runs this",
    },
    repeatable=("package",),
)
def test_(
    _context: object, package: Sequence[str], python: str | None = None, *, all_: bool = False, sdist: bool = False
) -> int:
    """Run the Nox test session for the selection."""
    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_)
    runs = [_tests([] if all_ else [each.name for each in packages], python)]
    if sdist:
        runs += [["-s", *(f"dist({each.name})" for each in packages)]]
    nox = [sys.executable, "-m", "nox", "-f", str(workspace.root / "noxfile.py")]
    codes = [subprocess.run([*nox, *words], check=False).returncode for words in runs]
    return 1 if any(codes) else 0


def _tests(names: Sequence[str], python: str | None) -> list[str]:
    """The words that select test sessions; no names: all of them."""
    if python is None:
        return ["-s", *([f"test({name})" for name in names] or ["test"])]
    return ["-t", *([f"{name}-py{python}" for name in names] or [f"py{python}"])]
