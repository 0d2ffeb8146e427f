"""Importing all of a package, and what is told of what fails."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tooling.effects import import_everything

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {
    "__init__.py": "",
    "__main__.py": "raise SystemExit",
    "a.py": "print('noise')",
    "b/__init__.py": "",
    "b/c.py": "",
}


def failures_of(folder: Path, files: dict[str, str]) -> list[dict[str, Any]]:
    """Write the package `found`, and import it with a Python of its own."""
    for path, text in files.items():
        file = folder / "found" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    words = [sys.executable, import_everything.__file__, "found", str(folder / "told.json")]
    subprocess.run(words, check=True, env={"PYTHONPATH": str(folder)}, capture_output=True)
    told: list[dict[str, Any]] = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    return told


def test_a_good_package_fails_nowhere_and_is_not_run(tmp_path: Path) -> None:
    assert failures_of(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("path", "text", "import_error"),
    [
        ("a.py", "import nosuch", True),
        ("b/c.py", "raise ImportError('pip install maestro-found[fast]')", True),
        ("b/__init__.py", "1 / 0", False),
        ("a.py", "raise SystemExit(0)", False),
        ("a.py", "def broken(:", False),
        ("a.py", "same = 1 is 1", False),
        ("__init__.py", "import nosuch", True),
    ],
)
def test_a_module_that_fails_is_told_with_its_traceback(
    path: str, text: str, import_error: bool, tmp_path: Path
) -> None:
    (failure,) = failures_of(tmp_path, {**GOOD, path: text})
    module = "found." + path.removesuffix(".py").replace("/", ".")
    assert failure["module"] == module.removesuffix(".__init__")
    assert failure["import_error"] is import_error
    assert failure["trace"].startswith("Traceback")


def test_what_comes_after_a_failure_is_imported_as_well(tmp_path: Path) -> None:
    told = failures_of(tmp_path, {**GOOD, "a.py": "1 / 0", "b/c.py": "import nosuch"})
    assert [each["module"] for each in told] == ["found.a", "found.b.c"]
