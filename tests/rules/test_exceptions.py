"""Exceptions stand in one place, each with a reason, and none outlives its need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version
from workspaces import make_workspace

from tooling import rules
from tooling.model.broken_api import BrokenApi
from tooling.model.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BROKEN = BrokenApi(since=Version("1.0.0"), least=Version("2.0.0"), what=("maestro_core_b.greet is gone",))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in which `core-a` has no changelog."""
    made = make_workspace(tmp_path, {"core-a": {}, "core-b": {}})
    (made / "packages" / "core-a" / "CHANGELOG.md").unlink()
    return made


def checked(root: Path, exceptions: str, *names: str, broken: Mapping[str, BrokenApi] | None = None) -> rules.Report:
    manifest = root / "pyproject.toml"
    manifest.write_text(f"{manifest.read_text()}\n[tool.maestro.exceptions]\n{exceptions}\n")
    workspace = find_workspace(root)
    return rules.check(workspace, [workspace.packages[name] for name in names or workspace.packages], broken=broken)


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


def test_an_exception_to_a_rule_that_this_run_knows_too_little_for_is_not_judged(root: Path) -> None:
    """Whether PK22 finds anything is known only where the published wheels were looked at."""
    exceptions = 'PK11 = { core-a = "history is elsewhere" }\nPK22 = { core-b = "nobody ever called it" }'
    assert checked(root, exceptions).ok


def test_an_exception_to_a_rule_that_knew_all_it_goes_by_is_judged(root: Path) -> None:
    exceptions = 'PK11 = { core-a = "history is elsewhere" }\nPK22 = { core-b = "nobody ever called it" }'
    report = checked(root, exceptions, broken={})
    assert [each.message for each in report.findings] == ["PK22 excuses core-b, where the rule finds nothing."]


def test_an_exception_that_excuses_what_broke_is_needed(root: Path) -> None:
    exceptions = 'PK11 = { core-a = "history is elsewhere" }\nPK22 = { core-b = "nobody ever called it" }'
    report = checked(root, exceptions, broken={"core-b": BROKEN})
    assert report.ok
    assert [(each.finding.code, each.reason) for each in report.excused if each.finding.package == "core-b"] == [
        ("PK22", "nobody ever called it")
    ]


def test_an_exception_to_a_rule_that_the_package_gives_no_cause_for_excuses_nothing(root: Path) -> None:
    """What a rule has nothing to look for in is known to be in order: core-b requires nothing in house."""
    report = checked(root, 'PK11 = { core-a = "history is elsewhere" }\nPK30 = { core-b = "an older floor" }')
    assert [each.message for each in report.findings] == ["PK30 excuses core-b, where the rule finds nothing."]


@pytest.mark.parametrize("code", ["PK98", "PK22"])
def test_a_mistyped_exception_is_found_whatever_the_run_knows(root: Path, code: str) -> None:
    report = checked(root, f'PK11 = {{ core-a = "history is elsewhere" }}\n{code} = {{ core-x = "a" }}')
    assert [each.code for each in report.findings] == ["PK42"]
