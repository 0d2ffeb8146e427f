"""Explanations of the PB codes: publishing and verifying."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "PB01": Explanation(
        title="other bytes are published under this version",
        meaning="The index has a file of this name, and its SHA-256 is not that of the file built here. The message "
        "names the first member of the archive that differs. A published version never changes: whoever installed it "
        "has those bytes, and a lock file names them.",
        remedy="Raise the version. When the source did not change, see what did: the message says so if only the build "
        "backend or the packing differs.",
    ),
    "PB02": Explanation(
        title="the index did not say what it has",
        meaning="Without an answer a file is neither there nor absent, so nothing is decided and nothing is sent.",
        remedy="Run again once the index answers; `invoke nexus.status` says whether it does.",
    ),
    "PB03": Explanation(
        title="an in-house requirement is missing",
        meaning="A package needs another of ours in a version that is neither in the index nor part of this run. "
        "Published like that, it could not be installed. Extras count.",
        remedy="Publish the other one too (--package NAME, or --all), or correct the requirement.",
    ),
    "PB04": Explanation(
        title="a file could not be uploaded in time",
        meaning="Each attempt met trouble that can pass by itself, such as a broken connection or a busy server, until "
        "the time for one file or for the run was over. Before each attempt the index was asked for the file, so it "
        "is not there.",
        remedy="Look at the server, then run again: what is there stays, the rest continues.",
    ),
    "PB05": Explanation(
        title="somebody else published other bytes meanwhile",
        meaning="The file was absent when the run began. Now the index has it, with bytes that are not ours: another "
        "publisher, from another source, took the same version.",
        remedy="Find out who it was, and raise the version of one of the two.",
    ),
    "PB06": Explanation(
        title="the index serves other bytes than were sent",
        meaning="After the upload the page was compared with what was sent, and a SHA-256 differs: somebody replaced "
        "the file at the same time, or something on the way or in the server changes content.",
        remedy="Find out who published it; set the repository to 'Disable redeploy' and raise the version.",
    ),
    "PB07": Explanation(
        title="a stale page",
        meaning="The index has the file, but the project's page does not list it, so installers do not see it. Nexus "
        "keeps a page that was read while an upload was under way. It heals when its cached page is deleted, which "
        "this user may not do (it needs nx-repository-view-pypi-REPOSITORY-delete).",
        remedy="Ask an administrator to delete the asset simple/NAME/ in Browse, or publish any new version of the "
        "project; both make Nexus write the page anew. `invoke verify` finds all stale pages of a repository.",
    ),
    "PB08": Explanation(
        title="an accepted file is nowhere",
        meaning="The index answered that it stored the file, but neither the page nor the file's own address knows it, "
        "half a minute later.",
        remedy="Run again; if it stays so, look at the server's log and at the room in its blob store.",
    ),
    "PB09": Explanation(
        title="stopped by the user",
        meaning="Ctrl-C (or SIGTERM) ended the run. After the first, files on their way may still arrive; a second one "
        "cuts them off. Nothing is left half visible: the index shows a file whole or not at all.",
        remedy="Run the same command again: it asks the index what arrived and continues with the rest.",
    ),
    "PB10": Explanation(
        title="a published package does not install",
        meaning="In an empty environment the package was installed from the index that users read. Its requirements "
        "cannot all be found or do not fit together. The message says in which way it was installed: Python, extra, "
        "lowest or highest requirements, wheel or sdist.",
        remedy="Read what the installer says; publish what is missing, or correct the requirement and the version. "
        "Where only the lowest requirements fail, a floor is too low.",
    ),
    "PB11": Explanation(
        title="a published package does not import",
        meaning="The package installed, but importing one of its modules failed: a requirement is not declared, or a "
        "module is not in the wheel.",
        remedy="Declare what the traceback misses (or move it behind an extra), raise the version, publish again.",
    ),
    "PB12": Explanation(
        title="the index does not serve what this source builds",
        meaning="A file is absent from the index, has other bytes there, or its SHA-256 is not told.",
        remedy="Publish the version if it is new; raise it if the source changed since it was published.",
    ),
    "PB13": Explanation(
        title="no choice of versions satisfies a package",
        meaning="Each requirement of the package is met by some version, in the index or in this run, but no choice of "
        "one version of each satisfies all of them together with what those versions require themselves: mostly, what "
        "is published of one package excludes the new version of another. Published like that, it could not be "
        "installed. Only packages of the house are looked at, each extra by itself.",
        remedy="Publish those too whose new version takes the other's (--package NAME, or --all), or change one of the "
        "requirements that the message names.",
    ),
    "PB20": Explanation(
        title="no Python at hand",
        meaning="A package is proven on the Pythons its classifiers name, and this machine has none of them; it would "
        "have been reported as fine without having been tried.",
        remedy="Install one of those Pythons (pyenv, uv python install), so that it is on the PATH, and run again.",
    ),
    "PB21": Explanation(
        title="installers are not shown a version",
        meaning="The repository has the files, but the page that installers read, usually a group's, did not list them "
        "within half a minute: the group does not have the repository as a member, or a page between is kept.",
        remedy="Set NEXUS_GROUP to the right group; ask an administrator to make the repository a member of it.",
    ),
    "PB22": Explanation(
        title="modules that nothing imports",
        meaning="A module may fail to import when its error names an extra that is not installed, as in "
        "`pip install maestro-cache[redis]`; it then has to import where that extra is. These modules failed in every "
        "environment, each time for another extra.",
        remedy="Declare an extra with everything the module needs, and let its error name that one.",
    ),
    "PB24": Explanation(
        title="a published version without a tag",
        meaning="The index has a version, and this repository no tag NAME-vVERSION for it: nobody can tell from which "
        "source it was built. A clone that did not fetch its tags looks the same.",
        remedy="Run `git fetch --tags`. Where there is no tag, find the commit and tag it, then verify again.",
    ),
    "PB25": Explanation(
        title="a tag without files",
        meaning="A tag names a version that the index does not have, so who trusts the tag cannot install it: a "
        "release that stopped half way, or one that went to another index.",
        remedy="Publish it from its tag, or delete the tag if the release was given up.",
    ),
    "PB26": Explanation(
        title="not what its tag builds",
        meaning="The version was built again from its tag, with the hatchling that the tag pins, and a file differs "
        "from the published one; the message names the first member that does. It was built from another commit, from "
        "a working tree with changes, by another backend; or zlib packs otherwise here. A tag that cannot be built, "
        "or whose tree says another version, is told in the same way.",
        remedy="Look at the member that is named. If the source differs, publish a new version from its own tag.",
    ),
    "PB27": Explanation(
        title="two questions at once",
        meaning="--install proves the versions that this source has, --from-tags every version there is.",
        remedy="Run `invoke verify` twice, once with each.",
    ),
}
