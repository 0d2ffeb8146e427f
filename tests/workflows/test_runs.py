"""Every step of the workflows is run, in order, in fresh clones, with the embedded index: for a change, and for tags.

The clones are of this repository, with its tests thinned out to one for each session, and with three small packages in
place of its own: it is the steps that are proven here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from forges import github
from observed_index import observed_index
from publishers import ROOT, run, user_environment
from workflow_runner import Run, Runner

from tooling.effects.interpreters import find_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observed_index import ObservedIndex

LOWEST, HIGHEST = "3.11", "3.13"
PYTHONS = tuple(each for each in (LOWEST, HIGHEST) if find_interpreter(each, os.environ))
SESSIONS = (
    "tooling",
    "rules",
    "faces",
    "localnexus",
    "service_plugin",
    "contract",
    "workflows",
    "examples",
    "end_to_end",
)
ONCE = '"""Runs."""\n\nimport pytest\n\n\n@pytest.mark.slow\ndef test_once() -> None:\n    assert pytest.__version__\n'
WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "init.defaultBranch=main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A repository that others clone, and a clone of it to work in."""

    remote: Path
    root: Path
    home: Path

    def git(self, *words: str) -> None:
        """Tell git something in the clone."""
        subprocess.run(["git", *WHO, *words], cwd=self.root, env=user_environment(self.home), check=True)

    def invoke(self, *words: str, **variables: str) -> None:
        """Run a command of the clone's own tooling."""
        environment = user_environment(self.home, PYTHONPATH=str(self.root), **variables)
        done = run(self.root, *words, environment=environment)
        assert done.code == 0, done.said

    def commit(self, message: str) -> None:
        """Commit everything, and push the branch."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "HEAD")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Team:
    folder = tmp_path_factory.mktemp("team")
    team = Team(remote=folder / "remote.git", root=folder / "clone", home=folder / "home")
    environment = user_environment(team.home)
    for words in (
        ["clone", "--quiet", "--no-hardlinks", str(ROOT), str(team.root)],
        ["init", "--quiet", "--bare", str(team.remote)],
    ):
        subprocess.run(["git", *WHO, *words], env=environment, check=True)
    team.git("remote", "set-url", "origin", str(team.remote))
    team.git("checkout", "--quiet", "-B", "main")
    team.git("tag", "--list")
    thin_out(team.root)
    team.invoke("new", "ground")
    team.invoke("new", "roof", "--needs", "ground")
    team.invoke("new", "shed")
    team.commit("Three small packages")
    return team


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def thin_out(root: Path) -> None:
    """Leave of the repository what its steps need: no package, one test for each session, two Pythons at most."""
    for package in (root / "packages").iterdir():
        (root / f"benchmarks/{package.name.replace('-', '_')}.py").unlink(missing_ok=True)
    for folder in ("packages", "examples", *(f"tests/{each.name}" for each in (root / "tests").iterdir())):
        if folder != "tests/services":  # every package's tests may ask for these fixtures
            remove(root / folder)
    (root / "packages").mkdir()
    (root / "examples").mkdir()
    (root / "examples" / "once.py").write_text('"""An example."""\n', encoding="utf-8")
    for session in SESSIONS:
        (root / "tests" / session).mkdir(parents=True)
        (root / "tests" / session / f"test_{session}_once.py").write_text(ONCE, encoding="utf-8")
    manifest = (root / "pyproject.toml").read_text(encoding="utf-8")
    others = "|".join(map(re.escape, PYTHONS))
    fewer = re.sub(rf'(?m)^    "Programming Language :: Python :: (?!{others})3\.\d+",\n', "", manifest)
    assert fewer != manifest
    (root / "pyproject.toml").write_text(fewer, encoding="utf-8")
    readme = (root / "README.md").read_text(encoding="utf-8")
    (root / "README.md").write_text(re.sub(r"(?m)^\| \[maestro-.*\n", "", readme), encoding="utf-8")


@pytest.fixture
def team(original: Team, tmp_path: Path) -> Team:
    """A team of one's own."""
    remote, root = tmp_path / "remote.git", tmp_path / "clone"
    shutil.copytree(original.remote, remote)
    shutil.copytree(original.root, root, symlinks=True)
    own = Team(remote=remote, root=root, home=original.home)
    own.git("remote", "set-url", "origin", str(remote))
    return own


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ObservedIndex]:
    with observed_index(tmp_path / "index") as started:
        yield started


Machines = Callable[..., Runner]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Where two machines keep what they download."""
    return [tmp_path_factory.mktemp("home") for _ in range(2)]


@pytest.fixture
def machine(team: Team, index: ObservedIndex, homes: list[Path], tmp_path: Path) -> Machines:
    """Make a machine of a forge that knows the index: the first or the second, which work at once."""

    def made(name: str, number: int = 0, **more: Any) -> Runner:
        variables = index.variables
        return Runner(
            remote=team.remote,
            folder=tmp_path / name,
            home=homes[number],
            settings={"NEXUS_URL": variables.pop("NEXUS_URL")},
            secrets=variables,
            **more,
        )

    return made


def all_succeeded(done: Run, *, skipped: tuple[str, ...] = ()) -> None:
    wanted = {name: "skipped" if name in skipped else "success" for name in done.results}
    assert done.results == wanted, done.said


def change(team: Team, path: str, old: str, new: str) -> None:
    """Push a branch on which a file is changed."""
    team.git("checkout", "--quiet", "-b", "better")
    file = team.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    team.commit("Better")


def sessions(done: Run, job: str) -> Counter[str]:
    """How often each of Nox's sessions was run in a job, as Nox says."""
    said = "".join(each.done.err for each in done.steps if each.job == job)
    return Counter(re.findall(r"Running session (\S+)", said))


