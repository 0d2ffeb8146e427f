"""`invoke check` as a user meets it: findings with how to fix them, an exit code, one JSON object."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workspaces import make_workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = make_workspace(tmp_path / "clone", {"core-a": {}, "core-b": {"needs": ("core-a",)}})
    shutil.copy(ROOT / "tasks.py", made)
    return made


def invoke(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *words],
        cwd=root,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_right_repository_passes(root: Path) -> None:
    done = invoke(root, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to object to" in done.stdout


def test_a_finding_says_where_it_is_and_how_to_fix_it(root: Path) -> None:
    init = root / "packages" / "core-b" / "src" / "maestro_core_b" / "__init__.py"
    init.write_text(init.read_text().replace('["greet"]', '["greet", "gone"]'))
    done = invoke(root, "check", "--all")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "PK20 core-b: `__all__` names gone, which maestro_core_b does not have."
    assert lines[1] == "    packages/core-b/src/maestro_core_b/__init__.py:5"
    assert lines[2] == '    | __all__ = ["greet", "gone"]'
    assert "plain list of strings" in lines[3]
    assert "More: invoke explain PK20" in lines[-1]


def test_json_is_one_object_and_nothing_else(root: Path) -> None:
    (root / "packages" / "core-a" / "LICENSE").unlink()
    done = invoke(root, "check", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["command"], found["ok"], found["exit_code"]) == (1, "check", False, 1)
    assert found["packages"] == ["core-a", "core-b"]
    assert [(each["code"], each["package"], each["file"]) for each in found["findings"]] == [
        ("PK03", "core-a", "packages/core-a/LICENSE")
    ]


def test_one_package_is_checked_by_any_of_its_names(root: Path) -> None:
    (root / "packages" / "core-a" / "LICENSE").unlink()
    assert invoke(root, "check", "--package", "maestro_core_b").returncode == 0
    assert invoke(root, "check", "--package", "maestro-core-b", "--package", "core-a").returncode == 1


@pytest.mark.parametrize(
    ("package", "old", "new", "shown"),
    [
        ("core-a", "[project]", "[project", ("WS03", "pyproject.toml:5")),
        ("core-a", '"1.0.0"', '"one"', ("WS06", "`one` is not a version.")),
        ("core-b", '"maestro-core-b"', '"maestro-core-a"', ("WS12", "core-a, core-b")),
        ("core-b", '"README.md"', '"LIESMICH.md"', ("WS10", "LIESMICH.md")),
    ],
)
def test_a_workspace_that_cannot_be_read_is_wrong_usage(
    root: Path, package: str, old: str, new: str, shown: tuple[str, str]
) -> None:
    manifest = root / "packages" / package / "pyproject.toml"
    text = manifest.read_text()
    assert old in text
    manifest.write_text(text.replace(old, new))
    done = invoke(root, "check")
    code, says = shown
    assert done.returncode == 2
    assert says in done.stderr
    assert f"More: invoke explain {code}" in done.stderr
    assert "Traceback" not in done.stderr
    assert invoke(root, "explain", code).returncode == 0


def test_an_unknown_package_gets_the_nearest_one(root: Path) -> None:
    done = invoke(root, "check", "--package", "core_aa")
    assert done.returncode == 2
    assert "WS14: There is no package `core_aa`. Did you mean core-a?" in done.stderr
