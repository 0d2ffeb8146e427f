"""Explanations of the GT codes: asking and telling git."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "GT01": Explanation(
        title="no git",
        meaning="The command needs git, and there is none on the PATH.",
        remedy="Install git; any version of the last five years will do.",
    ),
    "GT02": Explanation(
        title="git refused",
        meaning="A git command ended with an error; the end of what git said is shown.",
        remedy="Correct what it complains of and run the command again.",
    ),
    "GT10": Explanation(
        title="not the tag of a release",
        meaning="A release of a package is tagged NAME-vVERSION: the folder's name, and the version as PEP 440 writes "
        "it. The tag given is not of that form, names no package of the workspace, or writes the version otherwise.",
        remedy="List the tags there are with `git tag --list`, and name the package as its folder is called.",
    ),
}