def test_a_change_is_tested_with_what_needs_it_and_nothing_else(
    team: Team, index: ObservedIndex, machine: Machines
) -> None:
    """Every job of the workflow runs; then GitLab selects the same."""
    team.invoke("publish", "--all", **index.variables)
    change(team, "packages/ground/README.md", "```python", "It is better now.\n\n```python")
    done = machine("github").github("change", "better")
    all_succeeded(done)
    jobs = github("change")["jobs"]
    assert list(done.results) == list(jobs)
    assert {each.title for each in done.steps} == {
        step["name"] for job in jobs.values() for step in job["steps"] if "run" in step
    }
    wanted = (f"{kind}({name})" for kind in ("test", "dist") for name in ("ground", "roof"))
    assert sessions(done, "test") == dict.fromkeys(wanted, len(PYTHONS))
    assert set(sessions(done, "checks")) == {"lint", "types", "rules"}
    assert set(sessions(done, "proofs")) == {"contract", "workflows", "examples", "end_to_end"}
    done = machine("gitlab", takes=lambda entry: entry.get("PYTHON") == PYTHONS[0]).gitlab(
        "better", only=("select", "test")
    )
    all_succeeded(done)
    assert set(done.results) == {"select", *(f"test {PYTHONS[0]} {name}" for name in ("ground", "roof"))}


def test_a_change_that_breaks_a_test_fails_what_is_required(
    team: Team, index: ObservedIndex, machine: Machines
) -> None:
    team.invoke("publish", "--all", **index.variables)
    change(team, "packages/ground/tests/test_versions.py", "== package", "!= package")
    forge = machine("github", takes=lambda entry: entry["python"] == PYTHONS[0])
    done = forge.github("change", "better", only=("select", "test", "required"))
    assert done.results == {"select": "success", "test": "failure", "required": "failure"}, done.said
    assert "test_the_version_is_that_of_the_installed_distribution" in done.said


def test_a_change_of_nothing_that_is_published_tests_no_package(
    team: Team, index: ObservedIndex, machine: Machines
) -> None:
    team.invoke("publish", "--all", **index.variables)
    change(team, "CHANGELOG.md", "# Changelog", "# What changed")
    done = machine("github").github("change", "better", only=("select", "test", "required"))
    all_succeeded(done, skipped=("test",))


def test_two_tags_of_one_commit_each_start_a_run_and_both_end_well(
    team: Team, index: ObservedIndex, machine: Machines
) -> None:
    """At once; then the run that the pushed branch starts, and GitLab's. Nothing is sent twice, no secret is told."""
    names = ("ground", "roof")
    tags = [f"{name}-v1.0.0" for name in names]
    for tag in tags:
        team.git("tag", "--annotate", "--message", tag, tag)
    team.git("push", "--quiet", "--atomic", "origin", "main", *tags)
    runners = [machine(f"github-{tag}", number) for number, tag in enumerate(tags)]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda pair: pair[0].github("release", pair[1]), zip(runners, tags, strict=True)))
    for done in runs:
        all_succeeded(done)
    wanted = {f"maestro-{name}": 2 for name in names}
    assert {name: len(files) for name, files in index.pages().items()} == wanted
    assert index.traffic.accepted == sum(wanted.values())
    runs += [machine("github").github("release", "main"), machine("gitlab", 1).gitlab(tags[1], tag=True)]
    for done in runs[2:]:
        all_succeeded(done)
    assert index.traffic.accepted == sum(wanted.values())
    assert list(runs[3].results) == ["release"]
    for place in runners:
        summary = next(place.folder.glob("release-*/summary")).read_text(encoding="utf-8")
        assert all(f"maestro-{name} 1.0.0" in summary for name in names)
    secret = index.variables["NEXUS_PASSWORD"]
    assert not [each.command for done in runs for each in done.steps if secret in each.done.out + each.done.err]


def test_a_branch_without_tags_releases_nothing(team: Team, index: ObservedIndex, machine: Machines) -> None:
    team.git("push", "--quiet", "origin", "main")
    done = machine("github").github("release", "main")
    all_succeeded(done, skipped=("release",))
    assert index.pages() == {}


def test_a_release_to_nowhere_fails_before_anything_is_built(
    team: Team, index: ObservedIndex, machine: Machines
) -> None:
    team.git("tag", "--annotate", "--message", "shed", "shed-v1.0.0")
    team.git("push", "--quiet", "origin", "shed-v1.0.0")
    done = replace(machine("github"), settings={}).github("release", "shed-v1.0.0")
    assert done.results == {"tags": "success", "release": "failure"}
    assert "Set the variable NEXUS_URL" in done.said
    assert "invoke release" not in " ".join(done.commands("release"))
    assert index.pages() == {}
