"""Explanations of the SV codes: the embedded index server."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
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
