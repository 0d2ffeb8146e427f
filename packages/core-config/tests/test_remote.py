"""Vault and Consul, as far as stand-ins on loopback can show: not tested on the real servers.

The stand-ins follow the public API documents: paths, headers, status codes and bodies of KV version 2 and of Consul's
KV store.
"""

from __future__ import annotations

import base64
import json
import random
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from maestro_core_config import (
    BaseConfig,
    ConfigError,
    ConfigManager,
    ConsulLoader,
    Field,
    SecretStr,
    SourceUnavailableError,
    VaultLoader,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "s.hunter2-Zq9pLx"


Answer = tuple[int, Any]


class StubServer:
    """A stand-in on loopback, not the real server: answers GET by a function of path, query and headers.

    `faults` are answered first: a status, or "hang up".
    """

    def __init__(self, answer: Callable[[str, dict[str, list[str]], dict[str, str]], Answer]) -> None:
        self.requests: list[str] = []
        self.secrets: dict[str, Any] = {}
        self.faults: list[int | str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                stub.requests.append(self.path)
                fault = stub.faults.pop(0) if stub.faults else None
                if fault == "hang up":
                    self.close_connection = True
                    return
                status, body = (
                    (int(fault), {"errors": []})
                    if fault is not None
                    else answer(
                        unquote(parts.path), parse_qs(parts.query), {k.lower(): v for k, v in self.headers.items()}
                    )
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


def stand_in_vault(secrets: dict[str, Any], token: str) -> StubServer:
    """Stand in for a Vault with one KV version 2 engine; `secrets` maps `mount/path` to values, None for deleted."""

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


def stand_in_consul(keys: dict[str, bytes | None], token: str | None = None) -> StubServer:
    """Stand in for a Consul agent's KV interface; `keys` maps full keys to values, None for a key without a value."""

    def answer(path: str, query: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if token is not None and headers.get("x-consul-token") != token:
            return 403, b"Permission denied"
        prefix = path.removeprefix("/v1/kv/")
        assert query == {"recurse": ["true"]}
        found = [
            {
                "LockIndex": 0,
                "Key": key,
                "Flags": 0,
                "CreateIndex": 1,
                "ModifyIndex": 2,
                "Value": None if value is None else base64.b64encode(value).decode(),
            }
            for key, value in sorted(keys.items())
            if key.startswith(prefix)
        ]
        return (200, found) if found else (404, b"")

    return StubServer(answer)


class Database(BaseConfig):
    """A section with a secret."""

    password: SecretStr = SecretStr("")
    port: int = 5432


class Settings(BaseConfig):
    """A configuration with a section."""

    database: Database = Database()
    hosts: list[str] = Field(default_factory=list)
    name: str = "none"


@pytest.fixture
def vault() -> Iterator[Any]:
    """A stand-in of Vault, which says so."""
    secrets: dict[str, Any] = {
        "secret/orders/live": {"database": {"password": "from-vault", "port": 5}, "hosts": ["a"]},
        "secret/deleted": None,
    }
    with stand_in_vault(secrets, TOKEN) as server:
        server.secrets = secrets
        yield server


@pytest.fixture
def pauses() -> list[float]:
    return []


def vault_loader(server: Any, pauses: list[float], path: str = "orders/live", **more: Any) -> VaultLoader:
    return VaultLoader(server.url, more.pop("token", TOKEN), path, sleep=pauses.append, rng=random.Random(1), **more)


def test_a_vault_secret_reaches_the_fields_and_names_its_version(vault: Any, pauses: list[float]) -> None:
    manager = ConfigManager(Settings, loaders=[vault_loader(vault, pauses)])
    config = manager.load()
    assert (config.database.password.get_secret_value(), config.database.port, config.hosts) == ("from-vault", 5, ["a"])
    assert manager.explain("database.port").source == f"vault {vault.url} secret/orders/live (version 3)"
    assert vault.requests == ["/v1/secret/data/orders/live"]
    assert pauses == []


@pytest.mark.parametrize("fault", [500, 503, 429, "hang up"])
def test_what_may_pass_is_tried_again_twice(vault: Any, pauses: list[float], fault: int | str) -> None:
    vault.faults = [fault, fault]
    assert ConfigManager(Settings, loaders=[vault_loader(vault, pauses)]).load().database.port == 5
    assert len(vault.requests) == 3
    assert [0.05 <= pauses[0] <= 0.15, 0.1 <= pauses[1] <= 0.3] == [True, True]
    vault.faults = [fault] * 3
    with pytest.raises(ConfigError, match=r"did not answer \(.*\) in 3 tries"):
        ConfigManager(Settings, loaders=[vault_loader(vault, pauses)]).load()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"token": "wrong"}, r"refuses this token \(403\)"),
        ({"path": "nothing"}, "no such secret"),
        ({"path": "deleted"}, "was deleted"),
        ({"mount_point": "kv1"}, "no such secret"),
    ],
)
def test_what_cannot_pass_is_not_tried_again_and_said_in_words(
    vault: Any, pauses: list[float], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        vault_loader(vault, pauses, **arguments).load()
    assert len(vault.requests) == 1
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {"x": 1}}', b"<html>", b"\xff"])
def test_an_answer_that_is_not_vaults_is_said_to_be_none(pauses: list[float], body: bytes) -> None:
    with StubServer(lambda *_: (200, body)) as server, pytest.raises(ConfigError, match="KV engine of version 2"):
        vault_loader(server, pauses).load()


