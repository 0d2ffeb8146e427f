"""Explanations of the SV codes: the embedded index server."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "SV01": Explanation(
        title="folder served already",
        meaning="Another process serves this data folder; two servers on one folder would undo each other's work.",
        remedy="Use the server that is named, stop it, or give another folder with --data.",
    ),
    "SV02": Explanation(
        title="password wanted",
        meaning="The embedded index would listen where other machines reach it, and nobody chose its password.",
        remedy="Set NEXUS_SECURITY_INITIAL_PASSWORD, or leave --host out to listen on this machine only.",
    ),
    "SV03": Explanation(
        title="data of another release",
        meaning="The database in the folder is laid out as another release of the embedded index does it.",
        remedy="Serve it with that release, or give a new folder and publish to it again.",
    ),
    "SV04": Explanation(
        title="impossible user",
        meaning="A user of the embedded index has an empty name or password, or a privilege that Nexus does not have.",
        remedy="Give a name, a password, and privileges such as nx-repository-view-pypi-pypi-hosted-add.",
    ),
    "SV05": Explanation(
        title="address taken",
        meaning="The embedded index cannot listen on the address: another program has it, or it is not this machine's.",
        remedy="Give another --port (0 takes any free one), or stop the program that has it.",
    ),
    "SV06": Explanation(
        title="no public index known",
        meaning="The proxy of the embedded index serves the index that pip is set to use, and pip could not be asked.",
        remedy="Make sure that `python -m pip config list` works, then ask again.",
    ),
    "SV10": Explanation(
        title="the embedded index neither serves nor ends",
        meaning="Another process holds the data folder of the embedded index but does not answer: it hangs, or it is "
        "stopped.",
        remedy="Stop that process, then run again. Its lock is dropped with it, and nothing that was stored is lost.",
    ),
    "SV11": Explanation(
        title="the embedded index has a password of its own",
        meaning="The data folder was given a password when it was made, so none is kept in it, and this process was "
        "not told.",
        remedy="Set NEXUS_PASSWORD (or NEXUS_SECURITY_INITIAL_PASSWORD) to it, or name another data folder with "
        "MAESTRO_INDEX_DATA.",
    ),
}
