"""The one pooled HTTP client that talks to an index: basic authentication unasked, no cookies, no surprises.

Credentials go to the server they belong to and to no other, whatever address a page or a redirect names.
"""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from tooling.effects.connections import Connections, Timeouts
from tooling.errors import FailedError
from tooling.model.target import shown
from tooling.plan.answers import Reply, retry_after
from tooling.plan.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import httpx2

    from tooling.effects.clock import Clock
    from tooling.model.target import Credentials

    Take = Callable[[Iterator[bytes]], None]

READING = Backoff(base=0.2, cap=5.0, per_file=20.0)
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
SERVED = range(200, 300)
PAGE_BYTES = 32 << 20
_ERROR_BYTES = 16 << 10
_BLOCK = 1 << 18
_MOST_REDIRECTS = 5


class HttpClient:
    """Talks to the server at `base`; safe to use from many threads.

    Reads follow redirects and try again, with `patience`, what can pass by itself. A write is attempted once and
    follows nothing. All raise `FailedError` (IX02 to IX05, IX23) when there is no answer, `StoppedError` once
    `abandon` was called, which sets `cut`: a clock that waits on that event is woken.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials | None,
        clock: Clock,
        *,
        patience: Backoff = READING,
        timeouts: Timeouts | None = None,
        cut: threading.Event | None = None,
    ) -> None:
        self._base = base
        self._credentials = credentials
        self._clock = clock
        self._patience = patience
        self._connections = Connections(timeouts or Timeouts(), cut or threading.Event())

    @property
    def username(self) -> str | None:
        """Who asks; None: nobody in particular."""
        return self._credentials.username if self._credentials else None

    def read(
        self,
        url: str,
        *,
        method: str = "GET",
        accept: str = "*/*",
        follow: bool = True,
        stays: Callable[[Reply], bool] = lambda _: False,
        patience: Backoff | None = None,
    ) -> Reply:
        """Ask until the answer is one that does not pass by itself, or patience ends; return the last one.

        Args:
            url: absolute.
            method: GET, HEAD, or DELETE, which may be repeated as well.
            accept: the header of that name.
            follow: whether to follow redirects.
            stays: recognises a reply of a passing kind that will not pass, such as a repository taken offline.
            patience: another than the client's.
        """

        def take(response: httpx2.Response, at: str) -> Reply:
            return _reply(response, at, PAGE_BYTES)

        headers = {"Accept": accept, "Cache-Control": "no-cache"}
        return self._patiently(
            lambda: self._hop(method, url, headers, take, follow=follow), stays, patience or self._patience
        )

    def download(self, url: str, take: Take) -> Reply:
        """Stream a file into `take`, which is called anew for every attempt; the reply comes without its body."""

        def taken(response: httpx2.Response, at: str) -> Reply:
            if response.status_code not in SERVED:
                return _reply(response, at, _ERROR_BYTES)
            take(response.iter_bytes(_BLOCK))
            return Reply(status=response.status_code, reason=response.reason_phrase, url=at)

        headers = {"Accept-Encoding": "identity"}
        return self._patiently(
            lambda: self._hop("GET", url, headers, taken, follow=True), lambda _: False, self._patience
        )

    def write(self, url: str, *, body: Iterable[bytes], headers: Mapping[str, str]) -> Reply:
        """Post a body once. A `ConnectionLostError` means that nobody knows whether the server took it."""
        with self._exchange("POST", url, headers, body) as response:
            return _reply(response, url, _ERROR_BYTES)

    def abandon(self) -> None:
        """Cut every connection, and ask nothing any more."""
        self._connections.abandon()

    def close(self) -> None:
        """Give the connections back."""
        self._connections.close()

    def _patiently(self, attempt: Callable[[], Reply], stays: Callable[[Reply], bool], patience: Backoff) -> Reply:
        from tooling.effects.http_failures import ConnectionLostError, stopped

        began, tries = self._clock.now(), 0
        while True:
            tries += 1
            outcome: Reply | ConnectionLostError
            try:
                outcome = attempt()
            except ConnectionLostError as error:
                outcome, wish = error, None
            else:
                if outcome.status not in PASSING or stays(outcome):
                    return outcome
                wish = retry_after(outcome.headers, datetime.now(UTC))
            spent = self._clock.now() - began
            pause = patience.pause(attempt=tries, draw=self._clock.draw(), retry_after=wish, spent=spent, elapsed=spent)
            if pause is None:
                if isinstance(outcome, ConnectionLostError):
                    raise outcome
                return outcome
            self._clock.sleep(pause)
            if self._connections.cut:
                raise stopped()

    def _hop(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        take: Callable[[httpx2.Response, str], Reply],
        *,
        follow: bool,
    ) -> Reply:
        """Ask, following redirects here, so that each step is judged anew: its scheme, and who may see credentials."""
        for _ in range(_MOST_REDIRECTS + 1):
            with self._exchange(method, url, headers) as response:
                if not (follow and response.has_redirect_location):
                    return take(response, url)
                url = _redirected(url, response.headers["location"])
        raise FailedError("IX14", f"{shown(url)} sends requests round in circles.", "Correct NEXUS_URL.")

    @contextlib.contextmanager
    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: Iterable[bytes] | None = None
    ) -> Iterator[httpx2.Response]:
        """Make one request; what goes wrong on the way becomes a sentence."""
        import httpx2

        from tooling.effects.http_failures import failure, stopped

        if self._connections.cut:
            raise stopped()
        try:
            response = self._connections.request(
                method, url, secure=urlsplit(url).scheme != "http", headers=headers, body=body, auth=self._auth(url)
            )
            try:
                yield response
            finally:
                response.close()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            if self._connections.cut:
                raise stopped() from None
            raise failure(error, shown(url)) from error

    def _auth(self, url: str) -> tuple[str, str] | None:
        mine, theirs = urlsplit(self._base), urlsplit(url)
        if self._credentials is None or (mine.scheme, mine.netloc) != (theirs.scheme, theirs.netloc):
            return None
        return self._credentials.username, self._credentials.password.reveal()


def _redirected(url: str, location: str) -> str:
    """Resolve a redirect; only to the web."""
    try:
        there = urljoin(url, location)
        if urlsplit(there).scheme in {"http", "https"}:
            return there
    except ValueError:
        pass
    raise FailedError(
        "IX23",
        f"{shown(url)} redirects to an address nobody can ask.",
        "Correct NEXUS_URL, or look at it in a browser.",
    )


def _reply(response: httpx2.Response, url: str, most: int) -> Reply:
    """Read a body up to `most` bytes of a served answer, and the beginning of any other."""
    served = response.status_code in SERVED
    limit = most if served else _ERROR_BYTES
    body = bytearray()
    for block in response.iter_bytes(_BLOCK):
        body += block
        if len(body) > limit:
            break
    if served and len(body) > limit:
        raise FailedError("IX23", f"The answer of {shown(url)} is longer than {limit} bytes.", "Correct NEXUS_URL.")
    return Reply(
        status=response.status_code,
        reason=response.reason_phrase,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=body[:limit].decode("utf-8", "replace"),
        url=url,
    )
