"""The pipelines as GitHub Actions: one file for a change, one for a tag (docs.github.com, workflow syntax)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tooling.workflows.block_yaml import Node, Noted, to_yaml
from tooling.workflows.jobs import Step
from tooling.workflows.pipelines import ALWAYS, LIST_TAGS, NOTES, PUBLISHING, TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tooling.plan.shards import Shard
    from tooling.workflows.jobs import Job, Pipelines, Value

CHANGE, RELEASE = ".github/workflows/change.yml", ".github/workflows/release.yml"
_CHECKOUT = Noted(value="actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", note="v7.0.1")
_PYTHON = Noted(value="actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97", note="v7.0.0")
_MACHINE = "ubuntu-24.04"
_SHELL: Node = {"run": {"shell": "bash"}}  # named, so that a command before a pipe may fail the step too
_EACH = "${{ fromJSON(needs.select.outputs.matrix) }}"

_FIND_TAGS = f"""\
tags=$({LIST_TAGS} | tr '\\n' ' ')
echo "tags=$tags" >> "$GITHUB_OUTPUT"
"""


def github_files(pipelines: Pipelines, heading: Sequence[str]) -> dict[str, str]:
    """The text of each workflow by its path."""
    return {
        CHANGE: to_yaml(_change(pipelines), heading),
        RELEASE: to_yaml(_release(pipelines), heading),
    }


def matrix_output(shards: Sequence[Shard]) -> str:
    """The shards as the line of an output, `matrix=JSON`, the JSON being what `strategy.matrix` takes."""
    return f"matrix={_matrix(shards)}"


def _matrix(shards: Sequence[Shard]) -> str:
    include = [{"name": each.name, "python": each.python, "packages": each.words} for each in shards]
    return json.dumps({"include": include}, separators=(",", ":"))


def _change(pipelines: Pipelines) -> dict[str, Node]:
    """Later commits of a pull request end the run for earlier ones; each commit of the branch is tested to the end."""
    return {
        "name": "Change",
        "on": {"pull_request": {}, "merge_group": {}, "push": {"branches": [pipelines.branch]}},
        "permissions": {},
        "concurrency": {
            "group": "change-${{ github.event_name == 'pull_request' && github.ref || github.sha }}",
            "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
        },
        "defaults": _SHELL,
        "env": dict(ALWAYS),
        "jobs": {job.name: _job(job, pipelines.python) for job in pipelines.change},
    }


def _release(pipelines: Pipelines) -> dict[str, Node]:
    """A pushed branch is looked at too: for more than three tags that come with it, GitHub starts nothing.

    Nothing is ever cancelled: in a group for all, a third run would end the second, which waits for the first.
    """
    return {
        "name": "Release",
        "on": {"push": {"branches": [pipelines.branch], "tags": [TAGS]}, "workflow_dispatch": {}},
        "permissions": {},
        "concurrency": {"group": "release-${{ github.ref }}-${{ github.sha }}", "cancel-in-progress": False},
        "defaults": _SHELL,
        "env": dict(ALWAYS),
        "jobs": {"tags": _tags(), **{job.name: _if_tagged(job, pipelines.python) for job in pipelines.release}},
    }


def _tags() -> dict[str, Node]:
    """Look first, without any secret, whether there is something to release."""
    return {
        "name": "Tags",
        **_machine(5),
        "outputs": {"tags": "${{ steps.tags.outputs.tags }}"},
        "steps": [*_source(history=True), {"name": "Find the tags of the commit", "id": "tags", "run": _FIND_TAGS}],
    }


def _if_tagged(job: Job, python: str) -> dict[str, Node]:
    waiting = replace(job, needs=("tags", *job.needs))
    told = Step(title="Show the release notes", run=f'cat {NOTES} >> "$GITHUB_STEP_SUMMARY"')
    return _job(replace(waiting, steps=(*job.steps, told)), python, condition="needs.tags.outputs.tags != ''")


def _job(job: Job, python: str, condition: str | None = None) -> dict[str, Node]:
    made: dict[str, Node] = {"name": _title(job)}
    if job.needs:
        made["needs"] = list(job.needs)
    if job.judges:
        condition = "always()"
    if job.fans_out:
        condition = f"needs.select.outputs.matrix != '{_matrix(())}'"  # an empty matrix is an error
        made["strategy"] = {"fail-fast": False, "matrix": _EACH}
    if condition:
        made["if"] = condition
    made |= _machine(job.minutes, reads=job.source)
    if job.environment == PUBLISHING:
        made["environment"] = job.environment
    if job.prints_matrix:
        made["outputs"] = {"matrix": "${{ steps.matrix.outputs.matrix }}"}
    version = "${{ matrix.python }}" if job.fans_out else python
    prepared: list[Node] = [*_source(history=job.history), _python(version)] if job.source else []
    steps = [_step(step, printer=job.prints_matrix and step is job.steps[-1]) for step in job.steps]
    return {**made, "steps": [*prepared, *steps]}


def _title(job: Job) -> str:
    return f"{job.title} ${{{{ matrix.name }}}}" if job.fans_out else job.title


def _machine(minutes: int, *, reads: bool = True) -> dict[str, Node]:
    permissions: Node = {"contents": Noted(value="read", note="to check it out")} if reads else {}
    return {"runs-on": _MACHINE, "timeout-minutes": minutes, "permissions": permissions}


def _source(*, history: bool) -> list[Node]:
    words: dict[str, Node] = {"persist-credentials": False}
    if history:
        words["fetch-depth"] = 0
    return [{"name": "Check out", "uses": _CHECKOUT, "with": words}]


def _python(version: str) -> dict[str, Node]:
    return {"name": "Set up Python", "uses": _PYTHON, "with": {"python-version": version}}


def _step(step: Step, *, printer: bool) -> dict[str, Node]:
    made: dict[str, Node] = {"name": step.title}
    if printer:
        made["id"] = "matrix"
    if step.env:
        made["env"] = _env(step.env)
    return {**made, "run": f'{step.run} --format github >> "$GITHUB_OUTPUT"' if printer else step.run}


def _env(env: Mapping[str, Value]) -> dict[str, Node]:
    return {name: _expression(value) for name, value in env.items()}


def _expression(value: Value) -> str:
    if value.origin == "text":
        return value.text
    named = {
        "matrix": f"matrix.{value.text.lower()}",
        "setting": f"vars.{value.text}",
        "secret": f"secrets.{value.text}",
        "tags": "needs.tags.outputs.tags",
        "results": "join(needs.*.result, ' ')",
    }
    return f"${{{{ {named[value.origin]} }}}}"
