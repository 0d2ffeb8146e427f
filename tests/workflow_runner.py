"""Runs the workflow files as their forges would: as much of a runner as these files ask for, and nothing they do not.

Every job gets a clone of its own; runners of one home share what has been downloaded there, and a virtual environment
for each Python. What an expression or a rule of the files may be is listed here: any other is an error.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forges import github, gitlab, gitlab_jobs, read_yaml
from publishers import Finished, index_access

from tooling.effects.interpreters import find_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PATIENCE = 1800.0  # seconds after which a step hangs, on a machine with much else to do
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_CONDITION = re.compile(r"(needs\.\w+\.outputs\.\w+) != '(.*)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A step that was run: in which job, under which title, and how it ended."""

    job: str
    title: str
    command: str
    done: Finished


@dataclass(slots=True)
class Run:
    """What came of a workflow: the result of each job, its outputs, and all steps in order."""

    results: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    steps: list[Ran] = field(default_factory=list)

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return "\n".join(f"[{each.job}] {each.command}\n{each.done.out}{each.done.err}" for each in self.steps)

    def commands(self, job: str) -> list[str]:
        """The commands that were run in a job."""
        return [each.command for each in self.steps if each.job == job]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A machine of a forge: clones `remote` below `folder`; knows the project's `settings` and, apart, its `secrets`.

    `home` is where its user lives.

    `takes` says which entries of the matrix are run.
    """

    remote: Path
    folder: Path
    home: Path
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    takes: Callable[[Mapping[str, str]], bool] = lambda _: True

    def github(self, name: str, ref: str, *, only: Sequence[str] = ()) -> Run:
        """Run a workflow of GitHub's, or `only` some of its jobs, for a branch or a tag."""
        workflow, run = github(name), Run()
        assert workflow["defaults"] == {"run": {"shell": "bash"}}
        for key, job in workflow["jobs"].items():
            if only and key not in only:
                continue
            assert set(job.get("needs", ())) <= {*run.results, *(set(workflow["jobs"]) - set(only or workflow["jobs"]))}
            run.results[key] = self._github_job(key, job, ref, workflow["env"], run)
        return run

    def _github_job(self, key: str, job: Mapping[str, Any], ref: str, env: Mapping[str, str], run: Run) -> str:
        context: dict[str, Any] = {"run": run, "vars": self.settings, "needs": job.get("needs", ())}
        context["secrets"] = self.secrets if job.get("environment") == "nexus" else {}
        if not _wanted(job, context):
            return "skipped"
        entries: list[dict[str, str]] = [{}]
        if "strategy" in job:
            entries = [each for each in _value(job["strategy"]["matrix"], context)["include"] if self.takes(each)]
        ended = [self._github_machine(key, job, ref, env, {**context, "matrix": entry}) for entry in entries]
        return "success" if all(ended) else "failure"

    def _github_machine(
        self, key: str, job: Mapping[str, Any], ref: str, env: Mapping[str, str], context: dict[str, Any]
    ) -> bool:
        run: Run = context["run"]
        machine = Machine(runner=self, name=f"{key}-{len(run.steps)}", variables=dict(env))
        machine.root.mkdir(parents=True)
        context["steps"] = outputs = {}
        for step in job["steps"]:
            if "uses" in step:
                self._prepare(machine, step, ref, context)
                continue
            written = machine.root / "output"
            files = {"GITHUB_OUTPUT": str(written), "GITHUB_STEP_SUMMARY": str(machine.root / "summary")}
            given = {name: str(_value(value, context)) for name, value in step.get("env", {}).items()}
            if not machine.run(run, key, step["name"], step["run"], files | given):
                return False
            lines = written.read_text(encoding="utf-8").splitlines() if written.exists() else []
            outputs[step.get("id")] = dict(line.split("=", 1) for line in lines)
        run.outputs[key] = {name: str(_value(value, context)) for name, value in job.get("outputs", {}).items()}
        return True

    def _prepare(self, machine: Machine, step: Mapping[str, Any], ref: str, context: Mapping[str, Any]) -> None:
        action, words = step["uses"].partition("@")[0], step["with"]
        if action == "actions/checkout":
            assert words["persist-credentials"] is False
            machine.check_out(ref, whole=words.get("fetch-depth") == 0)
        else:
            assert (action, list(words)) == ("actions/setup-python", ["python-version"])
            machine.use_python(_value(words["python-version"], context))

    def gitlab(self, ref: str, *, tag: bool = False, only: Sequence[str] = ()) -> Run:
        """Run GitLab's pipeline, or `only` some of its jobs, for a branch or a tag, and the child pipelines it has."""
        run, pipeline = Run(), gitlab()
        for key, job in pipeline.items():
            if (
                not isinstance(job, dict)
                or "stage" not in job
                or (only and key not in only)
                or not _ruled(job, tag=tag)
            ):
                continue
            if "trigger" in job:
                (included,) = job["trigger"]["include"]
                child = self.folder / f"gitlab-{included['job']}" / "source" / included["artifact"]
                self._gitlab_jobs(read_yaml(child.read_text(encoding="utf-8")), key, ref, run)
            else:
                run.results[key] = self._gitlab_job(key, job, pipeline["variables"], ref, run)
        return run

    def _gitlab_jobs(self, pipeline: dict[str, Any], key: str, ref: str, run: Run) -> None:
        for name, job in pipeline.items():
            if name.startswith(".") or name == "variables" or not self.takes(job.get("variables", {})):
                continue
            whole = {**pipeline.get(job.get("extends"), {}), **job}
            run.results[name] = self._gitlab_job(f"{key}: {name}", whole, pipeline["variables"], ref, run)
        assert gitlab_jobs(pipeline)

    def _gitlab_job(self, key: str, job: Mapping[str, Any], env: Mapping[str, str], ref: str, run: Run) -> str:
        seen = {"nexus": {**self.settings, **self.secrets}, "nexus-read": self.settings}
        scoped = seen[job["environment"]["name"]] if "environment" in job else {}
        variables = {**env, **scoped, **job.get("variables", {})}
        machine = Machine(runner=self, name=f"gitlab-{re.sub('[^a-z0-9.]+', '-', key)}", variables=variables)
        machine.root.mkdir(parents=True)
        machine.check_out(ref, whole=variables.get("GIT_DEPTH") == "0")
        image = re.sub(r"\$(\w+)", lambda name: variables[name[1]], job["image"])
        assert image.startswith("python:")
        machine.use_python(image.removeprefix("python:"))
        ended = machine.run(run, key, key, "\n".join(job["script"]), {})
        assert not ended or all((machine.source / path).is_file() for path in job.get("artifacts", {}).get("paths", ()))
        return "success" if ended else "failure"


