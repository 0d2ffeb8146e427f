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
    "GT03": Explanation(
        title="git did not end",
        meaning="A commit, a tag, a push or a question to the remote took longer than it may: a hook or a signing "
        "program that waits for something, or a server that does not answer. The command was ended with every process "
        "it had started; nothing on the terminal can be asked from there.",
        remedy="Run the git command by hand to see what it waits for; MAESTRO_PATIENCE says how many seconds it may "
        "take.",
    ),
    "GT04": Explanation(
        title="no repository",
        meaning="Releases are made of commits and tags, and the workspace is in no git repository, or in one without "
        "a commit.",
        remedy="Run the command in a clone.",
    ),
    "GT10": Explanation(
        title="not the tag of a release",
        meaning="A release of a package is tagged NAME-vVERSION: the folder's name, and the version as PEP 440 writes "
        "it. The tag given is not of that form, names no package of the workspace, or writes the version otherwise.",
        remedy="List the tags there are with `git tag --list`, and name the package as its folder is called.",
    ),
}
