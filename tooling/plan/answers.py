"""What an index's answer means for the publisher: done, ask again, wait, or give up.

The table follows nexus-protocol sections 0, 1.5, 3.1, 4.9, 4.10, 5, 9 and 12.3. A message only ever chooses the words
of an error; whether a file is there is decided by asking for the file (law 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tooling.errors import FailedError, UsageError
from tooling.model.target import shown
from tooling.plan.refusals import BY_STATUS, Trouble
from tooling.plan.server_messages import message_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tooling.errors import MaestroError
    from tooling.model.target import Target

# What only the user's settings can mend; everything else is trouble met while working.
_SETTINGS_CODES = frozenset({"IX01", "IX06", "IX07", "IX08", "IX11", "IX12", "IX13", "IX14"})

_GOOD = range(200, 300)


class Meaning(Enum):
    """The five things an answer can mean."""

    STORED = "stored"  # the index says it has the file now
    ASK = "ask"  # a 400 that may be a duplicate: only the file's hash decides (law 5)
    LATER = "later"  # can pass by itself: 408, 429, 5xx
    LOST = "lost"  # no answer: the connection broke, and the file may or may not be there
    REFUSED = "refused"  # trying again cannot help


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `status` is None when the connection broke; `retry_after` is in seconds.

    `code`, `message` and `hint` describe a refusal or the latest trouble in words fit for an error.
    """

    meaning: Meaning
    status: int | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came over the wire: `headers` by lower-case name, `body` as text, the `url` that answered in the end."""

    status: int
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    url: str = ""

    @property
    def message(self) -> str:
        """The server's own words."""
        return message_in(self.headers.get("content-type", ""), self.body, self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, for the words of an error.

    `doing` completes "the index did not …" (`store x.whl`); `url` is where; `username` is None for nobody; `rights`
    are the privileges needed, as Nexus calls them; `uploading` tells a write from a read.
    """

    doing: str
    url: str
    target: Target
    username: str | None
    rights: str = "read"
    uploading: bool = False


def read_answer(reply: Reply, asked: Asked, *, now: datetime) -> Answer:
    """Judge a reply.

    A 400 or 409 to an upload may be a duplicate, whatever it says: ASK. `now` (aware) is what a `Retry-After` with a
    date counts from when the reply has no `Date` of its own.
    """
    status = reply.status
    if status in _GOOD:
        return Answer(meaning=Meaning.STORED, status=status)
    trouble = _trouble(reply, asked)
    meaning = trouble.meaning
    if asked.uploading and status in {400, 409}:
        meaning = "ask"
    words = {
        "what": asked.doing,
        "url": shown(asked.url),
        "base": asked.target.base,
        "repository": asked.target.repository or shown(asked.target.base),
        "user": asked.username or "anonymous",
        "rights": asked.rights,
        "said": _said(reply),
        "elsewhere": _elsewhere(reply, asked),
        "status": str(status),
    }
    return Answer(
        meaning=Meaning(meaning),
        status=status,
        code=trouble.code,
        message=_fill(trouble.message, words),
        hint=_fill(trouble.hint, words),
        retry_after=retry_after(reply.headers, now),
    )


def error_of(answer: Answer) -> MaestroError:
    """Turn an answer that is not the wanted one into the error to raise: settings to mend, or work that failed."""
    kind = UsageError if answer.code in _SETTINGS_CODES else FailedError
    return kind(answer.code, answer.message, answer.hint, facts={"status": answer.status})


def moved_base(asked_url: str, location: str, base: str) -> str | None:
    """Tell the root that a redirect points to, when it moves the server and keeps the rest of the path."""
    tail = asked_url.removeprefix(base).partition("?")[0]
    there = _resolved(asked_url, location)
    for ending in (tail, tail.rstrip("/")):
        if ending and there.endswith(ending):
            return shown(there.removesuffix(ending)).rstrip("/")
    return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read `Retry-After` (RFC 9110 10.2.3): whole seconds or a date, never negative; None when absent or nonsense."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    until = _date(value)
    if until is None:
        return None
    return max(0.0, (until - (_date(headers.get("date", "")) or now)).total_seconds())


def _trouble(reply: Reply, asked: Asked) -> Trouble:
    text = f"{reply.message}\n{reply.body}\n{reply.reason}"
    for trouble in BY_STATUS:
        fits = (
            reply.status in trouble.statuses
            and (trouble.kind is None or trouble.kind == asked.target.kind)
            and (trouble.uploading is None or trouble.uploading == asked.uploading)
            and (trouble.anonymous is None or trouble.anonymous == (asked.username is None))
        )
        if fits and re.search(trouble.pattern, text, re.IGNORECASE):
            return trouble
    return BY_STATUS[-1]


def _fill(template: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: words[found[1]], template)


def _said(reply: Reply) -> str:
    return f" ({reply.status}: {reply.message})" if reply.message else f" ({reply.status})"


def _elsewhere(reply: Reply, asked: Asked) -> str:
    location = reply.headers.get("location", "")
    there = moved_base(asked.url, location, asked.target.base)
    if there and there != asked.target.base:
        return f"Set NEXUS_URL to {there}."
    where = shown(_resolved(asked.url, location))
    return f"It points to {where}: give the address where the server itself answers, not a sign-in page before it."


def _resolved(url: str, location: str) -> str:
    """Tell where a redirect leads, without its query; nowhere new when it makes no sense."""
    try:
        return urljoin(url, location).partition("?")[0]
    except ValueError:
        return url


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else None
