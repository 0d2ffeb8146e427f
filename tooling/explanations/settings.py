"""Explanations of the ST codes: settings, credentials and selection."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "ST01": Explanation(
        title="an unknown setting",
        meaning="[tool.maestro] in the root pyproject.toml has a key that nothing reads, so what was meant would not "
        "happen; or it is not a table.",
        remedy="Take the key the message suggests; `invoke nexus.status` shows which index results.",
    ),
    "ST02": Explanation(
        title="a value that is not allowed",
        meaning="A setting has a value it cannot have; the message says where it comes from. Later places win: "
        "pyproject.toml, .env, environment, flag.",
        remedy="Correct the value in the place the message names.",
    ),
    "ST03": Explanation(
        title="a secret in the repository",
        meaning="The root pyproject.toml holds a password or a token, or an address with one in it. Whoever can read "
        "the repository, or any copy of its history, has it.",
        remedy="Remove it and change that password at the server, since history keeps it. Then set NEXUS_USERNAME and "
        "NEXUS_PASSWORD in the environment or in .env, which is git-ignored.",
    ),
    "ST04": Explanation(
        title=".env cannot be read",
        meaning="The file is not readable, is not UTF-8, or a line of it is no NAME=value: often a quote that is not "
        "closed. No line is shown, since it may hold a password.",
        remedy="Correct the line. Values are taken as they are, `$` included; put one with a space, a quote or a # "
        "into single quotes.",
    ),
    "ST05": Explanation(
        title="no password anywhere",
        meaning="The index wants a user and a password. None was found in the environment, .env, the address, keyring, "
        "netrc or .pypirc, and nobody could be asked. A password counts only for the user it belongs to.",
        remedy="Set NEXUS_USERNAME and NEXUS_PASSWORD, or store it once: `keyring set URL USER` with the repository's "
        "address.",
    ),
    "ST06": Explanation(
        title="a file of credentials cannot be read",
        meaning="A .netrc or .pypirc exists but does not parse. Nothing of it is shown, since it may be a password.",
        remedy="Correct the file, or set NEXUS_USERNAME and NEXUS_PASSWORD, which are looked at first.",
    ),
    "ST07": Explanation(
        title="no such graph format",
        meaning="The graph is drawn as a tree, as Mermaid text, as an SVG picture or as JSON.",
        remedy="Say --format tree, mermaid, svg or json.",
    ),
    "ST08": Explanation(
        title="output file cannot be written",
        meaning="The file named with --output is in no folder that exists, or may not be written to.",
        remedy="Make the folder, or name another file; without --output the graph is printed.",
    ),
}
