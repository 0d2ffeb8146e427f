"""The test session of a package runs on the Pythons it names, and says which of them are not here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from publishers import ROOT
from workspaces import PackageSpec, make_workspace

from tooling.effects.interpreters import find_interpreter

if TYPE_CHECKING:
    from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
YOUNGER = ("3.14", "3.15")
TELLS = """\
import sys
from pathlib import Path


def test_where_this_runs() -> None:
    with Path("seen.txt").open("a") as seen:
        seen.write("{}.{}\\n".format(*sys.version_info))
"""


def test_a_package_is_tested_on_every_python_it_is_for_that_is_here(tmp_path: Path) -> None:
    here = [version for version in VERSIONS if find_interpreter(version, os.environ)]
    lacking = next(version for version in YOUNGER if not find_interpreter(version, os.environ))
    spec = PackageSpec(pythons=(*VERSIONS, lacking), files={"tests/test_where.py": TELLS})
    root = make_workspace(tmp_path / "workspace", {"alpha": spec})
    shutil.copy(ROOT / "noxfile.py", root)
    words = [sys.executable, "-m", "nox", "-s", "test(alpha)"]
    environment = {name: value for name, value in os.environ.items() if name not in {"NOXSESSION", "UV_PYTHON"}}
    done = subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (root / "seen.txt").read_text().split() == here
    assert f"Python interpreter {lacking} not found" in done.stderr
