"""`invoke ci.*`: files that are generated, drift that is found, and the matrix of what to test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index
from originals import THREE, runnable_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from desks import Desk
    from publishers import Finished

FILES = [".github/workflows/change.yml", ".github/workflows/release.yml", ".gitlab-ci.yml"]
DEAD = {"NEXUS_URL": "http://127.0.0.1:9"}


def pythons_of(done: Finished) -> dict[str, set[str]]:
    """The Pythons by package."""
    assert done.code == 0, done.said
    found: dict[str, set[str]] = {}
    for entry in done.report["include"]:
        for name in entry["packages"]:
            found.setdefault(name, set()).add(entry["python"])
    return found


def test_generated_files_are_what_check_and_the_rule_want(desk: Desk) -> None:
    missing = desk.types("ci.check")
    assert (missing.code, missing.said.count("CI01")) == (1, 1 + len(FILES))
    assert desk.types("ci.generate").code == 0
    assert desk.types("ci.check", "--json").report["files"] == FILES
    assert desk.types("check", "--all").code == 0
    again = desk.types("ci.generate", "--json").report
    assert (again["files"], again["changed"]) == (FILES, [])


@pytest.mark.parametrize("file", FILES)
def test_a_line_that_drifts_is_shown_and_generating_mends_it(desk: Desk, file: str) -> None:
    desk.types("ci.generate")
    path = desk.root / file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("pip install --quiet", "pip install --pre") + "\n", encoding="utf-8")
    drifted = desk.types("ci.check", "--json")
    line = 1 + next((n for n, each in enumerate(text.splitlines()) if "pip install --quiet" in each))
    assert (drifted.code, drifted.report["command"]) == (1, "ci.check")
    assert [(each["file"].endswith(file), each["line"]) for each in drifted.report["problems"]] == [(True, line)]
    assert "pip install --pre -e ." in drifted.err
    assert "PK43" in desk.types("check", "--all").out
    rehearsed = desk.types("ci.generate", "--dry-run", "--json").report
    assert (rehearsed["changed"], path.read_text(encoding="utf-8") == text) == ([file], False)
    assert f"written: {file}" in desk.types("ci.generate").out
    assert path.read_text(encoding="utf-8") == text


def test_line_ends_of_windows_are_no_drift(desk: Desk) -> None:
    desk.types("ci.generate")
    path = desk.root / FILES[0]
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert desk.types("ci.check").code == 0


def test_a_new_package_changes_no_workflow(desk: Desk) -> None:
    desk.types("ci.generate")
    runnable_workspace(desk.root, {**THREE, "zebra": {}})
    assert desk.types("ci.check").code == 0
    assert "zebra" in pythons_of(desk.types("ci.matrix", "--all", "--json"))


def test_a_file_that_cannot_be_written_is_said(desk: Desk) -> None:
    (desk.root / ".github").write_text("", encoding="utf-8")
    done = desk.types("ci.generate")
    assert (done.code, "CI04" in done.err) == (1, True)


def test_without_an_index_everything_is_changed_and_nothing_is_begun(desk: Desk) -> None:
    found = pythons_of(desk.types("ci.matrix", "--changed", "--json"))
    assert found == {name: {"3.11", "3.12", "3.13"} for name in THREE}
    assert not (desk.root / ".nexus").exists()


def test_an_index_that_does_not_answer_makes_everything_changed(desk: Desk) -> None:
    done = desk.types("ci.matrix", "--changed", "--json", **DEAD, NEXUS_USERNAME="admin", NEXUS_PASSWORD="x")
    assert set(pythons_of(done)) == set(THREE)
    assert "IX02" in done.err


def test_what_differs_from_the_index_is_tested_with_its_dependents_by_anybody(desk: Desk, tmp_path: Path) -> None:
    """Who only reads needs no credentials."""
    with observed_index(tmp_path / "index") as index:
        assert desk.types("publish", "--all", **index.variables).code == 0
        anybody = {"NEXUS_URL": index.variables["NEXUS_URL"]}
        words = ("ci.matrix", "--changed", "--json")
        assert pythons_of(desk.types(*words, "--dependents", **anybody)) == {}
        readme = desk.root / "packages/core-config/README.md"
        readme.write_text(readme.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
        assert set(pythons_of(desk.types(*words, **anybody))) == {"core-config"}
        assert set(pythons_of(desk.types(*words, "--dependents", **anybody))) == {"core-config", "core-api"}
        assert set(pythons_of(desk.types(*words, "--package", "core-api", **anybody))) == set()


def test_the_output_of_a_github_step_is_one_line_with_what_a_matrix_takes(desk: Desk) -> None:
    line = desk.types("ci.matrix", "--package", "core-api", "--format", "github").out
    name, _, value = line.removesuffix("\n").partition("=")
    assert (name, "\n" in value) == ("matrix", False)
    assert json.loads(value)["include"][0] == {
        "name": "3.11 core-api",
        "python": "3.11",
        "packages": "--package core-api",
    }


def test_the_table_names_each_job_and_its_packages(desk: Desk) -> None:
    lines = desk.types("ci.matrix", "--all", "--shards", "3").out.splitlines()
    assert lines[1].split("  ") == ["3.11 1 of 1", "core-api, core-config, core-logging"]
    assert len(lines) == 1 + 3


def test_wrong_words_are_all_refused_together(desk: Desk) -> None:
    refused = desk.types("ci.matrix", "--all", "--shards", "0", "--format", "png")
    assert refused.code == 2
    assert "CI02" in refused.err
    assert "CI03" in refused.err
    assert desk.types("ci.matrix").code == 2
