"""The fixtures. Each server is started when the first test asks for it, and serves the rest of the session.

`redis_url` and `redis_prefix` are for tests that use a Redis, `redis_server` for those that kill it; `postgres_dsn` is
a database of the test's own, with what `postgres_schema` holds. The durable ones keep what they were told over a kill.
`MAESTRO_TEST_REDIS_URL` and `MAESTRO_TEST_POSTGRES_DSN` name servers to use instead; those are never killed.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, NoReturn

import pytest

from services.postgres_server import Databases, PostgresServer
from services.programs import Unavailable
from services.redis_server import RedisServer, delete_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _go_without(reason: str) -> NoReturn:
    if os.environ.get("MAESTRO_REQUIRE_SERVICES") == "1":
        pytest.fail(f"MAESTRO_REQUIRE_SERVICES=1, and {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def _services() -> Iterator[Callable[..., RedisServer | PostgresServer]]:
    """Starts each kind of server once; ends them all."""
    running: dict[tuple[object, bool], RedisServer | PostgresServer] = {}

    def ask(kind: type[RedisServer | PostgresServer], *, durable: bool) -> RedisServer | PostgresServer:
        if (kind, durable) not in running:
            try:
                running[kind, durable] = kind(durable=durable)
            except Unavailable as reason:
                _go_without(str(reason))
        server = running[kind, durable]
        server.start()  # an earlier test may have killed it
        return server

    yield ask
    for server in running.values():
        server.close()


@pytest.fixture
def redis_server(_services: Callable[..., RedisServer]) -> RedisServer:
    """A Redis that the test may kill and restart; it is up again for the next test."""
    return _services(RedisServer, durable=False)


@pytest.fixture
def durable_redis_server(_services: Callable[..., RedisServer]) -> RedisServer:
    """A Redis that has on disk what it has acknowledged."""
    return _services(RedisServer, durable=True)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest) -> str:
    """Where a Redis is: MAESTRO_TEST_REDIS_URL, or one of ours."""
    given = os.environ.get("MAESTRO_TEST_REDIS_URL")
    if given:
        return given
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


@pytest.fixture
def redis_prefix(redis_url: str) -> Iterator[str]:
    """What the test's keys have to begin with; they are deleted afterwards."""
    prefix = f"test:{secrets.token_hex(6)}:"
    yield prefix
    delete_keys(redis_url, prefix)


@pytest.fixture
def postgres_server(_services: Callable[..., PostgresServer]) -> PostgresServer:
    """A PostgreSQL that the test may kill and restart; it is up again for the next test."""
    return _services(PostgresServer, durable=False)


@pytest.fixture
def durable_postgres_server(_services: Callable[..., PostgresServer]) -> PostgresServer:
    """A PostgreSQL that has on disk what it has committed."""
    return _services(PostgresServer, durable=True)


@pytest.fixture(scope="session")
def postgres_schema() -> str:
    """SQL that every `postgres_dsn` begins with; a test folder may give another one by a fixture of this name."""
    return ""


@pytest.fixture(scope="session")
def _databases() -> Iterator[Callable[[str], Databases]]:
    known: dict[str, Databases] = {}

    def of(dsn: str) -> Databases:
        return known.setdefault(dsn, Databases(dsn))

    yield of
    if "MAESTRO_TEST_POSTGRES_DSN" in os.environ:
        for each in known.values():
            each.close()


@pytest.fixture
def postgres_dsn(
    request: pytest.FixtureRequest, _databases: Callable[[str], Databases], postgres_schema: str
) -> Iterator[str]:
    """The DSN of a database of the test's own."""
    given = os.environ.get("MAESTRO_TEST_POSTGRES_DSN")
    if not given:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        given = server.dsn
    with _databases(given).fresh(postgres_schema) as dsn:
        yield dsn
