"""The workflow files are what the forges accept, and what an auditor wants of them."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from forges import GITHUB, GITLAB, github, github_jobs, github_steps, gitlab, gitlab_jobs, read_yaml
from hypothesis import given
from hypothesis import strategies as st

from tooling.model.document import read_document
from tooling.model.workspace import find_workspace
from tooling.plan.shards import deal
from tooling.workflows.block_yaml import to_yaml
from tooling.workflows.files import drifts
from tooling.workflows.gitlab import child_pipeline
from tooling.workflows.pipelines import pipelines_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = GITLAB.parent
TOOLS = Path(sys.executable).parent
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")
SHARDS = deal({f"core-{number:03}": ["3.11", "3.12", "3.13"] for number in range(500)})


def audit(*words: str) -> subprocess.CompletedProcess[str]:
    """What zizmor finds without asking anybody, at its strictest, without mercy for comments that excuse something."""
    strictest = ("--offline", "--no-config", "--no-ignores", "--strict-collection", "--persona", "auditor")
    command = [str(TOOLS / "zizmor"), *strictest, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def validate(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [str(TOOLS / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_files_are_those_that_are_generated() -> None:
    assert drifts(ROOT) == ()


@pytest.mark.parametrize("path", GITHUB.values(), ids=list(GITHUB))
def test_github_accepts_them(path: Path) -> None:
    done = validate("github-workflows", path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shards", [SHARDS, SHARDS[:1], ()], ids=["many", "one", "none"])
def test_gitlab_accepts_its_pipeline_and_the_children_of_it(shards: tuple[object, ...], tmp_path: Path) -> None:
    child = tmp_path / "matrix.yml"
    pipelines = pipelines_of(read_document(ROOT / "pyproject.toml"))
    child.write_text(child_pipeline(pipelines, SHARDS[: len(shards)]), encoding="utf-8")
    for path in (GITLAB, child):
        done = validate("gitlab-ci", path)
        assert done.returncode == 0, done.stdout
    assert len(gitlab_jobs(read_yaml(child.read_text(encoding="utf-8")))) == 1


def test_the_schemas_can_object(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("on: push\njobs: {test: {steps: []}}\n", encoding="utf-8")
    assert validate("github-workflows", wrong).returncode != 0
    wrong.write_text("test: {script: [], needs: 3}\n", encoding="utf-8")
    assert validate("gitlab-ci", wrong).returncode != 0


def test_an_auditor_finds_nothing() -> None:
    done = audit(str(ROOT / ".github"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("change", "persist-credentials: false", "persist-credentials: true"),
        ("change", re.search(r"@[0-9a-f]{40}", GITHUB["change"].read_text(encoding="utf-8"))[0], "@v7"),  # type: ignore[index]
        ("change", "permissions: {}", "permissions: write-all"),
        ("change", '"$PYTHON"', '"${{ github.head_ref }}"'),
        ("release", "    environment: nexus\n", ""),
    ],
)
def test_the_auditor_can_object(name: str, old: str, new: str, tmp_path: Path) -> None:
    text = GITHUB[name].read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / ".github/workflows/wrong.yml"
    wrong.parent.mkdir(parents=True)
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    assert audit(str(wrong)).returncode != 0


def test_actions_are_pinned_by_commit_and_say_their_version() -> None:
    for path in GITHUB.values():
        used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
        assert used
        for each in used:
            action, _, note = each.partition(" # ")
            assert PINNED.fullmatch(action), each
            assert re.fullmatch(r"v\d+\.\d+\.\d+", note), each


def test_no_checkout_leaves_credentials_behind_and_nothing_is_cached() -> None:
    for step in github_steps():
        words = step.get("with", {})
        if "checkout" in step.get("uses", ""):
            assert words["persist-credentials"] is False
        assert not any("cache" in word for word in words)
        assert "cache" not in step.get("uses", "")
    assert not any("cache" in job for job in gitlab_jobs(gitlab()).values())


def test_only_the_publishing_job_sees_secrets_and_only_in_one_step() -> None:
    seen = []
    for name, job in github_jobs():
        for step in job["steps"]:
            found = [value for value in step.get("env", {}).values() if "secrets." in value]
            seen += [(name, job.get("environment"), sorted(step["env"]), len(found))] if found else []
        outside = {key: value for key, value in job.items() if key != "steps"}
        assert "secrets." not in str(outside)
    names = ["NEXUS_PASSWORD", "NEXUS_URL", "NEXUS_USERNAME", "TAGS"]
    assert seen == [("release", "nexus", names, 2)]
    assert not any("secrets" in str(github(name).get("env", {})) for name in GITHUB)


def test_no_job_may_do_more_than_read_the_source() -> None:
    for name in GITHUB:
        assert github(name)["permissions"] == {}
    for name, job in github_jobs():
        assert job["permissions"] == ({} if name == "required" else {"contents": "read"})


def test_no_publication_is_cancelled() -> None:
    release = github("release")
    assert release["concurrency"]["cancel-in-progress"] is False
    assert {"github.ref", "github.sha"} <= set(re.findall(r"github\.\w+", release["concurrency"]["group"]))
    job = gitlab()["release"]
    assert (job["interruptible"], job["resource_group"]) == (False, "nexus")


def test_the_required_job_waits_for_every_other_and_always_runs() -> None:
    jobs = github("change")["jobs"]
    assert set(jobs["required"]["needs"]) == set(jobs) - {"required"}
    assert jobs["required"]["if"] == "always()"


@pytest.mark.parametrize(
    "results", list(itertools.combinations_with_replacement(["success", "skipped", "failure", "cancelled"], 3))
)
def test_the_required_job_fails_if_any_failed_or_was_cancelled(results: tuple[str, ...]) -> None:
    (step,) = github("change")["jobs"]["required"]["steps"]
    command = ["bash", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, env={"RESULTS": " ".join(results), "PATH": "/usr/bin:/bin"}, check=False)
    assert (done.returncode == 0) == (not {"failure", "cancelled"} & set(results))


def test_no_value_of_a_forge_is_written_into_a_command() -> None:
    for step in github_steps():
        assert "${{" not in step.get("run", "")


def test_every_variable_a_command_uses_is_given_to_it() -> None:
    always = {"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", *github("change")["env"]}
    for step in github_steps():
        used = set(re.findall(r"\$\{?([A-Z_]+)", step.get("run", "")))
        assert used - always <= set(step.get("env", {})), step["name"]


def test_both_forges_run_the_same_commands() -> None:
    """But for how a forge is told the matrix, and for what only one of them has."""

    def commands(script: list[str]) -> list[str]:
        return [re.sub(r" --format .*", "", line) for line in script if not line.startswith(("TAGS=", "cat "))]

    for name, job in gitlab_jobs(gitlab()).items():
        (theirs,) = (found for other, found in github_jobs() if other == name)
        assert commands(job["script"]) == commands([step["run"] for step in theirs["steps"] if "run" in step])
    assert set(gitlab()) & set(github("change")["jobs"]) == set(github("change")["jobs"]) - {"required"}


def test_the_files_name_no_package_and_no_address() -> None:
    for path in (*GITHUB.values(), GITLAB):
        text = path.read_text(encoding="utf-8")
        assert not [name for name in find_workspace(ROOT).packages if re.search(rf"\b{name}\b", text)]
        assert "://" not in text


def test_services_are_required_wherever_tests_run() -> None:
    pipelines = pipelines_of(read_document(ROOT / "pyproject.toml"))
    child = read_yaml(child_pipeline(pipelines, SHARDS[:1]))
    told: list[Mapping[str, str]] = [github("change")["env"], gitlab()["variables"], child["variables"]]
    assert all(each["MAESTRO_REQUIRE_SERVICES"] == "1" for each in told)


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=30)
LINES = st.lists(TEXTS, min_size=1, max_size=4).map("\n".join)
VALUES = st.recursive(
    st.one_of(TEXTS, LINES, LINES.map("{}\n".format), st.integers(), st.booleans(), st.sampled_from(["on", "1", "~"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_as_yaml_is_read_back(value: dict[str, object]) -> None:
    assert read_yaml(to_yaml(value, ["Words."])) == (value or None)  # type: ignore[arg-type]
