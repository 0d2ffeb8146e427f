"""What an index's answer to an upload means for the publisher: done, ask again, wait, or give up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


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
