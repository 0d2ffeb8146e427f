"""Whether a publisher or a reader may begin: is this Nexus, is there the repository, do the credentials count.

The one request that no proxy, anonymous right or stub of a newer version can fool is the repository's own address: it
answers 401 to a wrong password even where anybody may read, 404 for an unknown name, 503 when it is offline and 403
until the licence terms are accepted (nexus-protocol 1.1, 1.7, 4.9). REST then tells a hosted repository from a group.
"""

from __future__ import annotations

import difflib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tooling.effects.dialogue import Dialogue
from tooling.effects.nexus_rest import NexusRest
from tooling.errors import FailedError, UsageError
from tooling.plan.retry import Backoff

if TYPE_CHECKING:
    from tooling.effects.http_client import HttpClient
    from tooling.errors import MaestroError
    from tooling.model.target import Target
    from tooling.plan.answers import Reply

PATIENCE = Backoff(base=0.2, cap=1.0, per_file=3.0)  # a person is waiting for the first sentence
_NO_ANSWER = frozenset({404, 405})


class NexusProbe:
    """Asks a few cheap questions about `target`."""

    def __init__(self, target: Target, http: HttpClient) -> None:
        self._target = target
        self._http = http
        self._rest = NexusRest(target, http)

    def for_uploads(self) -> None:
        """Return when an upload may be tried; raise the reason otherwise.

        Raises:
            UsageError: IX06 to IX08 for the user, IX11 to IX14 for the address.
            FailedError: IX02 to IX05 for the way there, IX09, IX15, IX16, IX20 for the server's state.
        """
        if self._http.username is None:
            raise UsageError(
                "IX07", f"Nobody signed in at {self._target.base}.", "Set NEXUS_USERNAME and NEXUS_PASSWORD."
            )
        self._check_kind(nexus=_is_nexus(self._repository()))
        frozen = self._rest.read_only()
        if frozen is not None:
            message = f"The whole server at {self._target.base} is in read-only mode."
            raise FailedError("IX15", message, "It is often frozen for a backup: run again later, or ask who froze it.")

    def for_reading(self) -> None:
        """Return when pages may be read, with or without a user; raise the reason otherwise, as `for_uploads` does."""
        if not _is_nexus(self._repository()):
            self._rest_of_stranger()

    def group_problem(self) -> MaestroError | None:
        """Ask for the group by its own address: it is not there, or offline, only when the server says so in words."""
        base, group = self._target.base, self._target.group
        if group is None:
            return None
        try:
            reply = self._http.read(f"{base}/repository/{group}/", patience=PATIENCE, stays=_is_offline)
        except FailedError:
            return None
        if _is_offline(reply):
            message = f"The repository {group} of {base}, which installers are told to read, has been taken offline."
            return FailedError("IX16", message, "An administrator has to set it online again.")
        if reply.status != HTTPStatus.NOT_FOUND or "Repository not found" not in reply.message:
            return None
        known = ", ".join(self._rest.names_of("group")) or "none that this user may see"
        return UsageError(
            "IX29",
            f"The server at {base} has no repository {group}, which installers are told to read.",
            f"Set NEXUS_GROUP to a group with {self._target.repository} in it (there are: {known}), or to "
            f"{self._target.repository} itself.",
        )

    def _repository(self) -> Reply:
        url = self._target.upload_url
        reply = self._http.read(url, accept="text/html", follow=False, patience=PATIENCE, stays=_is_offline)
        if reply.status != HTTPStatus.OK:
            raise self._refusal(reply, url)
        return reply

    def _check_kind(self, *, nexus: bool) -> None:
        told = self._rest.repository() if nexus else self._rest_of_stranger()
        if told is None:
            return  # who may only add files cannot see the repository; an upload to a wrong kind says so itself
        kind, form, name = told.get("type"), told.get("format"), self._target.repository
        if (kind, form) != ("hosted", "pypi"):
            known = ", ".join(self._rest.names_of("hosted")) or "none that this user may see"
            raise UsageError(
                "IX12",
                f"Repository {name} of {self._target.base} is a {form} {kind}, which takes no uploads of ours.",
                f"Set NEXUS_REPOSITORY to a hosted PyPI repository; there are: {known}.",
            )

    def _rest_of_stranger(self) -> dict[str, object]:
        """Ask REST about a server that did not show that it is Nexus; a proxy may have replaced its headers."""
        told = self._rest.repository()
        if told is None or "format" not in told:
            raise self._not_nexus()
        return dict(told)

    def _refusal(self, reply: Reply, url: str) -> MaestroError:
        if reply.status in _NO_ANSWER:
            if "Repository not found" in reply.message:
                return self._unknown_repository()
            return self._elsewhere() or self._not_nexus()
        return Dialogue(self._target, self._http).error(reply, "show the repository", url)

    def _unknown_repository(self) -> UsageError:
        known, name = self._rest.names_of("hosted"), str(self._target.repository)
        near = difflib.get_close_matches(name, known, n=1)
        listed = f"Set NEXUS_REPOSITORY to one that it has: {', '.join(known)}."
        hint = (f"Did you mean {near[0]}? " if near else "") + (listed if known else "Create it there first.")
        return UsageError("IX11", f"The server at {self._target.base} has no repository {name}.", hint)

    def _elsewhere(self) -> UsageError | None:
        """Find the server under the usual context path, or at the root of a path that was given."""
        parts = urlsplit(self._target.base)
        root = f"{parts.scheme}://{parts.netloc}"
        for candidate in (root if parts.path else f"{root}/nexus",):
            status = self._http.read(f"{candidate}/service/rest/v1/status", follow=False, stays=lambda _: True)
            if status.status not in _NO_ANSWER and _is_nexus(status):
                message = f"There is no Nexus at {self._target.base}, but there is one at {candidate}."
                return UsageError("IX13", message, f"Set NEXUS_URL to {candidate}.")
        return None

    def _not_nexus(self) -> UsageError:
        return UsageError(
            "IX13",
            f"The server at {self._target.base} is not Nexus, or Nexus is under another path there.",
            "Set NEXUS_URL to what stands before /repository/ in the address of a repository; for an index of another "
            "kind, set NEXUS_KIND to simple.",
        )


def _is_nexus(reply: Reply) -> bool:
    """Known by its `Server` header, its realm, or its pages; a reverse proxy hides some of them."""
    headers = reply.headers
    return (
        headers.get("server", "").startswith("Nexus/")
        or "Nexus Repository" in headers.get("www-authenticate", "")
        or "Nexus Repository" in reply.body
    )


def _is_offline(reply: Reply) -> bool:
    return "Repository offline" in reply.message
