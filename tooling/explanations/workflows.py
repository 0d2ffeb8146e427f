"""Explanations of the CI codes: workflow files and the matrix."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "CI01": Explanation(
        title="workflow files that have drifted",
        meaning="The files under .github/workflows and .gitlab-ci.yml are generated from tooling/workflows and "
        "committed; one of them is missing, or was edited by hand, or what it is made from has changed since.",
        remedy="Run `invoke ci.generate` and commit the result; to change a workflow, edit tooling/workflows.",
    ),
    "CI02": Explanation(
        title="a number of shards that is none",
        meaning="--shards is the most jobs that the matrix may have; GitHub makes 256 of one matrix at most.",
        remedy="Say --shards with a whole number from 1.",
    ),
    "CI03": Explanation(
        title="no such matrix format",
        meaning="The matrix is printed as a table, as JSON, as the output of a GitHub step, or as a GitLab pipeline.",
        remedy="Say --format table, json, github or gitlab.",
    ),
    "CI04": Explanation(
        title="a workflow file that cannot be written",
        meaning="The folder of a workflow file cannot be made, or may not be written to.",
        remedy="Correct its permissions, or move away what stands in its place.",
    ),
}
