"""Asking a server for values: a time limit, a few tries, and errors that show neither token nor password."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from maestro_core_logging import Redactor

from maestro_core_config.errors import ConfigError, MissingExtraError, Problem, SourceUnavailableError
from maestro_core_config.formats.text import MOST_BYTES
from maestro_core_config.layers import Precedence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from maestro_core_config.layers import Layer

__all__ = ["Answer", "RemoteLoader"]

_SERVER_ERROR = 500
_TOO_MANY = 429
_FIRST_PAUSE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said: its status and its body."""

    status: int
    body: bytes


class RemoteLoader(ABC):
    """A source behind HTTP.

    Args:
        url: of the server; http or https, without user and password.
        token: sent as the header `token_header`; empty means none.
        optional: whether the service starts without it when it does not answer or holds nothing; a later failure never
            takes values away.
        timeout: seconds to wait for a connection and for bytes; an answer that takes longer in all is given up too.
        retries: further tries after refused connections, time-outs, 429 and 5xx, with 0.1 s, 0.2 s ... in between.
        refresh: seconds after which a watching manager asks again; None: never.
        sleep, clock, rng: for tests.

    Raises:
        ValueError: a number is out of range, or the URL is none.
    """

    precedence = Precedence.REMOTE
    extra: str
    token_header: str

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        optional: bool = False,
        timeout: float = 3.0,
        retries: int = 2,
        refresh: float | None = 60.0,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        if not _is_address(url):
            raise ValueError("url must begin with http:// or https:// and hold no password; give the token apart.")
        if not timeout > 0 or (refresh is not None and not refresh > 0):
            raise ValueError("timeout and refresh must be above zero seconds; pass larger numbers.")
        if type(retries) is not int or retries < 0:
            raise ValueError(f"retries={retries!r} must be a whole number, 0 or more.")
        if token is not None and (not token.isascii() or not token.isprintable()):
            raise ValueError("the token holds characters that no header can carry; read it without line ends.")
        self.url = url.rstrip("/")
        self.optional = optional
        self._token = token
        self._timeout = timeout
        self._retries = retries
        self._refresh = refresh
        self._sleep = sleep
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    @property
    @abstractmethod
    def name(self) -> str:
        """What the source is called in origins and errors."""

    @abstractmethod
    def load(self) -> Layer:
        """Ask the server and read its answer."""

    def fingerprint(self) -> object:
        """Return a number that changes every `refresh` seconds."""
        return None if self._refresh is None else self._clock() // self._refresh

    def refused(self, message: str, *, unavailable: bool = False) -> ConfigError:
        """Return the error that says what is wrong with this source."""
        problem = Problem(path="", message=message, source=self.name)
        return (SourceUnavailableError if unavailable else ConfigError)(problems=[problem])

    def get(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Ask for a path, several times if need be.

        Raises:
            SourceUnavailableError: no try brought an answer.
            MissingExtraError: httpx2 is not installed.
        """
        try:
            import httpx2 as httpx
        except ImportError:
            raise MissingExtraError(f"Reading {self.name}", extra=self.extra) from None
        sent = {**headers, **({self.token_header: self._token} if self._token else {})}
        said = ""
        with httpx.Client(base_url=self.url, headers=sent, timeout=self._timeout, follow_redirects=False) as client:
            for attempt in range(self._retries + 1):
                if attempt:
                    self._sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * self._rng.uniform(0.5, 1.5))
                try:
                    answer = self._once(client, path, params)
                except httpx.HTTPError as error:
                    said = type(error).__name__
                    continue
                if answer.status < _SERVER_ERROR and answer.status != _TOO_MANY:
                    return answer
                said = f"status {answer.status}"
        tries = self._retries + 1
        message = f"did not answer ({said}) in {tries} {'tries' if tries > 1 else 'try'}; see whether it is up"
        raise self.refused(message, unavailable=True)

    def _once(self, client: Any, path: str, params: Mapping[str, str]) -> Answer:
        import httpx2 as httpx

        end = self._clock() + self._timeout
        with client.stream("GET", path, params=dict(params)) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise self.refused(f"answers with more than {MOST_BYTES} bytes; ask for less")
                if self._clock() > end:
                    raise httpx.ReadTimeout("the answer took too long")
            return Answer(status=response.status_code, body=body)

    def shown(self, text: str) -> str:
        """Return a text for people, without secrets."""
        return Redactor().redact_text(text)


def _is_address(url: object) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname and parts.port != 0) and "@" not in parts.netloc
        )
    except ValueError:
        return False