@dataclass(slots=True, kw_only=True)
class Machine:
    """What one job runs on."""

    runner: Runner
    name: str
    variables: dict[str, str]
    paths: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """All that is its own."""
        return self.runner.folder / self.name

    @property
    def source(self) -> Path:
        """The clone."""
        return self.root / "source"

    def check_out(self, ref: str, *, whole: bool) -> None:
        """Clone the remote at a branch or a tag: `whole`, or its last commit alone."""
        depth = [] if whole else ["--depth", "1"]
        words = ["git", "clone", "--quiet", *depth, "--branch", ref, f"file://{self.runner.remote}", str(self.source)]
        subprocess.run(words, env=self._environment({}), check=True, capture_output=True)

    def use_python(self, version: str) -> None:
        """Put a virtual environment of that Python in front of the search path."""
        place = self.runner.home / f"python-{version}"
        if not place.exists():
            # Where this machine lacks it, the steps are at least run on the Python that is there.
            interpreter = find_interpreter(version, os.environ) or sys.executable
            subprocess.run([str(interpreter), "-m", "venv", str(place)], env=self._environment({}), check=True)
        self.paths.insert(0, str(place / "bin"))

    def run(self, run: Run, job: str, title: str, command: str, given: Mapping[str, str]) -> bool:
        """Run a step in the clone, by the shell that both forges use."""
        script = self.root / "step.sh"
        script.write_text(command, encoding="utf-8")
        where = self.source if self.source.exists() else self.root
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(
            words,
            cwd=where,
            env=self._environment(given),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        ended = Finished(code=done.returncode, out=done.stdout, err=done.stderr)
        run.steps.append(Ran(job=job, title=title, command=command, done=ended))
        return ended.code == 0

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        home = self.runner.home
        own = Path(sys.executable).parent  # of the environment that these tests run in
        path = [*self.paths, *(each for each in os.environ["PATH"].split(os.pathsep) if Path(each) != own)]
        always = {"CI": "true", "HOME": str(home), "LANG": "C.UTF-8", "PATH": os.pathsep.join(path)}
        return index_access() | always | self.variables | dict(given)


def _wanted(job: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Whether a job runs, by what became of those it needs, and by its condition."""
    run: Run = context["run"]
    if job.get("if") == "always()":
        return True
    if any(run.results.get(name, "success") != "success" for name in job.get("needs", ())):
        return False
    if "if" not in job:
        return True
    condition = _CONDITION.fullmatch(job["if"])
    assert condition, job["if"]
    return str(_named(condition[1], context)) != condition[2]


def _value(text: Any, context: Mapping[str, Any]) -> Any:
    """The value of a text that may be an expression."""
    found = _EXPRESSION.fullmatch(text) if isinstance(text, str) else None
    return _named(found[1], context) if found else text


def _named(expression: str, context: Mapping[str, Any]) -> Any:
    run: Run = context["run"]
    if expression == "join(needs.*.result, ' ')":
        return " ".join(run.results.get(name, "success") for name in context["needs"])
    inner = re.fullmatch(r"fromJSON\((.*)\)", expression)
    if inner:
        return json.loads(_named(inner[1], context))
    match expression.split("."):
        case ["needs", job, "outputs", name]:
            assert job in context["needs"]
            return run.outputs[job][name]
        case ["steps", step, "outputs", name]:
            return context["steps"][step].get(name, "")
        case ["vars" | "secrets" | "matrix" as kind, name]:
            return context[kind].get(name, "")
    raise AssertionError(expression)


def _ruled(job: Mapping[str, Any], *, tag: bool) -> bool:
    """Whether GitLab would run the job; the first rule that holds decides."""
    holds = {"$CI_COMMIT_TAG": tag, "$CI_COMMIT_TAG =~ /-v/": tag, None: True}
    found = next((rule for rule in job["rules"] if holds[rule.get("if")]), {"when": "never"})
    return found.get("when") != "never"
