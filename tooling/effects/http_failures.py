"""What goes wrong on the way to a server, as sentences."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx2

from tooling.errors import FailedError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_AGAIN = "Check the network and the server, then run again: it continues where this stopped."


class ConnectionLostError(FailedError):
    """The connection broke, could not be made or timed out: what was asked may or may not have happened."""


_WAYS: tuple[tuple[tuple[type[Exception], ...], type[FailedError], str, str, str], ...] = (
    (
        (httpx2.ProxyError,),
        FailedError,
        "IX04",
        "The proxy on the way to {url} does not let us through.",
        "Correct HTTP_PROXY or HTTPS_PROXY, or name the index's host in NO_PROXY.",
    ),
    (
        (httpx2.ConnectError, httpx2.ConnectTimeout),
        ConnectionLostError,
        "IX02",
        "Nothing answers at {url}: {reason}.",
        "Check NEXUS_URL, and that the server is running and can be reached from here.",
    ),
    ((httpx2.TimeoutException,), ConnectionLostError, "IX05", "The server did not answer in time at {url}.", _AGAIN),
    (
        (httpx2.NetworkError, httpx2.RemoteProtocolError),
        ConnectionLostError,
        "IX05",
        "The connection to {url} broke.",
        _AGAIN,
    ),
    (
        (httpx2.LocalProtocolError,),
        FailedError,
        "IX24",
        "What was being sent to {url} changed meanwhile.",
        "Build again, then run again.",
    ),
    (
        (httpx2.UnsupportedProtocol, httpx2.InvalidURL),
        FailedError,
        "IX23",
        "The index names an address nobody can ask: {url}.",
        "Look at it in a browser.",
    ),
)


def failure(error: Exception, url: str) -> FailedError:
    """Make the error to raise of one that httpx2 raised; `url` is fit for eyes."""
    causes = tuple(_causes(error))
    facts = {"url": url}
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return FailedError("IX03", f"There is no trusted connection to {url}: {_tls(cause)}.", _tls_hint(cause))
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return FailedError("IX02", f"There is no host of the name in {url}.", "Correct NEXUS_URL.", facts=facts)
    for kinds, make, code, message, hint in _WAYS:
        if isinstance(error, kinds):
            return make(code, message.replace("{url}", url).replace("{reason}", _reason(causes)), hint, facts=facts)
    return FailedError("IX23", f"The answer of {url} cannot be read.", "Look at it in a browser.", facts=facts)


def stopped() -> StoppedError:
    """Make the error of a request that the user's wish to stop has cut off."""
    return StoppedError("IX27", "A request was cut off because the run was stopped.", "Run again: it continues.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__ or error


def _reason(causes: Sequence[BaseException]) -> str:
    found = (each.strerror for each in causes if isinstance(each, OSError) and each.strerror)
    return next(found, "no answer").lower()


def _tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    return f"the TLS handshake failed ({(error.reason or 'no reason given').lower().replace('_', ' ')})"


def _tls_hint(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Set SSL_CERT_FILE to the certificate bundle of your organisation, or correct the host in NEXUS_URL."
    return "If the server speaks plain HTTP there, begin NEXUS_URL with http://."
