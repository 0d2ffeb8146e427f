"""A bump from end to end, on a real repository, with real builds, against an index in memory."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from bump_workspaces import IDENTITY, Clone, commit_all
from memory_index import Fault

from tooling import rules
from tooling.effects.api_check import broken_apis
from tooling.errors import FailedError, MaestroError, UsageError
from tooling.model.workspace import find_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.plan.bump_report import BumpReport

LOW = "packages/low/src/maestro_low/__init__.py"
MANIFEST = "packages/mid/pyproject.toml"
PACKAGES: dict[str, dict[str, object]] = {
    "low": {},
    "mid": {"needs": ("low>=1.0.0,<2",)},
    "high": {"needs": ("mid",), "extras": {"log": ("low",)}},
}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Three packages in a row, published."""
    made = Clone.of(tmp_path / "clone", PACKAGES)
    made.publish()
    return made


def versions(report: BumpReport) -> dict[str, str]:
    return {bump.package: str(bump.after) for bump in report.plan.bumps}


def codes(report: BumpReport) -> list[str]:
    return [refusal.code for refusal in report.plan.refusals]


def breaks(clone: Clone) -> None:
    """Call the parameter of `greet` something else."""
    clone.write(LOW, "whom", "who")
    clone.tell("low")


def test_the_diff_is_what_was_meant_and_nothing_else(clone: Clone) -> None:
    """Requirements in any spelling, with extras, markers and comments; a changelog with links."""
    clone.write(
        MANIFEST,
        '["maestro-low<2,>=1.0.0"]',
        "[\n    # in house\n    'Maestro.Low >= 1.0.0, < 2 ; python_version > \"3\"',  # why\n]",
    )
    clone.write(
        "packages/low/CHANGELOG.md",
        "- First version.\n",
        "- First version.\n\n[Unreleased]: https://h/compare/low-v1.0.0...HEAD\n",
    )
    clone.tell("low", "### Removed\n\n- Nothing that anybody knew.")
    report = clone.bump("low", part="major")
    assert report.exit_code == 0
    assert clone.diff() == [
        "README.md: -| [maestro-low](packages/low) | 1.0.0 | Greets as low would. |",
        "README.md: -| [maestro-mid](packages/mid) | 1.0.0 | Greets as mid would. |",
        "README.md: +| [maestro-low](packages/low) | 2.0.0 | Greets as low would. |",
        "README.md: +| [maestro-mid](packages/mid) | 1.0.1 | Greets as mid would. |",
        "packages/low/CHANGELOG.md: +## [2.0.0] - 2026-11-28",
        "packages/low/CHANGELOG.md: +",
        "packages/low/CHANGELOG.md: -[Unreleased]: https://h/compare/low-v1.0.0...HEAD",
        "packages/low/CHANGELOG.md: +[Unreleased]: https://h/compare/low-v2.0.0...HEAD",
        "packages/low/CHANGELOG.md: +[2.0.0]: https://h/compare/low-v1.0.0...low-v2.0.0",
        'packages/low/pyproject.toml: -version = "1.0.0"',
        'packages/low/pyproject.toml: +version = "2.0.0"',
        "packages/mid/CHANGELOG.md: +## [1.0.1] - 2026-11-28",
        "packages/mid/CHANGELOG.md: +",
        'packages/mid/CHANGELOG.md: +- Requires `Maestro.Low>=2.0.0,<3; python_version > "3"`.',
        "packages/mid/CHANGELOG.md: +",
        'packages/mid/pyproject.toml: -version = "1.0.0"',
        'packages/mid/pyproject.toml: +version = "1.0.1"',
        "packages/mid/pyproject.toml: -    'Maestro.Low >= 1.0.0, < 2 ; python_version > \"3\"',  # why",
        "packages/mid/pyproject.toml: +    'Maestro.Low >= 2.0.0, < 3 ; python_version > \"3\"',  # why",
    ]


GROUPS = """\
[dependency-groups]
test = [
    "mktestdocs>=0.2.5", { include-group = "in-house" }, # tests need this
    'pytest>=9',
]
in-house = [
    "Maestro.Low >= 1.0.0, < 2", # as it is in this tree
]
"""


@pytest.fixture
def grouped(tmp_path: Path) -> Clone:
    """Low is needed by the tests of side, and by a group of the root, and both exclude the next major version."""
    made = Clone.of(tmp_path / "grouped", {"low": {}, "side": {}})
    old = '[dependency-groups]\ntest = ["mktestdocs>=0.2.5", "pytest>=9"]\n'
    made.write("packages/side/pyproject.toml", old, GROUPS)
    made.write("pyproject.toml", "[project]", '[dependency-groups]\ndocs = ["maestro-low~=1.0"]\n\n[project]')
    made.publish()
    made.tell("low", "### Removed\n\n- Nothing that anybody knew.")
    return made


