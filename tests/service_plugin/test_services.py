"""A test gets a real server by asking for a fixture, may kill it, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from services.postgres_server import PostgresServer, run_sql
from services.redis_server import RedisServer, Wire

if TYPE_CHECKING:
    from pathlib import Path

    from services.guarded import Guarded


@pytest.fixture(scope="session")
def postgres_schema() -> str:
    return "CREATE TABLE fruit (name text PRIMARY KEY); INSERT INTO fruit VALUES ('apple');"


def said(url: str, *words: str) -> object:
    with Wire(url) as wire:
        return wire.call(*words)


def test_redis_answers_at_the_url(redis_url: str, redis_prefix: str) -> None:
    assert said(redis_url, "SET", f"{redis_prefix}a", "1") == "OK"
    assert said(redis_url, "GET", f"{redis_prefix}a") == "1"


@pytest.mark.parametrize("_number", [1, 2])
def test_keys_of_one_test_are_gone_in_the_next(redis_url: str, redis_prefix: str, _number: int) -> None:
    with Wire(redis_url) as wire:
        assert wire.call("KEYS", "test:*") == []
        for number in range(1_500):
            wire.call("SET", f"{redis_prefix}{number}", "x")


def test_a_killed_redis_is_away_until_it_is_restarted_at_the_same_address(redis_server: RedisServer) -> None:
    url, pid = redis_server.url, redis_server.pid
    said(url, "SET", "a", "1")
    redis_server.kill()
    assert not redis_server.alive()
    with pytest.raises(OSError, match=r"refused|reset"):
        said(url, "PING")
    redis_server.restart()
    assert (redis_server.url, redis_server.alive()) == (url, True)
    assert redis_server.pid != pid
    assert said(url, "GET", "a") is None


def test_a_server_that_a_test_left_killed_is_up_for_the_next(request: pytest.FixtureRequest) -> None:
    server: RedisServer = request.getfixturevalue("redis_server")
    server.kill()
    services = request.getfixturevalue("_services")
    assert services(RedisServer, durable=False) is server
    assert server.alive()


def test_a_durable_redis_keeps_what_it_acknowledged(durable_redis_server: RedisServer) -> None:
    said(durable_redis_server.url, "SET", "a", "1")
    durable_redis_server.restart()
    assert said(durable_redis_server.url, "GET", "a") == "1"


def test_nobody_gets_in_without_the_password(redis_server: RedisServer) -> None:
    with Wire(f"redis://127.0.0.1:{redis_server.port}") as wire, pytest.raises(Exception, match="NOAUTH"):
        wire.call("GET", "a")


def test_every_database_begins_as_the_template(postgres_dsn: str) -> None:
    assert run_sql(postgres_dsn, "SELECT name FROM fruit") == "apple"
    run_sql(postgres_dsn, "INSERT INTO fruit VALUES ('pear')")


def test_what_another_test_wrote_is_not_there(postgres_dsn: str) -> None:
    assert run_sql(postgres_dsn, "SELECT count(*) FROM fruit") == "1"


def test_a_killed_postgres_comes_back_with_what_was_committed(durable_postgres_server: PostgresServer) -> None:
    dsn = durable_postgres_server.dsn
    run_sql(dsn, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    durable_postgres_server.kill()
    with pytest.raises(RuntimeError, match="psql failed"):
        run_sql(dsn, "SELECT 1")
    durable_postgres_server.restart()
    assert run_sql(dsn, "SELECT n FROM kept") == "7"


@pytest.mark.parametrize("kind", [RedisServer, PostgresServer])
def test_a_closed_server_leaves_no_folder(kind: type[RedisServer | PostgresServer]) -> None:
    server = kind()
    folder: Path = server.folder
    assert folder.is_dir()
    server.close()
    assert not folder.exists()


def test_a_command_that_fails_is_reported_with_its_log(redis_server: RedisServer) -> None:
    guarded: Guarded = type(redis_server._guarded)("broken", ending="SIGTERM")
    with pytest.raises(RuntimeError, match="cannot access"):
        guarded.finish(["ls", guarded.folder / "nothing"])
    guarded.close()
