"""A Redis for tests: on 127.0.0.1, with a password, at the same address after it was killed and restarted."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

from services.programs import redis_program
from services.server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence


class RedisServer(Server):
    """A running `redis-server`.

    A durable one writes every change to disk before it answers; the other one forgets everything when it is killed.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._program = redis_program()
        self._keep = ["appendonly yes", "appendfsync always"] if durable else ["appendonly no"]
        super().__init__("redis", ending="SIGKILL")  # what it has not written, nobody will read
        self.start()

    @property
    def url(self) -> str:
        """`redis://:password@127.0.0.1:port/0`."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def _command(self) -> list[object]:
        settings = [
            *("bind 127.0.0.1", f"port {self.port}", f"requirepass {self._password}", f"dir {self.folder}"),
            *('save ""', *self._keep),
        ]
        (self.folder / "redis.conf").write_text("\n".join(settings) + "\n", encoding="ascii")
        return [self._program, self.folder / "redis.conf"]

    def _answers(self) -> bool:
        try:
            with Wire(self.url) as wire:
                return bool(wire.call("PING") == "PONG")
        except (OSError, RedisReplyError):  # not there yet, or still loading
            return False


class RedisReplyError(Exception):
    """What Redis answered instead of a result."""


class Wire:
    """One connection that speaks RESP2: enough to ask for a sign of life and to delete keys."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(parts.path)
        else:
            self._socket = socket.create_connection((parts.hostname, parts.port or 6379), timeout=5)
        if parts.scheme == "rediss":
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=parts.hostname)
        self._stream = self._socket.makefile("rb")
        try:
            if parts.password:
                user = [unquote(parts.username)] if parts.username else []
                self.call("AUTH", *user, unquote(parts.password))
            if parts.path.strip("/") and parts.scheme != "unix":
                self.call("SELECT", parts.path.strip("/"))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._stream.close()
        self._socket.close()

    def call(self, *words: str) -> Any:
        """Send a command, return its answer: str, int, list or None. Raises RedisReplyError for `-ERR ...`."""
        parts = [f"*{len(words)}\r\n".encode()]
        for word in words:
            body = word.encode()
            parts += [f"${len(body)}\r\n".encode(), body, b"\r\n"]
        self._socket.sendall(b"".join(parts))
        return self._read()

    def _read(self) -> Any:
        line = self._stream.readline()
        if not line:
            raise ConnectionResetError("Redis hung up")
        kind, rest = line[:1], line[1:].rstrip().decode()
        if kind == b"-":
            raise RedisReplyError(rest)
        if kind == b"+":
            return rest
        if kind == b"*":
            return [self._read() for _ in range(int(rest))]
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self._stream.read(size + 2)[:-2].decode(errors="surrogateescape")
        return int(rest)


def delete_keys(url: str, prefix: str) -> None:
    """Delete every key that begins with `prefix`; nothing when the server is away."""
    with contextlib.suppress(OSError), Wire(url) as wire:
        cursor = "0"
        while True:
            cursor, keys = wire.call("SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", "1000")
            _unlink(wire, keys)
            if cursor == "0":
                return


def _unlink(wire: Wire, keys: Sequence[str]) -> None:
    if keys:
        wire.call("UNLINK", *keys)
