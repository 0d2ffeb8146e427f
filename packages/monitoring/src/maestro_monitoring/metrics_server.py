"""An HTTP server of metrics on a port of its own, shared by all who ask for the same one in this process."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from prometheus_client import start_http_server

from .errors import PortInUseError
from .exposition import Scrape

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from prometheus_client import CollectorRegistry

__all__ = ["MetricsServer"]


class MetricsServer:
    """One listening server; `open` and `close` keep count of its users, and the last one ends it."""

    _open: dict[tuple[str, int], MetricsServer] = {}  # noqa: RUF012 - the process's, as its ports are
    _lock = threading.Lock()

    def __init__(
        self, key: tuple[str, int], registry: CollectorRegistry | None, server: WSGIServer, thread: threading.Thread
    ) -> None:
        self.port: int = server.server_port
        self._key = key
        self.registry = registry
        self._server = server
        self._thread = thread
        self.users = 1

    @classmethod
    def open(cls, host: str, port: int, registry: CollectorRegistry | None) -> MetricsServer:
        """Serve a registry's metrics at `/metrics`; port 0 is any free one.

        Who asks for a port that this process serves already shares it, if it is the same registry.

        Raises:
            PortInUseError: somebody else listens there, or another registry of this process is served there.
        """
        with cls._lock:
            known = cls._open.get((host, port)) if port else None
            if known is not None:
                if known.registry is not registry:
                    raise _in_use(host, port, "another registry of this process is served there")
                known.users += 1
                return known
            try:
                server, thread = start_http_server(port, addr=host, registry=Scrape(registry))
            except OSError as error:
                raise _in_use(host, port, error.strerror or type(error).__name__) from error
            made = cls((host, server.server_port), registry, server, thread)
            cls._open[made._key] = made
            return made

    def close(self) -> None:
        """End one use of it; when it was the last, returns as soon as the port is free."""
        with self._lock:
            self.users -= 1
            if self.users:
                return
            del self._open[self._key]
        with contextlib.suppress(OSError):  # where a listening socket cannot be shut down, it takes half a second more
            self._server.socket.shutdown(socket.SHUT_RD)  # wakes the thread, which otherwise looks up twice a second
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _in_use(host: str, port: int, reason: str) -> PortInUseError:
    message = (
        f"metrics cannot be served on {host}:{port} ({reason}); choose another prometheus_port, or 0 for a free one."
    )
    return PortInUseError(message, host=host, port=port)
