"""The table of what servers refuse: how to recognise each case, what it means, and the sentences for it.

Order matters: the first row that fits counts, and the last fits everything. `{said}` is the status and the server's own
words in brackets; the other places are those of `answers.Asked`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_SERVER_ERRORS = range(500, 600)
_ANY = range(100, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One row: it fits a status, a pattern somewhere in the reply, and where given the kind of index and of request."""

    statuses: Container[int]
    code: str
    message: str
    hint: str
    pattern: str = ""
    kind: str | None = None
    uploading: bool | None = None
    anonymous: bool | None = None
    meaning: str = "refused"


BY_STATUS = (
    Trouble(
        statuses=range(300, 400),
        code="IX14",
        message="{url} sends requests elsewhere{said}, and an upload does not follow.",
        hint="{elsewhere}",
    ),
    Trouble(
        statuses={401},
        anonymous=True,
        code="IX07",
        message="The index does not {what} for someone unknown{said}.",
        hint="Set NEXUS_USERNAME and NEXUS_PASSWORD.",
    ),
    Trouble(
        statuses={401},
        code="IX06",
        message="The index does not accept the password of user {user}{said}.",
        hint="Correct NEXUS_USERNAME and NEXUS_PASSWORD; a locked or disabled user is answered in the same way.",
    ),
    Trouble(
        statuses={407},
        code="IX04",
        message="A proxy on the way asks for credentials{said}.",
        hint="Put them into HTTP_PROXY or HTTPS_PROXY, or name the index's host in NO_PROXY.",
    ),
    Trouble(
        statuses={403, 500},
        pattern=r"EULA\b|End User License",
        code="IX09",
        message="Nobody has accepted the licence terms of this Nexus yet, so it serves no content{said}.",
        hint="An administrator has to accept the End User License Agreement: sign in at {base} and follow the wizard.",
    ),
    Trouble(
        statuses={402, 403},
        pattern=r"PAYMENT REQUIRED|usage (?:level|limit)|paid license",
        code="IX10",
        message="This Nexus is past the usage limit of its Community Edition and takes no new files{said}.",
        hint="An administrator has to remove components that are no longer used (cleanup policies) or buy a licence.",
    ),
    Trouble(
        statuses={403},
        kind="nexus",
        code="IX08",
        message="User {user} may not {what}{said}.",
        hint="Ask an administrator for nx-repository-view-pypi-{repository}-{rights}.",
    ),
    Trouble(
        statuses={403},
        code="IX08",
        message="User {user} may not {what}{said}.",
        hint="Correct NEXUS_USERNAME and NEXUS_PASSWORD (some indexes answer wrong ones so), or ask for the right.",
    ),
    Trouble(
        statuses={404},
        pattern="content type",
        uploading=True,
        code="IX22",
        message="The index did not {what}: it takes the file for something else{said}.",
        hint="Build it again; if it is whole, an administrator can turn off strict content type validation of "
        "{repository}.",
    ),
    Trouble(
        statuses={404},
        kind="nexus",
        pattern="Repository not found",
        code="IX11",
        message="The server at {base} has no repository {repository}{said}.",
        hint="Set NEXUS_REPOSITORY to a hosted PyPI repository of that server, or create this one.",
    ),
    Trouble(
        statuses={404, 405},
        kind="nexus",
        uploading=True,
        code="IX12",
        message="{repository} takes no uploads: it is not a hosted PyPI repository{said}.",
        hint="Set NEXUS_REPOSITORY to a hosted one; groups and proxies are for reading.",
    ),
    Trouble(
        statuses={404, 405},
        code="IX13",
        message="There is no index at {url}{said}.",
        hint="Correct NEXUS_URL; it is {base} now.",
    ),
    Trouble(
        statuses={413},
        code="IX18",
        message="Something before the index did not {what}: the file is too large for it{said}.",
        hint="Ask for a higher limit in the reverse proxy (nginx: client_max_body_size, 1 MB unless set).",
    ),
    Trouble(
        statuses={400, 409},
        pattern=r"cannot be updated|does not allow updating|already exist|conflict",
        code="IX25",
        message="The index did not {what}: a file of that name is there{said}.",
        hint="Run again: equal bytes count as published, other bytes need a new version.",
    ),
    Trouble(
        statuses={400, 403},
        pattern=r"is read[- ]only",
        code="IX17",
        message="The index did not {what}: {repository} has the deployment policy read-only{said}.",
        hint="An administrator has to set its deployment policy to 'Disable redeploy' (ALLOW_ONCE).",
    ),
    Trouble(
        statuses={400},
        pattern="Digests do not match",
        code="IX24",
        message="The bytes that reached the index are not those of the file{said}.",
        hint="Run again; if it happens again, build again and look for a device on the way that rewrites content.",
    ),
    Trouble(
        statuses={400},
        pattern="Not authorized for requested path",
        code="IX08",
        message="User {user} may not {what}{said}.",
        hint="Ask an administrator for nx-repository-view-pypi-{repository}-edit, or set NEXUS_ROUTE to pypi.",
    ),
    Trouble(
        statuses={400},
        pattern=r"is unsupported, must be",
        code="IX12",
        message="{repository} takes no uploads: it is not a hosted repository{said}.",
        hint="Set NEXUS_REPOSITORY to a hosted one; groups and proxies are for reading.",
    ),
    Trouble(
        statuses={400, 503},
        pattern="Repository offline",
        code="IX16",
        message="Repository {repository} has been taken offline{said}.",
        hint="An administrator has to set it online again.",
    ),
    Trouble(
        statuses={503},
        pattern=r"read[- ]only mode",
        meaning="later",
        code="IX15",
        message="The whole server is in read-only mode{said}.",
        hint="An administrator can release it; it is often frozen for a backup, so a later try may succeed.",
    ),
    Trouble(
        statuses={507},
        code="IX19",
        message="The index did not {what}: it has no room left{said}.",
        hint="An administrator has to give its blob store more room or remove what is no longer needed.",
    ),
    Trouble(
        statuses={400, 403, *_SERVER_ERRORS},
        pattern=r"\bquota\b|no space left|disk full",
        code="IX19",
        message="The index did not {what}: its blob store has no room left{said}.",
        hint="An administrator has to give it more room or remove what is no longer needed.",
    ),
    Trouble(
        statuses={408, 425, 429, *_SERVER_ERRORS},
        meaning="later",
        code="IX20",
        message="The index could not {what} just now{said}.",
        hint="Run again later; if it stays so, the server's log says why.",
    ),
    Trouble(
        statuses=_ANY,
        code="IX21",
        message="The index did not {what}{said}.",
        hint="Its own words above are all it says; the server's log may say more.",
    ),
)
