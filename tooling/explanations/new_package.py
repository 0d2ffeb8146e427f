"""Explanations of the NP codes: a new package."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "NP01": Explanation(
        title="a name no package can have",
        meaning="A package is named by its folder: words of lower-case letters and digits with single hyphens between "
        "them, the first beginning with a letter. From core-logging follow maestro-core-logging and "
        "maestro_core_logging. `tooling` is what sessions call the release tooling.",
        remedy="Name it like core-logging, without maestro- in front.",
    ),
    "NP02": Explanation(
        title="a name that is taken",
        meaning="A package of that name, or something else in the place of its folder, is there already.",
        remedy="Choose another name, or move away what stands in packages/.",
    ),
    "NP03": Explanation(
        title="a description that is not one line",
        meaning="The description becomes one line of metadata, of the README and of the table of packages.",
        remedy='Say it in one line, like --description "Caches with a deadline.".',
    ),
    "NP04": Explanation(
        title="needs that share no Python",
        meaning="A package runs where all it needs runs; of the Pythons that this repository is for, none is left.",
        remedy="Need fewer packages, or widen `requires-python` and the classifiers of those that are needed.",
    ),
    "NP05": Explanation(
        title="a root that lacks something",
        meaning="Each package has a copy of the root's LICENSE and a row in the table of the root's README.md; one of "
        "the two is not there.",
        remedy="Put the licence there, or let `invoke check --all` show the table and paste it; then try again.",
    ),
    "NP06": Explanation(
        title="a package that cannot be written",
        meaning="The disk is full, or a folder may not be written to. Nothing of the package is left.",
        remedy="Make room, or correct the permissions, then try again.",
    ),
    "NP07": Explanation(
        title="a package the rules object to",
        meaning="A new package has to pass every rule of the house; with these words it would not.",
        remedy="Change what the message names: most often the description.",
    ),
}