GROUP_EDITS = [
    'packages/side/pyproject.toml: -    "Maestro.Low >= 1.0.0, < 2", # as it is in this tree',
    'packages/side/pyproject.toml: +    "Maestro.Low >= 2.0.0, < 3", # as it is in this tree',
    'pyproject.toml: -docs = ["maestro-low~=1.0"]',
    'pyproject.toml: +docs = ["maestro-low~=2.0"]',
]

VERSION_EDIT = [
    'packages/side/pyproject.toml: -version = "1.0.0"',
    'packages/side/pyproject.toml: +version = "1.0.1"',
]


def test_dependency_groups_that_exclude_the_new_version_are_rewritten_and_a_released_package_gets_a_version(
    grouped: Clone,
) -> None:
    """What is published of it has another manifest in its sdist."""
    before = grouped.files()
    report = grouped.bump("low", part="major")
    assert (report.exit_code, versions(report)) == (0, {"low": "2.0.0", "side": "1.0.1"})
    manifests = [line for line in grouped.diff() if line.startswith(("packages/side/pyproject", "pyproject"))]
    assert sorted(manifests) == sorted([*GROUP_EDITS, *VERSION_EDIT])
    told = [line for line in grouped.diff() if line.startswith("packages/side/CHANGELOG.md: +- ")]
    line = "The dependency group `in-house` requires `Maestro.Low>=2.0.0,<3`."
    assert told == [f"packages/side/CHANGELOG.md: +- {line}"]
    workspace = find_workspace(grouped.root)
    assert rules.check(workspace, list(workspace.packages.values())).findings == ()
    assert not (grouped.root / ".maestro/edit.json").exists()
    commit_all(grouped.root, "bump")
    subprocess.run(["git", *IDENTITY, "revert", "--no-edit", "HEAD"], cwd=grouped.root, check=True, capture_output=True)
    assert grouped.files() == before


def test_a_package_that_moves_and_whose_groups_follow_is_edited_once(grouped: Clone) -> None:
    grouped.tell("side")
    report = grouped.bump("low", "side", part="major")
    assert [edit.path for edit in report.edits].count("packages/side/pyproject.toml") == 1
    lines = [line for line in grouped.diff() if line.startswith(("packages/side/pyproject", "pyproject"))]
    assert set(lines) == {
        *GROUP_EDITS,
        'packages/side/pyproject.toml: -version = "1.0.0"',
        'packages/side/pyproject.toml: +version = "2.0.0"',
    }


@pytest.mark.parametrize("file", ["packages/side/pyproject.toml", "pyproject.toml"])
def test_edits_of_others_where_a_group_follows_are_never_mixed_with_ours(grouped: Clone, file: str) -> None:
    path = grouped.root / file
    path.write_text(path.read_text() + "\n# mine\n")
    report = grouped.bump("low", part="major")
    assert [(each.code, each.message.partition(" ")[0]) for each in report.plan.refusals] == [("VS02", file)]
    assert report.changed == ()
    assert codes(grouped.bump("low", part="minor")) == []


def test_auto_leaves_a_package_of_which_only_dependency_groups_changed(grouped: Clone) -> None:
    """They are in its sdist, and in nothing that is installed."""
    grouped.write("packages/side/pyproject.toml", "'pytest>=9'", "'pytest>=9.0'")
    commit_all(grouped.root)
    report = grouped.bump("side", auto=True)
    assert (report.exit_code, report.plan.bumps) == (0, ())
    assert "side stays at 1.0.0: nothing that is installed changed since it was published." in report.plan.notes


def test_after_a_bump_every_rule_of_the_house_passes_and_the_edit_is_whole(clone: Clone) -> None:
    clone.tell("low", "### Removed\n\n- Old things.")
    report = clone.bump("low", auto=True)
    workspace = find_workspace(clone.root)
    checked = rules.check(workspace, list(workspace.packages.values()))
    assert checked.findings == ()
    assert set(report.changed) == {edit.path for edit in report.edits}
    assert not (clone.root / ".maestro/edit.json").exists()


def test_a_bump_taken_back_leaves_the_same_bytes(clone: Clone) -> None:
    changelog = clone.root / "packages/mid/CHANGELOG.md"
    changelog.write_bytes(changelog.read_bytes().replace(b"\n", b"\r\n").rstrip())
    clone.tell("low")
    before = clone.files()
    clone.bump("low", part="major")
    assert clone.files() != before
    commit_all(clone.root, "bump")
    subprocess.run(["git", *IDENTITY, "revert", "--no-edit", "HEAD"], cwd=clone.root, check=True, capture_output=True)
    assert clone.files() == before


