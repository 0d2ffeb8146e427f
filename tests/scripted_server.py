"""A small web server whose every answer is a function of the test's, for servers that are not Nexus or are odd."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What arrived; `headers` by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is sent back; `length` other than the body's makes a liar of it; `hang_up` closes without a word."""

    status: int = 200
    reason: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    hang_up: bool = False


@dataclass(slots=True)
class ScriptedServer:
    """A running server: its `url` without a last slash, and what it was asked, in order."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)


@contextmanager
def scripted_server(
    answer: Callable[[Request], Response], *, read_body: bool = True, tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """Serve until the block ends; without `read_body` an answer leaves before the request's body is read."""
    running = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:  # the client hung up, which some tests want
                self.close_connection = True

        def answered(self) -> None:
            length = int(self.headers.get("Content-Length", 0)) if read_body else 0
            request = Request(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            running.requests.append(request)
            response = answer(request)
            if response.hang_up or not read_body:
                self.close_connection = True
            if response.hang_up:
                return
            self.send_response_only(response.status, response.reason)
            length = len(response.body) if response.length is None else response.length
            for name, value in {"Content-Length": str(length), **response.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)
            self.close_connection = self.close_connection or length != len(response.body)

        do_GET = do_HEAD = do_POST = do_DELETE = do_CONNECT = answered  # noqa: N815 - the names http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    running.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
