"""What goes wrong on purpose: the switches a test may turn while the server runs."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Fate: TypeAlias = Literal["serve", "unavailable", "reset before", "reset after"]


def _everything(_method: str, _path: str) -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Faults:
    """Every switch is off by default, except that search lags by the two seconds that Nexus takes.

    Attributes are read once per request from the server's thread and may be set from any other. The two hooks are
    called in the server's thread, one request at a time: what they do delays everybody.

    Attributes:
        stale_pages: a page read while an upload to its project is in flight is kept without that file, until the next
            upload to the project or until the page's asset is deleted (seen on 3.30.1 with both stores).
        upload_seconds: how long an upload stays in flight between its last byte and its being stored.
        md5_only: pages offer `#md5`, and REST neither sha256 nor sha512 (servers before 3.41).
        offline: the hosted repository is offline.
        group_offline: the group is offline.
        frozen: the server is read-only.
        eula_pending: the licence terms are not accepted: files and uploads answer 403.
        limit_reached: the usage limit of the Community Edition is passed: new components answer 403.
        close_on_401: the connection of a refused login is closed: after the answer when the request has no body, and
            instead of it, as a client that is still sending sees it, when it has one.
        upstream_blocked: the proxy's remote is blocked by hand.
        search_seconds: how long search takes to notice an upload or a delete.
        delay_seconds: how long every request waits before it is looked at.
        unavailable_share: part (0..1) of the requests that answer 503.
        reset_before_share: part of the requests whose connection is reset before they are looked at.
        reset_after_share: part of the requests that are carried out and reset before the answer leaves.
        retry_after: the `Retry-After` of those 503 answers, in seconds or as an HTTP date; None leaves it out.
        touches: which requests (method, path) the delay and the three shares concern.
        on_request: called with method and path before anything else.
        on_response: called with method, path and status when the answer is ready and has not left.
        seed: of the choice which requests fail.
    """

    stale_pages: bool = False
    upload_seconds: float = 0.0
    md5_only: bool = False
    offline: bool = False
    group_offline: bool = False
    frozen: bool = False
    eula_pending: bool = False
    limit_reached: bool = False
    close_on_401: bool = False
    upstream_blocked: bool = False
    search_seconds: float = 2.0
    delay_seconds: float = 0.0
    unavailable_share: float = 0.0
    reset_before_share: float = 0.0
    reset_after_share: float = 0.0
    retry_after: float | str | None = None
    touches: Callable[[str, str], bool] = _everything
    on_request: Callable[[str, str], None] | None = None
    on_response: Callable[[str, str, int], None] | None = None
    seed: int = 0
    _dice: random.Random = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - a repeatable choice, not a secret

    def fate(self, method: str, path: str) -> Fate:
        """Decide what happens to a request; the sequence of decisions follows from `seed`."""
        if not self.touches(method, path):
            return "serve"
        with self._lock:
            thrown = self._dice.random()
        fates: tuple[tuple[Fate, float], ...] = (
            ("unavailable", self.unavailable_share),
            ("reset before", self.reset_before_share),
            ("reset after", self.reset_after_share),
        )
        for fate, share in fates:
            if thrown < share:
                return fate
            thrown -= share
        return "serve"
