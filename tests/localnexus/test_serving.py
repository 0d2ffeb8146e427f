"""Starting, stopping, holding a folder, and who may log in."""

from __future__ import annotations

import ast
import base64
import gc
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from localnexus.door import wait_until
from tooling.errors import FailedError, RefusedError, UsageError
from tooling.localnexus import HOSTED, IndexSettings, add_user, holder, running_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx2

    from localnexus.door import Door

SERVE = """
import pathlib, sys
from tooling.localnexus import IndexSettings, serve
serve(IndexSettings(data=pathlib.Path(sys.argv[1])), started=lambda running: print(running.url, flush=True))
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own on `tmp_path / "data"`, and its address."""
    command = [sys.executable, "-c", SERVE, str(tmp_path / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        yield serving, serving.stdout.readline().strip()
        serving.kill()


def test_the_first_password_is_made_and_kept_for_its_owner_alone(door: Door) -> None:
    file = door.running.data / "admin.password"
    assert file.read_text() == door.running.password
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert door.running.password not in repr(door.running)
    assert door.upload().status_code == 200


def test_small_answers_leave_at_once_on_connections_that_are_kept(door: Door) -> None:
    """Headers and body are written apart; held back until acknowledged (RFC 896), each body would come 40 ms late."""
    with socket.create_connection(("127.0.0.1", door.running.port)) as client:
        client.sendall(b"GET /service/rest/v1/status HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(15).startswith(b"HTTP/1.1 ")
        (served,) = (each for each in gc.get_objects() if type(each) is socket.socket and _talks_to(each, client))
        assert served.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def _talks_to(one: socket.socket, other: socket.socket) -> bool:
    try:
        return bool(one.getpeername() == other.getsockname())
    except OSError:
        return False


def test_files_users_and_password_outlive_the_server(open_index: Callable[..., Door], tmp_path: Path) -> None:
    with running_index(IndexSettings(data=tmp_path / "data")) as first:
        add_user(first, "reader", "secret", ["nx-repository-view-*-*-read"])
        password = first.password
    second = open_index(data=tmp_path / "data")
    assert second.running.password == password
    assert second.get(f"/repository/{HOSTED}/simple/", login=("reader", "secret")).status_code == 200


def test_the_environment_sets_the_password_of_an_empty_folder_only(
    open_index: Callable[..., Door], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXUS_SECURITY_INITIAL_PASSWORD", "from the environment")
    with running_index(IndexSettings(data=tmp_path / "data")) as first:
        assert first.password == "from the environment"
        assert not (tmp_path / "data" / "admin.password").exists()
    monkeypatch.setenv("NEXUS_SECURITY_INITIAL_PASSWORD", "another")
    second = open_index(data=tmp_path / "data")
    assert second.running.password is None
    status = "/service/rest/v1/status"
    assert second.get(status, login=("admin", "another")).status_code == 401
    assert second.get(status, login=("admin", "from the environment")).status_code == 200


def test_a_password_that_is_given_replaces_the_one_there_was(open_index: Callable[..., Door], tmp_path: Path) -> None:
    with running_index(IndexSettings(data=tmp_path / "data")) as first:
        old = first.password
    door = open_index(data=tmp_path / "data", password="a new one")
    assert not (tmp_path / "data" / "admin.password").exists()
    assert door.rest("/status", login=("admin", "a new one")).status_code == 200
    assert door.rest("/status", login=("admin", old)).status_code == 401


def test_no_password_stands_in_the_data(open_index: Callable[..., Door]) -> None:
    """Neither one that was given, nor one in the address of the upstream index."""
    door = open_index(password="pa$$ word", upstream="http://user:up$tream@127.0.0.1:9/simple/")
    add_user(door.running, "reader", "re@der", [])
    door.get("/repository/pypi-proxy/simple/demo/")
    door.rest("/status", login=("reader", "re@der"))
    assert "pa$$ word" not in repr(door.settings)
    assert "up$tream" not in repr(door.settings)
    for file in door.running.data.rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        assert not any(secret in data for secret in (b"pa$$ word", b"re@der", b"up$tream"))


def test_a_user_changed_while_the_server_runs_is_noticed_at_once(door: Door) -> None:
    path = f"/service/rest/v1/components?repository={HOSTED}"
    add_user(door.running, "someone", "first", [])
    assert door.get(path, login=("someone", "first")).status_code == 403
    add_user(door.running.data, "someone", "second", ["nx-repository-view-pypi-*-browse"])
    assert door.get(path, login=("someone", "first")).status_code == 401
    assert door.get(path, login=("someone", "second")).status_code == 200


@pytest.mark.parametrize(
    ("userid", "password", "privileges"),
    [
        ("", "x", []),
        ("a:b", "x", []),
        ("a", "", []),
        ("a", "x", ["nx-repository-view-npm-x-read"]),
        ("a", "x", ["nx-repository-view-pypi-x-write"]),
        ("a", "x", ["add"]),
    ],
)
def test_a_user_that_cannot_be_is_refused(tmp_path: Path, userid: str, password: str, privileges: list[str]) -> None:
    with pytest.raises(UsageError, match="SV04"):
        add_user(tmp_path, userid, password, privileges)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_other_machines_are_served_with_a_password_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="SV02"):
        IndexSettings(data=tmp_path, host=host)
    with pytest.raises(UsageError, match="SV02"):
        IndexSettings(data=tmp_path, host=host, password="")
    assert IndexSettings(data=tmp_path, host=host, password="x").host == host


def test_by_default_only_this_machine_is_served(door: Door) -> None:
    assert door.running.url == f"http://127.0.0.1:{door.running.port}"


def test_a_folder_has_one_server_and_the_second_is_told_which(door: Door) -> None:
    found = holder(door.running.data)
    assert found is not None
    assert (found.pid, found.url) == (os.getpid(), door.running.url)
    with (
        pytest.raises(RefusedError, match=f"SV01.*process {os.getpid()} at {door.running.url}") as refused,
        running_index(IndexSettings(data=door.running.data)),
    ):
        pass
    assert refused.value.facts == {"pid": os.getpid(), "url": door.running.url}
    assert door.rest("/status").status_code == 200


def test_nobody_holds_a_folder_that_is_not_served(tmp_path: Path) -> None:
    assert holder(tmp_path / "absent") is None
    with running_index(IndexSettings(data=tmp_path)):
        assert holder(tmp_path) is not None
    assert holder(tmp_path) is None


def test_a_server_that_was_killed_holds_nothing(
    process: tuple[subprocess.Popen[str], str], tmp_path: Path, client: httpx2.Client
) -> None:
    serving, url = process
    found = holder(tmp_path / "data")
    assert found is not None
    assert (found.pid, found.url) == (serving.pid, url)
    with pytest.raises(RefusedError, match=str(serving.pid)), running_index(IndexSettings(data=tmp_path / "data")):
        pass
    serving.kill()
    serving.wait()
    assert "pid" in (tmp_path / "data" / "lock").read_text()
    assert holder(tmp_path / "data") is None
    with running_index(IndexSettings(data=tmp_path / "data")) as running:
        assert client.get(f"{running.url}/service/rest/v1/status").status_code == 200


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_server_in_the_foreground_ends_when_it_is_told_to(
    process: tuple[subprocess.Popen[str], str], tmp_path: Path, client: httpx2.Client, sent: signal.Signals
) -> None:
    serving, url = process
    assert client.get(f"{url}/service/rest/v1/status").status_code == 200
    serving.send_signal(sent)
    assert serving.wait(20) == 0
    assert holder(tmp_path / "data") is None


def test_those_who_only_look_do_not_keep_a_server_from_starting(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            holder(tmp_path)

    (tmp_path / "lock").touch()
    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(5):
            with running_index(IndexSettings(data=tmp_path)):
                pass
    finally:
        stop.set()
        looking.join()


def test_a_port_that_is_taken_is_told(door: Door, tmp_path: Path) -> None:
    settings = IndexSettings(data=tmp_path / "other", port=door.running.port)
    with pytest.raises(FailedError, match=f"SV05.*{door.running.port}"), running_index(settings):
        pass
    assert holder(tmp_path / "other") is None


def test_data_of_another_release_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "index.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(RefusedError, match="SV03"), running_index(IndexSettings(data=tmp_path)):
        pass


def test_stopping_lets_an_upload_end(tmp_path: Path, client: httpx2.Client) -> None:
    settings = IndexSettings(data=tmp_path)
    begun = threading.Event()
    settings.faults.on_request = lambda *_: begun.set()
    settings.faults.upload_seconds = 0.2
    answers: list[httpx2.Response] = []
    with running_index(settings) as running:
        assert running.password is not None
        form: dict[str, Any] = {
            "data": {":action": "file_upload", "name": "demo", "version": "1", "summary": ""},
            "files": {"content": ("demo-1.tar.gz", b"x")},
            "auth": (running.username, running.password),
        }
        url = f"{running.url}/repository/{HOSTED}/"
        upload = threading.Thread(target=lambda: answers.append(client.post(url, **form)))
        upload.start()
        assert begun.wait(10)
    upload.join()
    assert [answer.status_code for answer in answers] == [200]


@pytest.mark.slow
def test_stopping_does_not_wait_for_ever(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An upload that does not go on is broken off, without a traceback, and leaves nothing."""
    settings = IndexSettings(data=tmp_path, password="secret")
    begun = threading.Event()
    settings.faults.on_request = lambda *_: begun.set()
    with running_index(settings) as running:
        connection = socket.create_connection(("127.0.0.1", running.port))
        head = f"POST /repository/{HOSTED}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
        form = 'Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name="x"'
        login = base64.b64encode(b"admin:secret").decode()
        connection.sendall(f"{head}Authorization: Basic {login}\r\n{form}".encode())
        assert begun.wait(10)
    with pytest.raises(ConnectionResetError), connection:
        connection.recv(100)
    assert "Traceback" not in capfd.readouterr().err


def test_no_thread_is_left_when_the_server_has_stopped(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with running_index(IndexSettings(data=tmp_path)):
        assert set(threading.enumerate()) > before
    wait_until(lambda: set(threading.enumerate()) <= before)


def test_importing_the_package_imports_no_server() -> None:
    heavy = "{'starlette', 'uvicorn', 'sqlite3', 'httpx2'}"
    code = f"import sys, tooling.localnexus; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_its_own_imports_are_the_errors_alone(pytestconfig: pytest.Config) -> None:
    folder = pytestconfig.rootpath / "tooling" / "localnexus"
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("tooling"):
                    assert name == "tooling.errors" or name.startswith("tooling.localnexus"), (module.name, name)
