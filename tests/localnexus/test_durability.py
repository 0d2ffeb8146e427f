"""What was acknowledged survives; what was not is never half there."""

from __future__ import annotations

import asyncio
import hashlib
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import httpx2
import pytest

from tooling.localnexus import HOSTED, Disk, IndexSettings, running_index
from tooling.localnexus.database import connect
from tooling.localnexus.disk import StagedFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localnexus.door import Door

SERVE = """
import pathlib, sys
from tooling.localnexus import IndexSettings, serve
settings = IndexSettings(data=pathlib.Path(sys.argv[1]), password="secret")
serve(settings, started=lambda running: print(running.url, flush=True))
"""
LOGIN = ("admin", "secret")


class RecordingDisk(Disk):
    """Notes the order of the calls that matter when the power fails."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, file: BinaryIO, data: bytes) -> None:
        self.calls.append("write")
        super().write(file, data)

    def sync(self, file: BinaryIO) -> None:
        super().sync(file)
        self.calls.append("sync file")

    def rename(self, source: Path, target: Path) -> None:
        self.calls.append("rename")
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.calls.append("sync folder")


def test_an_upload_is_durable_before_it_is_answered(open_index: Callable[..., Door]) -> None:
    """Bytes, name, folder, row, answer: in this order, so that no crash can show a file that is not whole."""
    disk = RecordingDisk()
    door = open_index(disk=disk)
    disk.calls.clear()
    rows_when_synced: list[int] = []
    plain = disk.sync_folder

    def sync_folder(folder: Path) -> None:
        plain(folder)
        rows_when_synced.append(len(door.assets()))

    disk.sync_folder = sync_folder  # type: ignore[method-assign] # one recorder more
    door.faults.on_response = lambda method, *_: disk.calls.append("answer") if method == "POST" else None
    assert door.upload().status_code == 200
    assert disk.calls == ["write", "sync file", "rename", "sync folder", "answer"]
    assert rows_when_synced == [0]
    assert len(door.assets()) == 1


def test_the_database_waits_for_the_disk(door: Door) -> None:
    connection = connect(door.running.data / "index.db")
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


class FailingDisk(Disk):
    """Fails the calls that are named in `broken`."""

    def __init__(self) -> None:
        self.broken: set[str] = set()

    def _check(self, call: str) -> None:
        if call in self.broken:
            raise OSError(5, "Input/output error")

    def write(self, file: BinaryIO, data: bytes) -> None:
        self._check("write")
        super().write(file, data)

    def sync(self, file: BinaryIO) -> None:
        self._check("sync")
        super().sync(file)

    def rename(self, source: Path, target: Path) -> None:
        self._check("rename")
        super().rename(source, target)

    def sync_folder(self, folder: Path) -> None:
        self._check("sync folder")
        super().sync_folder(folder)


@pytest.mark.parametrize("call", ["write", "sync", "rename", "sync folder"])
def test_a_disk_that_fails_at_any_step_leaves_nothing(open_index: Callable[..., Door], call: str) -> None:
    disk = FailingDisk()
    door = open_index(disk=disk)
    disk.broken = {call}
    assert door.upload().status_code == 500
    disk.broken = set()
    assert not door.assets()
    assert door.links("demo") == {}
    assert stray(door.running.data) == 0
    assert door.upload().status_code == 200
    assert len(door.links("demo")) == 1


class SlowDisk(Disk):
    """Writes when it is told to go on."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def write(self, file: BinaryIO, data: bytes) -> None:
        self.begun.set()
        assert self.go_on.wait(10)
        super().write(file, data)


def test_a_file_is_not_closed_under_the_thread_that_writes_it(tmp_path: Path) -> None:
    """Whoever is cancelled meanwhile waits: the number of a closed file may be another file's a moment later."""
    disk = SlowDisk()

    async def cancelled() -> bool:
        staged = StagedFile(tmp_path, disk, [])
        staged.feed(b"bytes")
        sealing = asyncio.create_task(staged.seal())
        await asyncio.to_thread(disk.begun.wait, 10)
        sealing.cancel()
        _, waiting = await asyncio.wait([sealing], timeout=0.05)
        disk.go_on.set()
        await asyncio.wait([sealing])
        staged.abandon()
        return bool(waiting) and sealing.cancelled()

    assert asyncio.run(cancelled())
    assert not list(tmp_path.iterdir())


def test_one_refused_upload_in_a_batch_takes_no_other_with_it(door: Door) -> None:
    """Uploads that arrive together are committed together, and each stands for itself."""
    names = [f"demo{number % 8}" for number in range(24)]
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda name: door.upload(name).status_code, names))
    assert sorted(statuses) == [200] * 8 + [400] * 16
    assert len(door.rest(f"/components?repository={HOSTED}").json()["items"]) == 8
    assert stray(door.running.data) == 0


