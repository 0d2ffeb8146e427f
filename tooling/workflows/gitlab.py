"""The pipelines as GitLab CI: one file, and the child pipeline that the matrix is (docs.gitlab.com, CI/CD YAML syntax).

There is no job to require: GitLab merges what the whole pipeline allows. Settings and secrets come by themselves, as
variables of the project, each for the environments it is meant for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.workflows.block_yaml import Node, to_yaml
from tooling.workflows.pipelines import ALWAYS, LIST_TAGS, NOTES, PUBLISHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.plan.shards import Shard
    from tooling.workflows.jobs import Job, Pipelines

FILE = ".gitlab-ci.yml"
MATRIX = "matrix.yml"
_IS_TAG = "$CI_COMMIT_TAG =~ /-v/"
_ON_CHANGE: Node = [{"if": "$CI_COMMIT_TAG", "when": "never"}, {"when": "on_success"}]


def gitlab_files(pipelines: Pipelines, heading: Sequence[str]) -> dict[str, str]:
    """The text of the pipeline by its path."""
    whole: dict[str, Node] = {
        "workflow": {
            "auto_cancel": {"on_new_commit": "interruptible"},
            "rules": [
                {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'},
                {"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"},
                {"if": _IS_TAG},
            ],
        },
        "stages": ["change", "release"],
        "variables": dict(ALWAYS),
    }
    whole |= {job.name: _change(job, pipelines.python) for job in pipelines.change if not job.judges}
    whole |= {job.name: _release(job, pipelines.python) for job in pipelines.release}
    return {FILE: to_yaml(whole, heading)}


def child_pipeline(pipelines: Pipelines, shards: Sequence[Shard]) -> str:
    """The pipeline that tests these shards: a job for each; one that says so where there is none."""
    job = next(each for each in pipelines.change if each.fans_out)
    if not shards:
        return to_yaml({"nothing": {"image": _image(pipelines.python), "script": ["echo Nothing to test."]}})
    common: dict[str, Node] = {"image": "python:$PYTHON", **_common(job), "interruptible": True}
    whole: dict[str, Node] = {"variables": dict(ALWAYS), f".{job.name}": common}
    for shard in shards:
        variables: dict[str, Node] = {"PYTHON": shard.python, "PACKAGES": shard.words}
        whole[f"{job.name} {shard.name}"] = {"extends": f".{job.name}", "variables": variables}
    return to_yaml(whole)


def _change(job: Job, python: str) -> dict[str, Node]:
    if job.fans_out:
        child: Node = [{"artifact": MATRIX, "job": next(iter(job.needs))}]
        trigger: Node = {"include": child, "strategy": "depend"}
        return {"stage": "change", "needs": list(job.needs), "rules": _ON_CHANGE, "trigger": trigger}
    made: dict[str, Node] = {"stage": "change", "image": _image(python), "needs": list(job.needs), "rules": _ON_CHANGE}
    made |= {**_environment(job), "interruptible": True, **_common(job)}
    if job.prints_matrix:
        made["artifacts"] = {"paths": [MATRIX]}
    return made


def _release(job: Job, python: str) -> dict[str, Node]:
    """Releases wait for each other, and none is cancelled. Depth 0 is the whole history, with branches and tags."""
    return {
        "stage": "release",
        "image": _image(python),
        "rules": [{"if": _IS_TAG}],
        **_environment(job),
        "resource_group": PUBLISHING,
        "interruptible": False,
        "variables": {"GIT_DEPTH": "0"},
        **_common(job),
        "artifacts": {"paths": [NOTES]},
    }


def _common(job: Job) -> dict[str, Node]:
    script: list[Node] = [step.run for step in job.steps]
    if any(value.origin == "tags" for step in job.steps for value in step.env.values()):
        script.insert(0, f"TAGS=$({LIST_TAGS})")
    if job.prints_matrix:
        script[-1] = f"{job.steps[-1].run} --format gitlab > {MATRIX}"
    return {"timeout": f"{job.minutes} minutes", "script": script}


def _environment(job: Job) -> dict[str, Node]:
    """Whose variables the job may read; `access` deploys nothing."""
    if job.environment is None:
        return {}
    action: dict[str, Node] = {} if job.environment == PUBLISHING else {"action": "access"}
    return {"environment": {"name": job.environment, **action}}


def _image(python: str) -> str:
    return f"python:{python}"
