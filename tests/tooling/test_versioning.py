"""`[tool.maestro.versions]` is understood, or every mistake in it is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from workspaces import make_workspace

from tooling.errors import MaestroError, singles
from tooling.model.settings import read_settings
from tooling.model.versioning import Versioning, read_versioning
from tooling.model.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

README = Path(__file__).parents[2] / "README.md"
PACKAGES: dict[str, dict[str, object]] = {"low": {}, "mid": {"needs": ("low",)}, "high": {"needs": ("mid",)}}


def policy(tmp_path: Path, text: str, packages: Mapping[str, Mapping[str, object]] = PACKAGES) -> Versioning:
    root = make_workspace(tmp_path / "w", packages)
    manifest = root / "pyproject.toml"
    manifest.write_text(f"{manifest.read_text()}\n{text}\n")
    read_settings(root, {})  # which knows the table and leaves it alone
    return read_versioning(find_workspace(root))


def test_without_a_table_floors_move_when_they_must(tmp_path: Path) -> None:
    read = policy(tmp_path, "")
    assert read == Versioning()
    assert read.floor_of("mid", "low") == "minimum"


def test_floors_are_read_edge_by_edge(tmp_path: Path) -> None:
    read = policy(
        tmp_path,
        """
[tool.maestro.versions]
floor = "latest"
[tool.maestro.versions.floors]
high = { mid = "exact" }
[tool.maestro.versions.lockstep]
platform = ["low", "high"]
""",
    )
    assert (read.floor_of("high", "mid"), read.floor_of("mid", "low")) == ("exact", "latest")
    assert read.lockstep == {"platform": ("low", "high")}


def test_what_only_a_dependency_group_names_has_a_floor_of_its_own_too(tmp_path: Path) -> None:
    packages: dict[str, dict[str, object]] = {"low": {"test_group": ("maestro-high>=1.0.0",)}, "high": {}}
    read = policy(tmp_path, '[tool.maestro.versions.floors]\nlow = { high = "latest" }', packages)
    assert read.floor_of("low", "high") == "latest"


def test_the_example_in_the_readme_is_understood(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```toml\n(\[tool\.maestro\.versions\]\n.+?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    packages: dict[str, dict[str, object]] = {"core-config": {}, "core-api": {"needs": ("core-config",)}}
    read = policy(tmp_path, example, packages)
    assert (read.floor, read.floor_of("core-api", "core-config")) == ("minimum", "latest")
    assert read.lockstep == {"platform": ("core-api", "core-config")}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[tool.maestro.versions]\nflor = "latest"', "unknown setting 'flor'", "Did you mean 'floor'?"),
        ('[tool.maestro.versions]\nfloor = "newest"', "A floor cannot be 'newest'.", "minimum, latest, exact"),
        ("[tool.maestro.versions]\nfloors = 1", "[tool.maestro.versions.floors] is not a table.", "Write"),
        (
            '[tool.maestro.versions.floors]\nhig = { mid = "exact" }',
            "There is no package 'hig'.",
            "Did you mean 'high'?",
        ),
        ('[tool.maestro.versions.floors]\nhigh = { low = "exact" }', "high does not need 'low'.", "There are: mid."),
        ('[tool.maestro.versions.floors]\nlow = { mid = "exact" }', "low does not need 'mid'.", "There are: none."),
        ("[tool.maestro.versions.floors]\nhigh = { mid = 3 }", "A floor cannot be 3.", "Use one of"),
        ('[tool.maestro.versions.lockstep]\np = "low"', "'p' is no list of packages", "Write it as a list"),
        ('[tool.maestro.versions.lockstep]\np = ["lo"]', "There is no package 'lo'.", "Did you mean 'low'?"),
        (
            '[tool.maestro.versions.lockstep]\np = ["low"]\nq = ["low", "mid"]',
            "low is in two lockstep groups, p and q.",
            "Join them",
        ),
    ],
)
def test_a_mistake_is_said_with_what_was_meant(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(MaestroError) as caught:
        policy(tmp_path, text)
    (fault,) = singles(caught.value)
    assert fault.code == "VS09"
    assert message in fault.message
    assert hint in fault.hint
    assert fault.place is not None
    assert fault.place.line is not None


def test_all_mistakes_are_said_together(tmp_path: Path) -> None:
    with pytest.raises(MaestroError) as caught:
        policy(tmp_path, '[tool.maestro.versions]\nfloor = "x"\nlockstp = 1')
    assert len(singles(caught.value)) == 2