def test_a_file_and_its_signature_are_taken_together_or_not_at_all(door: Door) -> None:
    door.upload(file="demo-1.0.tar.gz.asc")
    assert door.upload(files={"gpg_signature": ("s", b"signed")}).status_code == 400
    assert set(door.links("demo")) == {"demo-1.0.tar.gz.asc"}
    assert stray(door.running.data) == 0


def test_the_same_file_by_many_at_once_is_taken_once(door: Door) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: door.upload(content=str(number).encode()), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    winner = next(number for number, answer in enumerate(answers) if answer.status_code == 200)
    assert door.links("demo")["demo-1.0.tar.gz"].endswith(hashlib.sha256(str(winner).encode()).hexdigest())


def test_what_a_crash_leaves_is_swept_and_nothing_else(tmp_path: Path, client: httpx2.Client) -> None:
    settings = IndexSettings(data=tmp_path, password="secret")
    with running_index(settings) as running:
        assert post(client, running.url, "demo", b"kept").status_code == 200
    for name in ("incoming/half", "blobs/nameless"):
        (tmp_path / name).write_bytes(b"torn")
    with running_index(settings) as running:
        assert stray(tmp_path) == 0
        path = f"/repository/{HOSTED}/packages/demo/1.0/demo-1.0.tar.gz"
        assert client.get(running.url + path).content == b"kept"


@pytest.mark.parametrize("lives", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_a_server_killed_during_uploads_loses_nothing_it_acknowledged(tmp_path: Path, lives: int) -> None:
    """Again and again: four clients upload, the server is killed after a number of answers, a new one is asked.

    Every acknowledged file has its bytes; every other is either whole or absent, in listing, page and folder alike.
    """
    data = tmp_path / "data"
    acknowledged: dict[str, bytes] = {}
    tried: dict[str, bytes] = {}
    for life in range(lives):
        live(data, life, acknowledged, tried)
    with running_index(IndexSettings(data=data, password="secret")) as running, httpx2.Client() as client:
        items = []
        token: str | None = ""
        while token is not None:
            query = {"repository": HOSTED} | ({"continuationToken": token} if token else {})
            answer = client.get(f"{running.url}/service/rest/v1/assets", params=query, auth=LOGIN).json()
            items += answer["items"]
            token = answer["continuationToken"]
        listed = {item["pypi"]["name"]: item for item in items if "/packages/" in item["path"]}
        assert acknowledged.keys() <= listed.keys() <= tried.keys()
        assert len(acknowledged) > 20
        for name, item in listed.items():
            assert client.get(item["downloadUrl"]).content == tried[name]
            page = client.get(f"{running.url}/repository/{HOSTED}/simple/{name}/").text
            assert hashlib.sha256(tried[name]).hexdigest() in page
        for name in tried.keys() - listed.keys():
            assert client.get(f"{running.url}/repository/{HOSTED}/simple/{name}/").status_code == 404
    assert stray(data) == 0
    assert len(list((data / "blobs").iterdir())) == len(listed)


def live(data: Path, life: int, acknowledged: dict[str, bytes], tried: dict[str, bytes]) -> None:
    """One life of a server: killed at a random moment after the seventh to twentieth answer."""
    dice = random.Random(life)
    enough = threading.Semaphore(0)
    stop = threading.Event()
    command = [sys.executable, "-c", SERVE, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving, httpx2.Client() as client:
        assert serving.stdout is not None
        url = serving.stdout.readline().strip()

        def publish(worker: int) -> None:
            for number in range(500):
                name = f"demo-{life}-{worker}-{number}"
                content = random.Random(name).randbytes(1 + (number * 7919) % 90_000)
                tried[name] = content
                with suppress(httpx2.TransportError):
                    if post(client, url, name, content).status_code == 200:
                        acknowledged[name] = content
                        enough.release()
                if stop.is_set():
                    return

        workers = [threading.Thread(target=publish, args=(worker,)) for worker in range(4)]
        for each in workers:
            each.start()
        for _ in range(dice.randint(7, 20)):
            assert enough.acquire(timeout=30)
        stop.wait(dice.random() * 0.02)
        serving.kill()
        stop.set()
        for each in workers:
            each.join()


def post(client: httpx2.Client, url: str, name: str, content: bytes) -> httpx2.Response:
    form: dict[str, Any] = {":action": "file_upload", "name": name, "version": "1.0", "summary": ""}
    files = {"content": (f"{name}-1.0.tar.gz", content)}
    return client.post(f"{url}/repository/{HOSTED}/", data=form, files=files, auth=LOGIN)


def stray(data: Path) -> int:
    """How many files lie in the folder that no row names."""
    connection = connect(data / "index.db")
    named = {row["blob"] for row in connection.execute("SELECT blob FROM assets")}
    connection.close()
    incoming = len(list((data / "incoming").iterdir()))
    return incoming + len({blob.name for blob in (data / "blobs").iterdir()} - named)