def test_a_redirect_is_not_followed_so_the_token_goes_nowhere_else(pauses: list[float]) -> None:
    with StubServer(lambda *_: (307, b"")) as server, pytest.raises(ConfigError, match="answers 307"):
        vault_loader(server, pauses).load()


def test_an_answer_of_more_than_a_mebibyte_is_refused(pauses: list[float]) -> None:
    big = b'"' + b"x" * (1024 * 1024) + b'"'
    with StubServer(lambda *_: (200, big)) as server, pytest.raises(ConfigError, match="more than 1048576 bytes"):
        vault_loader(server, pauses).load()


def test_a_namespace_is_sent(pauses: list[float]) -> None:
    seen: list[Any] = []

    def answer(_path: str, _query: Any, headers: dict[str, str]) -> Any:
        seen.append(headers.get("x-vault-namespace"))
        return 200, {"data": {"data": {}, "metadata": {"version": 1}}}

    with StubServer(answer) as server:
        vault_loader(server, pauses, namespace="team").load()
    assert seen == ["team"]


def closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_an_unreachable_source_is_an_error_at_start_unless_it_is_optional(pauses: list[float]) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    required = VaultLoader(url, TOKEN, "x", sleep=pauses.append)
    with pytest.raises(SourceUnavailableError, match="ConnectError"):
        required.load()
    with pytest.raises(ConfigError, match="did not answer"):
        ConfigManager(Settings, loaders=[required]).load()
    manager = ConfigManager(Settings, loaders=[VaultLoader(url, TOKEN, "x", optional=True, sleep=pauses.append)])
    assert manager.load().name == "none"
    assert "did not answer" in str(manager.warnings[0])


def test_a_server_that_never_answers_is_given_up_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SourceUnavailableError, match="ReadTimeout"):
            VaultLoader(url, TOKEN, "x", timeout=0.05, retries=0).load()


def test_a_later_failure_keeps_the_snapshot(vault: Any, pauses: list[float]) -> None:
    manager = ConfigManager(Settings, loaders=[vault_loader(vault, pauses, optional=True)])
    manager.load()
    vault.faults = [503] * 3
    assert manager.reload().status == "rejected"
    assert manager.current.database.port == 5
    vault.secrets["secret/orders/live"]["database"]["port"] = 6
    assert manager.reload().paths == ("database.port",)


