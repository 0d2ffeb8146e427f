"""The workflow files of this repository as a forge reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from publishers import ROOT
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator

GITHUB = {name: ROOT / f".github/workflows/{name}.yml" for name in ("change", "release")}
GITLAB = ROOT / ".gitlab-ci.yml"


def read_yaml(text: str) -> Any:
    """The value of a document, by the rules of YAML 1.2."""
    return YAML(typ="safe", pure=True).load(text)


def github(name: str) -> dict[str, Any]:
    """One of GitHub's workflows."""
    workflow: dict[str, Any] = read_yaml(GITHUB[name].read_text(encoding="utf-8"))
    return workflow


def gitlab() -> dict[str, Any]:
    """GitLab's pipeline."""
    pipeline: dict[str, Any] = read_yaml(GITLAB.read_text(encoding="utf-8"))
    return pipeline


def github_jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job of GitHub's workflows by its name."""
    for name in GITHUB:
        yield from github(name)["jobs"].items()


def github_steps() -> Iterator[dict[str, Any]]:
    """Every step of them."""
    for _, job in github_jobs():
        yield from job["steps"]


def gitlab_jobs(pipeline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The jobs of a pipeline that run a script."""
    return {name: job for name, job in pipeline.items() if isinstance(job, dict) and "script" in job}
