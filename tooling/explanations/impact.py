"""Explanations of the IM codes: what a release would do to those who need it."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "IM01": Explanation(
        title="a version that cannot be asked about",
        meaning="--to is the version whose release `invoke graph --impact NAME` is about, as PEP 440 has it; without "
        "--impact it says nothing.",
        remedy="Say --impact NAME --to 2.0.0, or leave --to out: then it is the version in the tree.",
    ),
    "IM02": Explanation(
        title="a published wheel that cannot be read",
        meaning="The index lists a wheel that is no archive, or whose METADATA has a requirement that PEP 508 does not "
        "know; what it would make of a release cannot be said.",
        remedy="Look at the file in the index, and remove it if nobody can install it.",
    ),
    "IM03": Explanation(
        title="a project the index does not tell of",
        meaning="The index answered, but not for this project; its versions might need the package that the impact is "
        "about, so that nothing is said instead of half of it.",
        remedy="Look at the project's page with a browser; try again when it is there.",
    ),
}
