"""Stand-ins on loopback that speak the parts of Vault's and Consul's protocols we use. They are not the real servers.

They follow the public API documents: paths, headers, status codes and bodies of KV version 2 and of Consul's KV store.
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = tuple[int, Any]


class StubServer:
    """Answers GET by a function of path, query and headers; `faults` are answered first: a status, or "hang up"."""

    def __init__(self, answer: Callable[[str, dict[str, list[str]], dict[str, str]], Answer]) -> None:
        self.requests: list[str] = []
        self.faults: list[int | str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802 - the standard library's name
                parts = urlsplit(self.path)
                stub.requests.append(self.path)
                fault = stub.faults.pop(0) if stub.faults else None
                if fault == "hang up":
                    self.close_connection = True
                    return
                status, body = (
                    (int(fault), {"errors": []})
                    if fault is not None
                    else answer(unquote(parts.path), parse_qs(parts.query), {k.lower(): v for k, v in self.headers.items()})
                )
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def vault(secrets: dict[str, Any], token: str) -> StubServer:
    """Speak like a Vault with one KV version 2 engine; `secrets` maps `mount/path` to values, None for deleted."""

    def answer(path: str, _query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if headers.get("x-vault-token") != token or headers.get("x-vault-request") != "true":
            return 403, {"errors": ["permission denied"]}
        mount, _, rest = path.removeprefix("/v1/").partition("/data/")
        key = f"{mount}/{rest}"
        if key not in secrets:
            return 404, {"errors": []}
        if secrets[key] is None:
            metadata = {"version": 3, "deletion_time": "2026-01-01T00:00:00Z", "destroyed": False}
            return 404, {"data": {"data": None, "metadata": metadata}}
        return 200, {"request_id": "r", "data": {"data": secrets[key], "metadata": {"version": 3, "destroyed": False}}}

    return StubServer(answer)


def consul(keys: dict[str, bytes | None], token: str | None = None) -> StubServer:
    """Speak like a Consul agent's KV interface; `keys` maps full keys to values, None for a key without a value."""

    def answer(path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if token is not None and headers.get("x-consul-token") != token:
            return 403, b"Permission denied"
        prefix = path.removeprefix("/v1/kv/")
        assert query == {"recurse": ["true"]}
        found = [
            {
                **{"LockIndex": 0, "Key": key, "Flags": 0, "CreateIndex": 1, "ModifyIndex": 2},
                "Value": None if value is None else base64.b64encode(value).decode(),
            }
            for key, value in sorted(keys.items())
            if key.startswith(prefix)
        ]
        return (200, found) if found else (404, b"")

    return StubServer(answer)
