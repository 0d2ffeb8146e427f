"""Explanations of the VS codes: versions, and moving them."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "VS01": Explanation(
        title="nothing under Unreleased",
        meaning="A version is for its users: what it brings stands under `## [Unreleased]` in the package's changelog, "
        "and becomes the section of the new version. Empty headings, links and comments say nothing.",
        remedy="Write a line under Unreleased, or leave the package out of the bump.",
    ),
    "VS02": Explanation(
        title="uncommitted edits in files to be written",
        meaning="A bump writes manifests, changelogs and the table in the root README, and the dependency groups of "
        "other packages and of the root where they exclude a new version. Edits of yours in these files could not be "
        "told from it afterwards, nor could it be taken back alone.",
        remedy="Commit the files, or take your edits back with `git restore`.",
    ),
    "VS03": Explanation(
        title="a version that is published",
        meaning="The index has files under the version that the bump leads to, and a published version never changes.",
        remedy="Choose a greater one with --to; `invoke list` shows what stands where.",
    ),
    "VS04": Explanation(
        title="a version that is tagged",
        meaning="A tag NAME-vVERSION says that this version was released from the commit it names.",
        remedy="Choose a greater version with --to. If the tag was a mistake and nothing is published, delete it.",
    ),
    "VS05": Explanation(
        title="a version that does not go up",
        meaning="Versions are ordered by PEP 440: 1.1rc1 is before 1.1, and 1.1.dev1 before both. What is not after "
        "the version that stands in the tree would never be chosen by an installer.",
        remedy="Name a greater version, or let --part or --auto find it.",
    ),
    "VS06": Explanation(
        title="a break that the version does not tell",
        meaning="The wheel that is published was compared with the wheel as built here (griffe): names that users rely "
        "on are gone or are called in another way. Public is what `__all__` of the package says, and of modules that "
        "the README imports from. From 1.0.0 on a break needs the next major version; before, the next minor one.",
        remedy="Say --part major (or --auto), bring the names back, or, if users cannot be hit by it, give the reason "
        "with --override: it is recorded in the changelog.",
    ),
    "VS07": Explanation(
        title="a part that does not follow",
        meaning="`release` ends a pre-release, `post` follows a release, and a pre-release goes on from alpha to beta "
        "to rc, never back.",
        remedy="Choose another part, or name the version with --to.",
    ),
    "VS08": Explanation(
        title="a bump that is not well said",
        meaning="A bump needs exactly one of --part, --to and --auto. Two parts go together where one is major, minor "
        "or patch and the other alpha, beta, rc or dev. --override goes with a break that the version does not tell.",
        remedy="Say it like `invoke bump --package core-logging --part minor`.",
    ),
    "VS09": Explanation(
        title="a policy that is not understood",
        meaning="[tool.maestro.versions] in the root pyproject.toml knows `floor`, a table `floors` by who needs and "
        "what is needed, with `minimum`, `latest` or `exact`, and a table `lockstep` of named lists of packages.",
        remedy="Correct the entry shown.",
    ),
    "VS10": Explanation(
        title="an interrupted edit",
        meaning="A bump was killed between two of its files. What it was writing stands in .maestro/edit.json, and the "
        "next bump finishes it as it stands there, date included, unless one of the files was changed in between.",
        remedy="Run without --dry-run; if a file was changed, decide with `git diff`, and delete .maestro/edit.json.",
    ),
    "VS11": Explanation(
        title="no changelog",
        meaning="The package has no CHANGELOG.md, so nothing can say what its new version brings.",
        remedy="Write one with a section `## [Unreleased]`.",
    ),
    "VS12": Explanation(
        title="a release that rests on a pre-release",
        meaning="Installers take pre-releases only where a requirement names one; a release with such a requirement "
        "would bring one to users who never asked for it.",
        remedy="Release what it needs together with it, or make it a pre-release too.",
    ),
    "VS13": Explanation(
        title="wheels that cannot be compared",
        meaning="The published wheel cannot be fetched whole or read, or the source in one of the two does not parse.",
        remedy="Run again; if the source is at fault, correct it. Nothing was written.",
    ),
    "VS14": Explanation(
        title="two edits at once",
        meaning="Another process holds .maestro/edit.lock: it is editing versions in this clone right now.",
        remedy="Wait for it to end.",
    ),
    "VS15": Explanation(
        title="a file that cannot be written",
        meaning="The disk is full, or permissions forbid it. Every file is whole, old or new.",
        remedy="Make room or correct the permissions, then run the same command again: it finishes.",
    ),
    "VS16": Explanation(
        title="an index that does not answer for a package",
        meaning="What is published decides which versions are taken and what a release is compared with. No answer is "
        "not the answer that nothing is there.",
        remedy="Run again once the index answers; `invoke nexus.status` tells whether it does.",
    ),
}
