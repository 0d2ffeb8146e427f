"""The pooled connections of one HTTP client, and the way to cut them all at once."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

_IDLE_SECONDS = 20.0  # Nexus closes connections that idle for 30 s (nexus-protocol 5; cookies: 4.12)
_OPENED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait: for a connection, and for the other side to take or give any bytes at all."""

    connect: float = 10.0
    transfer: float = 60.0


class Connections:
    """One pool for each scheme, made when it is first needed: reading the trusted certificates takes its time."""

    def __init__(self, timeouts: Timeouts, cut: threading.Event) -> None:
        """Take how long to wait, and the event that `abandon` sets, which may wake others too."""
        self._timeouts = timeouts
        self._opening = threading.Lock()
        self._pools: dict[bool, httpx2.Client] = {}
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()
        self._cut = cut

    @property
    def cut(self) -> bool:
        """Whether `abandon` was called."""
        return self._cut.is_set()

    def request(
        self,
        method: str,
        url: str,
        *,
        secure: bool,
        headers: Mapping[str, str],
        body: Any,
        auth: tuple[str, str] | None,
    ) -> httpx2.Response:
        """Send a request and return its answer unread; the caller closes it."""
        pool = self._pool(secure=secure)
        extensions = {"trace": self._remember}
        request = pool.build_request(method, url, content=body, headers=dict(headers), extensions=extensions)
        return pool.send(request, auth=auth, stream=True, follow_redirects=False)

    def abandon(self) -> None:
        """Cut every connection; whoever waits on one hears of it at once."""
        self._cut.set()
        for stream in list(self._streams):
            with contextlib.suppress(OSError, AttributeError):
                stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connections back."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, *, secure: bool) -> httpx2.Client:
        with self._opening:
            if secure not in self._pools:
                self._pools[secure] = self._opened(secure=secure)
            return self._pools[secure]

    def _opened(self, *, secure: bool) -> httpx2.Client:
        """Open a pool that keeps no cookies: with one, Nexus demands a token against forged requests."""
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx2

        return httpx2.Client(
            verify=secure,  # the pool for http never sees TLS, and so needs no certificates
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx2.Timeout(self._timeouts.transfer, connect=self._timeouts.connect, pool=None),
            limits=httpx2.Limits(max_connections=None, keepalive_expiry=_IDLE_SECONDS),
            headers={"User-Agent": "maestro-platform"},
        )

    def _remember(self, event: str, info: Mapping[str, Any]) -> None:
        if event in _OPENED:
            self._streams.add(info["return_value"])