def test_a_rehearsal_shows_the_bytes_and_writes_nothing(clone: Clone) -> None:
    clone.tell("low")
    rehearsed = clone.bump("low", part="minor", dry_run=True)
    assert clone.diff() == []
    assert rehearsed.changed == ()
    done = clone.bump("low", part="minor")
    assert rehearsed.edits == done.edits
    assert all((clone.root / edit.path).read_bytes().decode() == edit.after for edit in done.edits)


def test_a_broken_api_is_refused_by_name_sized_by_auto_and_overridden_with_a_reason(clone: Clone) -> None:
    breaks(clone)
    refused = clone.bump("low", part="minor")
    assert (refused.exit_code, codes(refused)) == (3, ["VS06"])
    assert "maestro_low.greet(whom): parameter was removed" in refused.plan.refusals[0].message
    assert clone.diff() == []
    assert versions(clone.bump("low", auto=True, dry_run=True)) == {"low": "2.0.0", "mid": "1.0.1"}
    report = clone.bump("low", part="minor", override="Nobody called it by name.")
    assert versions(report) == {"low": "1.1.0"}
    changelog = (clone.root / "packages/low/CHANGELOG.md").read_text()
    assert "- Override of the API check: Nobody called it by name. Breaks `maestro_low.greet(whom)`" in changelog


def test_a_broken_api_is_said_on_a_change_request_until_the_version_tells_it(clone: Clone) -> None:
    packages = list(find_workspace(clone.root).packages.values())
    assert broken_apis(clone.bumping(), packages) == {}
    breaks(clone)
    broken = broken_apis(clone.bumping(), packages)["low"]
    assert (str(broken.since), str(broken.least)) == ("1.0.0", "2.0.0")
    workspace = find_workspace(clone.root)
    found = rules.check(workspace, packages, broken={"low": broken}).findings
    assert {(each.code, each.package) for each in found} == {("PK22", "low")}
    assert "maestro_low.greet(whom): parameter was removed" in found[0].message
    assert rules.check(workspace, packages).ok
    clone.bump("low", auto=True)
    workspace = find_workspace(clone.root)
    assert broken_apis(clone.bumping(), list(workspace.packages.values())) == {}


def test_an_override_that_is_recorded_counts_on_a_change_request(clone: Clone) -> None:
    breaks(clone)
    clone.bump("low", part="minor", override="Nobody called it by name.")
    workspace = find_workspace(clone.root)
    packages = list(workspace.packages.values())
    broken = broken_apis(clone.bumping(), packages)
    assert set(broken) == {"low"}
    assert rules.check(workspace, packages, broken=broken).ok


def test_all_by_auto_moves_what_changed_and_leaves_the_rest(clone: Clone) -> None:
    clone.write(LOW, "def greet", 'def wave() -> str:\n    """Wave."""\n    return ""\n\n\ndef greet')
    clone.write(LOW, '["greet"]', '["greet", "wave"]')
    clone.tell("low")
    clone.write("packages/high/pyproject.toml", "log = [", 'more = ["maestro-low>=1.0.0"]\nlog = [')
    clone.tell("high")
    report = clone.bump("low", "mid", "high", auto=True)
    assert versions(report) == {"low": "1.1.0", "high": "1.1.0"}
    assert [bump.reasons[0].text for bump in report.plan.bumps] == ["maestro_low.wave is new", "the extra more is new"]
    assert report.plan.notes == ("mid stays at 1.0.0: nothing changed since it was published.",)


def test_auto_a_second_time_changes_nothing(clone: Clone) -> None:
    breaks(clone)
    clone.bump("low", auto=True)
    commit_all(clone.root)
    again = clone.bump("low", "mid", "high", auto=True)
    assert (again.plan.bumps, again.edits) == ((), ())
    assert "low stays at 2.0.0: it is not published yet, and far enough from 1.0.0." in again.plan.notes


def test_source_that_changed_with_nothing_to_say_about_it_is_refused(clone: Clone) -> None:
    clone.write("packages/low/README.md", "Greets", "Always greets")
    assert codes(clone.bump("low", "mid", "high", auto=True)) == ["VS01"]


def test_changed_takes_what_is_published_with_other_bytes(clone: Clone) -> None:
    breaks(clone)
    assert versions(clone.bump("low", "mid", "high", part="major", changed=True)) == {"low": "2.0.0", "mid": "1.0.1"}
    commit_all(clone.root)
    assert clone.bump("low", "mid", "high", part="major", changed=True).plan.bumps == ()


