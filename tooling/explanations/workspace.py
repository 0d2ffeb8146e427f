"""Explanations of the WS codes: the workspace and its packages."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "WS01": Explanation(
        title="no workspace here",
        meaning="Commands look for the repository from the working folder upwards: the nearest folder with a packages/ "
        "folder and a pyproject.toml that has a [project] table. None was found.",
        remedy="Change into a clone of the repository, or let Invoke search there with `invoke --search-root FOLDER`.",
    ),
    "WS02": Explanation(
        title="a file that cannot be read",
        meaning="A pyproject.toml exists but cannot be opened, or it is not UTF-8.",
        remedy="Make the file readable for you, and save it as UTF-8.",
    ),
    "WS03": Explanation(
        title="broken TOML",
        meaning="A pyproject.toml does not parse; the line shown is where the parser gave up. "
        "An unclosed bracket or quote shows up at the end of the file or at the next table.",
        remedy="Correct the line; when it looks right, look for an unclosed bracket or quote above it.",
    ),
    "WS04": Explanation(
        title="a missing or mistyped key",
        meaning="A key that PEP 621 requires is absent, is given twice in other spellings, or has a value of another "
        "type.",
        remedy='Write the key as the message says; a package needs at least name = "maestro-…" and version = "1.0.0".',
    ),
    "WS05": Explanation(
        title="an invalid project name",
        meaning="Names consist of letters, digits, hyphens, underscores and dots, "
        "and begin and end with a letter or a digit.",
        remedy="Name the project maestro-<folder>.",
    ),
    "WS06": Explanation(
        title="an invalid version",
        meaning="Installers order releases by PEP 440, so a version it cannot read could never be chosen rightly.",
        remedy="Write the version like 1.2.3, 1.2.3rc1 or 1.2.3.post1.",
    ),
    "WS07": Explanation(
        title="an invalid requirement",
        meaning="A requirement does not follow PEP 508: a name, extras in brackets, specifiers, a marker after `;`.",
        remedy='Write it like "structlog>=25" or "maestro-cache[redis]>=1.0; python_version < \'3.13\'".',
    ),
    "WS08": Explanation(
        title="a dynamic field",
        meaning="Versions, requirements and Python ranges stand in pyproject.toml and nowhere else; "
        "the order of publishing has to be known without running a build.",
        remedy="Write the value in [project] and take the field's name out of `dynamic`.",
    ),
    "WS09": Explanation(
        title="an invalid Python range",
        meaning="`requires-python` is a list of version specifiers separated by commas.",
        remedy='Write it like requires-python = ">=3.11".',
    ),
    "WS10": Explanation(
        title="a missing README",
        meaning="The file that `readme` names becomes the package's page in the index; "
        "without it the package cannot be built.",
        remedy="Write the file beside pyproject.toml, or correct its name in `readme`.",
    ),
    "WS11": Explanation(
        title="a broken dependency group",
        meaning="The group `test` includes a group that does not exist, or itself, or holds something that is "
        "neither a requirement nor an include (PEP 735).",
        remedy='Write it like test = ["pytest>=9", { include-group = "lint" }].',
    ),
    "WS12": Explanation(
        title="one name, two packages",
        meaning="Several folders under packages/ have the same `name`; in the index they would be one project.",
        remedy="Name each project maestro-<folder>; after copying a folder, change the name in the copy.",
    ),
    "WS13": Explanation(
        title="a circle of requirements",
        meaning="Each package is published after what it needs, extras counted; in a circle there is no first one, "
        "so the index would show a package that cannot be installed.",
        remedy="Take one of the requirements out, or move what both sides need into a package of its own.",
    ),
    "WS14": Explanation(
        title="an unknown package",
        meaning="`--package` takes a folder name (core-logging), a distribution (maestro-core-logging) or an import "
        "name (maestro_core_logging); the name given is none of them.",
        remedy="Take a name from `invoke list`.",
    ),
    "WS15": Explanation(
        title="nothing selected",
        meaning="A command that changes something never guesses what it is about.",
        remedy="Say --all, or --package NAME once for each package.",
    ),
    "WS16": Explanation(
        title="an unknown code",
        meaning="`invoke explain` takes a code that an error or a finding has shown, such as WS03 or PK20.",
        remedy="List every code there is with `invoke explain all`.",
    ),
}
