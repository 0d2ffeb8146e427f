"""Exceptions stand in one place, each with a reason, and none outlives its need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from workspaces import make_workspace

from tooling import rules
from tooling.model.workspace import find_workspace

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in which `core-a` has no changelog."""
    made = make_workspace(tmp_path, {"core-a": {}, "core-b": {}})
    (made / "packages" / "core-a" / "CHANGELOG.md").unlink()
    return made


def checked(root: Path, exceptions: str, *names: str) -> rules.Report:
    manifest = root / "pyproject.toml"
    manifest.write_text(f"{manifest.read_text()}\n[tool.maestro.exceptions]\n{exceptions}\n")
    workspace = find_workspace(root)
    return rules.check(workspace, [workspace.packages[name] for name in names or workspace.packages])


def test_an_excused_finding_does_not_count_and_is_still_reported(root: Path) -> None:
    report = checked(root, 'PK11 = { core-a = "history is elsewhere" }')
    assert report.ok
    assert [(each.finding.code, each.finding.package, each.reason) for each in report.excused] == [
        ("PK11", "core-a", "history is elsewhere")
    ]


def test_an_exception_is_for_its_package_only(root: Path) -> None:
    (root / "packages" / "core-b" / "CHANGELOG.md").unlink()
    report = checked(root, 'PK11 = { core-a = "history is elsewhere" }')
    assert [(each.code, each.package) for each in report.findings] == [("PK11", "core-b")]


@pytest.mark.parametrize(
    ("exceptions", "says"),
    [
        ('PK11 = { core-a = "a" }\nPK99 = { core-a = "b" }', "PK99 is not the code of a package rule."),
        ('PK11 = { core-a = "a" }\nPK40 = { core-a = "b" }', "PK40 is not the code of a package rule."),
        ('PK11 = { core-a = "a", core-x = "b" }', "PK11 excuses core-x, which is no package. Did you mean core-"),
        ('PK11 = { core-a = "a", core-b = "b" }', "PK11 excuses core-b, where the rule finds nothing."),
        ('PK11 = { core-a = "a" }\nPK12 = {}', "PK12 is not a table"),
        ('PK11 = { core-a = "a" }\nPK12 = "all"', "PK12 is not a table"),
    ],
)
def test_an_exception_that_excuses_nothing_is_a_finding(root: Path, exceptions: str, says: str) -> None:
    report = checked(root, exceptions)
    assert [each.code for each in report.findings] == ["PK42"]
    assert says in report.findings[0].message
    assert report.findings[0].place is not None
    assert report.findings[0].place.excerpt.startswith(says[:4])


def test_an_exception_without_a_reason_excuses_nothing(root: Path) -> None:
    report = checked(root, 'PK11 = { core-a = " " }')
    assert [each.code for each in report.findings] == ["PK11", "PK42"]
    assert "without a reason" in report.findings[1].message


def test_an_exception_for_a_package_that_was_not_looked_at_is_not_judged(root: Path) -> None:
    assert checked(root, 'PK11 = { core-a = "history is elsewhere" }', "core-b").ok