def test_a_first_version_stands(tmp_path: Path) -> None:
    clone = Clone.of(tmp_path / "clone", PACKAGES)
    clone.index = None
    clone.tell("low")
    report = clone.bump("low", "mid", "high", auto=True)
    assert report.plan.bumps == ()
    assert "low stays at 1.0.0: the first version stands." in report.plan.notes
    assert versions(clone.bump("low", to="1.1.0")) == {"low": "1.1.0"}


def test_the_last_release_not_above_the_tree_is_what_is_compared_with(clone: Clone) -> None:
    """A branch for maintenance compares with its own line, not with the newest there is."""
    breaks(clone)
    clone.bump("low", auto=True)
    commit_all(clone.root)
    clone.publish()
    subprocess.run(["git", "checkout", "--quiet", "HEAD~3"], cwd=clone.root, check=True)
    clone.tell("low")
    assert versions(clone.bump("low", auto=True)) == {"low": "1.0.1"}


def test_versions_that_the_index_or_a_tag_has_are_refused(clone: Clone) -> None:
    clone.tell("low")
    subprocess.run(["git", "tag", "low-v1.1.0"], cwd=clone.root, check=True)
    subprocess.run(["git", "tag", "somebody-elses-v9"], cwd=clone.root, check=True)
    assert codes(clone.bump("low", part="minor")) == ["VS04"]
    clone.bump("low", to="1.2.0")
    commit_all(clone.root)
    clone.publish("low")
    clone.write("packages/low/pyproject.toml", "1.2.0", "1.1.5")
    clone.tell("low")
    assert codes(clone.bump("low", to="1.2.0")) == ["VS03"]


@pytest.mark.parametrize("file", ["packages/low/pyproject.toml", "packages/low/CHANGELOG.md", "README.md"])
def test_edits_of_others_in_the_same_files_are_never_mixed_with_ours(clone: Clone, file: str) -> None:
    clone.tell("low")
    path = clone.root / file
    path.write_text(path.read_text() + "\n# mine\n")
    report = clone.bump("low", part="minor")
    assert codes(report) == ["VS02"]
    assert file in report.plan.refusals[0].message
    assert "version" not in "".join(clone.diff())


def test_other_uncommitted_files_are_no_reason(clone: Clone) -> None:
    clone.tell("low")
    (clone.root / LOW).write_text((clone.root / LOW).read_text() + "\n# mine\n")
    assert codes(clone.bump("low", part="minor")) == []


def test_an_index_that_does_not_answer_is_not_an_empty_one(clone: Clone) -> None:
    clone.tell("low")
    assert clone.index is not None
    clone.index.reads = dict.fromkeys(range(100), Fault())
    with pytest.raises(MaestroError) as caught:
        clone.bump("low", part="minor")
    assert caught.value.code.startswith("IX")
    assert clone.diff() == []


@pytest.mark.parametrize("read", [1, 2, 3])
def test_a_page_that_does_not_come_is_not_an_empty_one(clone: Clone, read: int) -> None:
    """Low and whoever may follow it are asked about; one answer is missing."""
    clone.tell("low")
    assert clone.index is not None
    before = sum(method == "project" for method, _ in clone.index.calls)
    clone.index.reads = {before + read: Fault()}
    with pytest.raises(FailedError) as caught:
        clone.bump("low", part="minor")
    assert caught.value.code == "VS16"
    assert clone.diff() == []


def test_a_wheel_that_came_damaged_is_not_compared(clone: Clone) -> None:
    breaks(clone)
    assert clone.index is not None
    files = clone.index.store.files["maestro-low"]
    files.update({name: (content[:-9], digests) for name, (content, digests) in files.items()})
    with pytest.raises(FailedError) as caught:
        clone.bump("low", part="minor")
    assert caught.value.code == "VS13"
    assert clone.diff() == []


def test_nothing_is_left_in_dist(tmp_path: Path) -> None:
    clone = Clone.of(tmp_path / "clone", PACKAGES)
    clone.tell("low")
    clone.bump("low", part="minor")
    assert not (clone.root / "dist").exists()


def test_a_policy_that_is_not_understood_is_said_before_anything_is_asked(clone: Clone) -> None:
    clone.write("pyproject.toml", "[project]", '[tool.maestro.versions]\nflor = "latest"\n\n[project]')
    with pytest.raises(UsageError) as caught:
        clone.bump("low", part="minor")
    assert caught.value.code == "VS09"
    assert caught.value.hint == "Did you mean 'floor'?"
