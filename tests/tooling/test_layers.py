"""Imports inside `tooling` go back along one line: errors, model, plan, workflows, rules and effects, faces."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLING = Path(__file__).parents[2] / "tooling"
MAY_IMPORT = {
    "errors": set(),
    "explanations": set(),
    "model": {"errors"},
    "plan": {"errors", "model"},
    "workflows": {"errors", "model", "plan"},
    "rules": {"errors", "model", "workflows"},
    "localnexus": {"errors"},
    "effects": {"errors", "model", "plan", "localnexus"},
    "faces": {"errors", "explanations", "model", "workflows", "rules", "plan", "localnexus", "effects"},
}


def imported(tree: ast.AST, package: list[str]) -> Iterator[tuple[str, int]]:
    """Every module a file imports, wherever in it: inside functions and for type checkers too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], *([node.module] if node.module else [])])
            origin = base if node.level else node.module or ""
            yield origin, node.lineno
            yield from ((f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "tooling" and len(parts) > 1 else None


def breaches(text: str, module: str, package: list[str]) -> list[str]:
    """The imports of a file that its layer may not have."""
    own = layer_of(module)
    if own is None:
        return []
    found = {(layer_of(name), line) for name, line in imported(ast.parse(text), package)}
    return [
        f"{module}:{line} imports {layer}"
        for layer, line in sorted(found, key=str)
        if layer is not None and layer != own and layer not in MAY_IMPORT[own]
    ]


FILES = sorted(TOOLING.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(TOOLING).as_posix())
def test_a_module_imports_only_layers_before_its_own(file: Path) -> None:
    parts = ["tooling", *file.relative_to(TOOLING).with_suffix("").parts]
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    assert breaches(file.read_text(encoding="utf-8"), module, parts[:-1]) == []


def test_every_layer_is_there_and_has_its_place() -> None:
    layers = {file.relative_to(TOOLING).parts[0].removesuffix(".py") for file in FILES} - {"__init__"}
    assert layers == set(MAY_IMPORT)


def test_nothing_lies_more_than_two_folders_deep() -> None:
    assert max(len(file.relative_to(TOOLING.parent).parts) for file in FILES) <= 3


@pytest.mark.parametrize(
    "text",
    [
        "from tooling.effects import disk",
        "import tooling.effects.disk",
        "from tooling import effects",
        "from ..effects import disk",
        "from .. import effects",
        "def f():\n    from tooling.effects import disk",
        "if TYPE_CHECKING:\n    from tooling.effects import disk",
    ],
)
def test_a_breach_is_seen_however_it_is_written(text: str) -> None:
    found = breaches(text, "tooling.plan.planner", ["tooling", "plan"])
    assert [each.split(" imports ")[1] for each in found] == ["effects"]
    assert breaches(text, "tooling.faces.publish", ["tooling", "faces"]) == []
