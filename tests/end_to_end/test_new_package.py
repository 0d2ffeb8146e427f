"""A package that `invoke new` has just made in a copy of this repository: checked, tested, published."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from observed_index import observed_index
from publishers import ROOT, run, user_environment

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_a_new_package_is_checked_tested_and_published_like_any_other(tmp_path: Path) -> None:
    clone, home = tmp_path / "clone", tmp_path / "home"
    with observed_index(tmp_path / "index") as index:
        environment = user_environment(home, PYTHONPATH=str(clone), **index.variables)
        said: list[str] = []
        words = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)]
        subprocess.run(words, env=environment, check=True)
        for line in (
            ("new", "brand-new", "--description", "Is new.", "--needs", "resilience"),
            ("check", "--all"),
            ("test", "--package", "brand-new", "--python", RUNNING, "--sdist"),
            ("publish", "--package", "resilience", "--package", "brand-new"),
        ):
            done = run(clone, *line, environment=environment)
            assert done.code == 0, done.said
            said.append(done.said)
        assert {name: len(files) for name, files in index.pages().items()} == {
            "maestro-brand-new": 2,
            "maestro-resilience": 2,
        }
    assert re.findall(r"Running session (\S+)", said[2]) == ["test(brand-new)", "dist(brand-new)"]
