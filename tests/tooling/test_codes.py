"""Every code that is raised can be explained, every explained one is raised, and every module can be reached."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tooling import explanations
from tooling.faces.explain import every_code

ROOT = Path(__file__).parents[2]
TOOLING = ROOT / "tooling"
FAMILIES = {
    "WS": "workspace",
    "ST": "settings",
    "BD": "build",
    "IX": "index",
    "PB": "publish",
    "SV": "server",
    "GT": "git",
    "CI": "workflows",
    "NP": "new_package",
    "IM": "impact",
    "RL": "release",
    "VS": "versions",
}
CODE = re.compile(rf"(?:{'|'.join(FAMILIES)})\d\d")


def codes_in(folder: Path) -> dict[str, set[str]]:
    """The codes that stand as strings in the code, and in which files; the explanations themselves do not count."""
    found: dict[str, set[str]] = {}
    for file in folder.rglob("*.py"):
        if (TOOLING / "explanations") in file.parents:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.setdefault(node.value, set()).add(file.relative_to(ROOT).as_posix())
    return found


def test_every_code_that_is_used_is_explained() -> None:
    used = codes_in(TOOLING)
    assert {code: files for code, files in used.items() if code not in explanations.catalogue()} == {}


def test_every_code_that_is_explained_is_used() -> None:
    assert sorted(set(explanations.catalogue()) - set(codes_in(TOOLING))) == []


def test_codes_belong_to_their_family_and_are_explained_once() -> None:
    for family, module in FAMILIES.items():
        text = (TOOLING / "explanations" / f"{module}.py").read_text(encoding="utf-8")
        keys = re.findall(r'^    "([A-Z]{2}\d\d)": Explanation', text, re.MULTILINE)
        assert all(key.startswith(family) for key in keys)
        assert len(keys) == len(set(keys))


def test_every_explanation_says_something() -> None:
    for code, entry in every_code().items():
        assert entry.title, code
        assert not entry.title.endswith("."), code
        assert entry.meaning.endswith("."), code
        assert entry.remedy.endswith("."), code


def modules() -> dict[str, Path]:
    """Every module of the tooling by its dotted name."""
    found = {}
    for file in TOOLING.rglob("*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_every_module_is_reachable_from_what_users_run() -> None:
    known = modules()
    reached: set[str] = set()
    waiting = [*imports_of(ROOT / "tasks.py"), *imports_of(ROOT / "noxfile.py")]
    while waiting:
        name = waiting.pop()
        if name in known and name not in reached:
            reached.add(name)
            waiting += [name.rpartition(".")[0], *imports_of(known[name])]
    assert sorted(set(known) - reached) == []