def test_a_watching_manager_asks_again_after_refresh_seconds() -> None:
    now = [0.0]
    loader = VaultLoader("http://localhost", TOKEN, "x", refresh=60, clock=lambda: now[0])
    first = loader.fingerprint()
    now[0] = 59
    assert loader.fingerprint() == first
    now[0] = 60
    assert loader.fingerprint() != first
    assert VaultLoader("http://localhost", TOKEN, "x", refresh=None).fingerprint() is None


KEYS: dict[str, bytes | None] = {
    "shop/": None,
    "shop/database/": None,
    "shop/database/port": b"7",
    "shop/database/password": b"from-consul",
    "shop/hosts": b'["x", "y"]',
    "shop/name": b"{odd",
    "shopping/name": b"of another",
}


def test_consul_keys_reach_the_fields_and_are_named() -> None:
    with stand_in_consul(KEYS, TOKEN) as server:
        loader = ConsulLoader("127.0.0.1", server.port, "/shop/", token=TOKEN)
        manager = ConfigManager(Settings, loaders=[loader], unknown="error")
        config = manager.load()
    assert config.database == Database(password=SecretStr("from-consul"), port=7)
    assert (config.hosts, config.name) == (["x", "y"], "{odd")
    assert manager.explain("database.port").source == f"consul {server.url} shop/database/port"


def test_consuls_refusals_are_said_in_words() -> None:
    with stand_in_consul(KEYS, TOKEN) as server:
        with pytest.raises(ConfigError, match=r"refuses this token \(403\)"):
            ConsulLoader("127.0.0.1", server.port, "shop", token="wrong").load()
        with pytest.raises(ConfigError, match="no keys below the prefix"):
            ConsulLoader("127.0.0.1", server.port, "nothing", token=TOKEN).load()
    with stand_in_consul({"shop/name": b"\xff"}) as server, pytest.raises(ConfigError, match="values in UTF-8"):
        ConsulLoader("127.0.0.1", server.port, "shop").load()
    with StubServer(lambda *_: (200, b"{}x")) as server, pytest.raises(ConfigError, match="not a list of keys"):
        ConsulLoader("127.0.0.1", server.port, "shop").load()
    with StubServer(lambda *_: (400, b"")) as server, pytest.raises(ConfigError, match="answers 400"):
        ConsulLoader("127.0.0.1", server.port, "shop").load()


def test_a_key_that_has_keys_below_it_gives_way_to_them() -> None:
    with stand_in_consul({"shop/database": b"x", "shop/database/port": b"1"}) as server:
        assert ConsulLoader("127.0.0.1", server.port, "shop").load().values == {"database": {"port": "1"}}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VaultLoader("vault:8200", TOKEN, "x"), "must begin with http"),
        (lambda: VaultLoader(f"http://u:{TOKEN}@v", "t", "x"), "hold no password"),
        (lambda: VaultLoader("http://v", "a\nb", "x"), "no header can carry"),
        (lambda: VaultLoader("http://v", TOKEN, "/"), "must not be empty"),
        (lambda: VaultLoader("http://v", TOKEN, "x", timeout=0), "above zero"),
        (lambda: VaultLoader("http://v", TOKEN, "x", refresh=-1), "above zero"),
        (lambda: VaultLoader("http://v", TOKEN, "x", retries=-1), "whole number"),
        (lambda: ConsulLoader(port=0), "from 1 to 65535"),
        (lambda: ConsulLoader(prefix="/"), "must not be empty"),
        (lambda: ConsulLoader("[bad"), "must begin with http"),
    ],
)
def test_misuse_fails_at_construction_and_shows_no_token(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert TOKEN not in str(caught.value)


def test_a_loader_shows_no_token() -> None:
    loader = VaultLoader("http://v", TOKEN, "x")
    assert TOKEN not in f"{loader!r} {loader} {loader.name}"
