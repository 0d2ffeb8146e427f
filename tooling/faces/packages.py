"""`invoke list`, `graph`, `build` and `test`: look at packages, make their artifacts, prove them."""

from __future__ import annotations

import functools
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
    the_index,
    the_settings,
    the_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.model.settings import Settings


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
    opening = functools.partial(the_index, settings, watcher, uploading=False) if _is_begun(settings) else None
    inventory = take_inventory(the_builder(workspace, settings), packages, opening, watcher)
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


def _is_begun(settings: Settings) -> bool:
    """Whether there is an index to look at: an embedded one that was never filled is not begun by looking."""
    return settings.url is not None or settings.data.is_dir()


@command(flags={"format": "tree, mermaid, svg or json", "output": "write it to this file", **JSON})
def graph(_context: object, format: str = "tree", output: str | None = None, *, json: bool = False) -> None:
    """Show who needs whom, in publishing order: tree, Mermaid, SVG or JSON."""
    from json import dumps

    from tooling.errors import UsageError
    from tooling.faces.graphs import TEXTS, as_json

    workspace = the_workspace()
    form = "json" if json else format
    if form not in (*TEXTS, "json"):
        hint = f"Use one of {', '.join(TEXTS)} or json."
        raise UsageError("ST07", f"There is no graph format {form!r}.", hint)
    text = dumps(as_json(workspace), indent=2) if form == "json" else TEXTS[form](workspace)
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


@command(name="test", flags={**SELECTION, "python": "only this Python, such as 3.12"}, repeatable=("package",))
def test_(_context: object, package: Sequence[str], python: str | None = None, *, all_: bool = False) -> int:
    """Run the Nox test session for the selection."""
    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_)
    wanted = [] if all_ else [f"test({each.name})" for each in packages]
    words = [sys.executable, "-m", "nox", "-f", str(workspace.root / "noxfile.py"), "-s", *(wanted or ["test"])]
    if python is not None:
        words += ["--python", python]
    return 1 if subprocess.run(words, check=False).returncode else 0
