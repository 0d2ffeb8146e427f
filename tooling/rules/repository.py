"""Rules about the repository as a whole: the table in its README, and what lies under packages/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.errors import Place
from tooling.model.manifest import MANIFEST
from tooling.rules.rule import Fault, rule
from tooling.rules.subject import House
from tooling.workflows.files import drifts, workflow_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tooling.model.workspace import Workspace

_HEADER = ("Package", "Version", "What it does")
_LEFT_BEHIND = frozenset({"__pycache__", "dist", "build", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache"})


def package_table(house: House) -> str:
    """The table of packages as the root README has it: Markdown, a row for each package, sorted by name."""
    rows = (_row(house, name) for name in house.workspace.packages)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (_HEADER, ("---",) * len(_HEADER), *rows))


def readme_with_row(workspace: Workspace, name: str) -> str | None:
    """The root README with a row for the package `name` in its table; None where there is no table.

    Nothing else changes; a row of that package that is there is replaced.
    """
    house = House(workspace=workspace)
    lines = (house.readme or "").splitlines(keepends=True)
    start = _start(lines)
    if start is None:
        return None
    row = _row(house, name)
    first, end = start + 2, _end(lines, start)
    others = [line for line in lines[first:end] if _cells(line)[:1] != row[:1]]
    earlier = {_row(house, each)[:1] for each in workspace.packages if each < name}
    before = max((n for n, line in enumerate(others, start=1) if _cells(line)[:1] in earlier), default=0)
    new = "| " + " | ".join(row) + " |\n"
    return "".join([*lines[:first], *others[:before], new, *others[before:], *lines[end:]])


def _start(lines: Sequence[str]) -> int | None:
    """The number of the line that heads the table, from 0."""
    return next((number for number, line in enumerate(lines) if _cells(line) == _HEADER), None)


def _end(lines: Sequence[str], start: int) -> int:
    return next((n for n in range(start, len(lines)) if not lines[n].lstrip().startswith("|")), len(lines))


@rule("PK40")
def table_true(house: House) -> Iterator[Fault]:
    """The README's table of packages is true.

    Put the table shown in place of the one in the root README.md; it is derived from the packages.
    """
    file = house.workspace.root / "README.md"
    lines = (house.readme or "").splitlines()
    start = _start(lines)
    if start is None:
        message = "The root README.md has no table of packages."
        yield Fault(message=message, place=Place(file=file), paste=package_table(house))
        return
    end = _end(lines, start)
    found = [_cells(line) for line in lines[start + 2 : end]]
    wanted = [_row(house, name) for name in house.workspace.packages]
    wrong = next((number for number, row in enumerate(found) if row not in wanted), None)
    if found != wanted:
        line = start + 2 + wrong if wrong is not None else start
        message = "The table of packages in the root README.md is not what the packages say."
        place = Place(file=file, line=line + 1, excerpt=lines[line].strip())
        yield Fault(message=message, place=place, paste=package_table(house))


def _row(house: House, name: str) -> tuple[str, ...]:
    package = house.workspace.packages[name]
    description = str(house.subject(name).document.get("project", "description") or "")
    link = f"[{package.distribution}](packages/{name})"
    return link, str(package.version), " ".join(description.split()).replace("|", "\\|")


def _cells(line: str) -> tuple[str, ...]:
    """The cells of a table's line, without the padding an editor may have added."""
    parts = line.strip().replace("\\|", "\0").strip("|").split("|")
    return tuple(part.strip().replace("\0", "\\|") for part in parts)


@rule("PK41")
def folders_are_packages(house: House) -> Iterator[Fault]:
    """Every folder under packages/ is a package.

    Give the folder a pyproject.toml, or move it away: without one no command sees it.
    """
    for folder in sorted((house.workspace.root / "packages").iterdir()):
        if not folder.is_dir() or folder.name.startswith(".") or (folder / MANIFEST).is_file():
            continue
        if any(each.name not in _LEFT_BEHIND for each in folder.iterdir()):
            yield Fault(message=f"packages/{folder.name} has no pyproject.toml.", place=Place(file=folder))


def _has_workflows(house: House) -> bool:
    root = house.workspace.root
    return any((root / path).exists() for path in workflow_files(root))


@rule("PK43", applies=_has_workflows)
def workflows_true(house: House) -> Iterator[Fault]:
    """The workflow files are those that are generated.

    Run `invoke ci.generate` and commit what it writes; what the workflows do is decided in tooling/workflows.
    """
    for each in drifts(house.workspace.root):
        place = Place(file=house.workspace.root / each.path, line=each.line, excerpt=each.excerpt)
        yield Fault(message=each.sentence, place=place)


RULES = (table_true, folders_are_packages, workflows_true)
