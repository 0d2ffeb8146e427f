"""`invoke new NAME`: a package that passes every rule at birth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.faces.program import JSON, command, print_json, the_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tooling.model.workspace import Workspace

FLAGS = {
    "name": "its folder, like core-logging: lower case, single hyphens, no maestro- in front",
    "description": "what it is for, in a line",
    "needs": "a package of the workspace that it needs (repeatable)",
    "dry_run": "say what would be made; make nothing",
    **JSON,
}


@command(flags=FLAGS, positional=("name",), repeatable=("needs",))
def new(
    _context: object,
    name: str,
    needs: Sequence[str],
    description: str | None = None,
    *,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Make a package that passes every rule, has a test, and can be published."""
    from tooling import rules
    from tooling.effects.clock import today
    from tooling.effects.scaffolding import settle, staged
    from tooling.errors import RefusedError
    from tooling.model.document import read_document
    from tooling.model.manifest import MANIFEST
    from tooling.model.selection import select
    from tooling.plan.new_package import new_package
    from tooling.plan.new_package_texts import files_of

    workspace = the_workspace()
    root = workspace.root
    license_text = rules.House(workspace=workspace).license
    if license_text is None:
        raise RefusedError("NP05", "The root has no LICENSE, of which each package holds a copy.", "Put one there.")
    made = new_package(
        workspace,
        read_document(root / MANIFEST),
        name=name,
        description=description,
        needs=select(workspace, needs, everything=False) if needs else (),
        license_text=license_text,
        today=today(),
    )
    files = files_of(made)
    with staged(root, name, files) as folder:
        readme = _readme_with(workspace, folder)
        if not dry_run:
            settle(folder, root / "packages" / name, root / "README.md", readme)
    paths = [f"packages/{name}/{path}" for path in files]
    if json:
        print_json({"command": "new", "ok": True, "exit_code": 0, "dry_run": dry_run, "package": name, "files": paths})
        return
    done = "would be made" if dry_run else "made"
    print("\n".join(f"{done}: {path}" for path in paths))
    if not dry_run:
        print(f"\nIts row is in the README's table. Next: invoke test --package {name}")


def _readme_with(workspace: Workspace, folder: Path) -> str:
    """The root's README with a row for the package in `folder`, once no rule objects to the package.

    Raises:
        RefusedError: NP05 when the README has no table, NP07 for each finding.
    """
    from tooling import rules
    from tooling.errors import RefusedError, raise_all
    from tooling.model.manifest import read_package
    from tooling.model.workspace import arrange

    package = read_package(folder)
    grown = arrange(workspace.root, [*workspace.packages.values(), package])
    found = (each for each in rules.check(grown, (package,)).findings if each.package == package.name)
    hint = "Change the words it comes from, then try again."
    raise_all(RefusedError("NP07", f"{each.code}: {each.message}", hint) for each in found)
    readme = rules.readme_with_row(grown, package.name)
    if readme is None:
        message = "The root's README.md has no table of packages."
        raise RefusedError("NP05", message, "`invoke check --all` shows the table to paste.")
    return readme
