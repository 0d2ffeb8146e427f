"""Large files and many clients: memory stays flat, and everybody gets the right bytes."""

from __future__ import annotations

import hashlib
import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from tooling.localnexus import GROUP, HOSTED, PROXY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localnexus.door import Door

SERVE = """
import pathlib, sys
from tooling.localnexus import IndexSettings, serve
settings = IndexSettings(data=pathlib.Path(sys.argv[1]), password="secret", upstream=sys.argv[2])
serve(settings, started=lambda running: print(running.url, flush=True))
"""
LOGIN = ("admin", "secret")
MEGABYTE = 1 << 20
PIECE = bytes(range(256)) * 4096
HEAD = (
    b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % pair
        for pair in [(b":action", b"file_upload"), (b"name", b"big"), (b"version", b"1.0"), (b"summary", b"")]
    )
    + b'--b\r\nContent-Disposition: form-data; name="content"; filename="big-1.0.tar.gz"\r\n\r\n'
)
TAIL = b"\r\n--b--\r\n"
FILE = "packages/big/1.0/big-1.0.tar.gz"


@pytest.mark.parametrize(
    ("repository", "megabytes"),
    [
        pytest.param(HOSTED, 300, id="300 MB"),
        pytest.param(HOSTED, 1200, id="1.2 GB", marks=pytest.mark.slow),
        pytest.param(PROXY, 1200, id="1.2 GB through a proxy", marks=pytest.mark.slow),
    ],
)
def test_memory_does_not_grow_with_the_file(tmp_path: Path, repository: str, megabytes: int) -> None:
    """Neither of the server that takes and serves it, nor of one whose proxy fetches it from there."""
    with ExitStack() as stack:
        client = stack.enter_context(httpx2.Client(timeout=300))
        servers = [stack.enter_context(server(tmp_path / "public", "http://127.0.0.1:9/"))]
        if repository == PROXY:
            public = f"{servers[0].url}/repository/{HOSTED}/simple/"
            servers.append(stack.enter_context(server(tmp_path / "proxying", public)))
        client.get(f"{servers[-1].url}/repository/{repository}/simple/other/")
        before = [each.peak_megabytes() for each in servers]
        sent = upload(client, servers[0].url, megabytes)
        assert downloaded(client, f"{servers[-1].url}/repository/{repository}/{FILE}") == sent
        grown = [each.peak_megabytes() - then for each, then in zip(servers, before, strict=True)]
    assert max(grown) < 64, grown


def upload(client: httpx2.Client, url: str, megabytes: int) -> str:
    """Upload a file of so many megabytes; return its SHA-256."""
    headers = {
        "content-type": "multipart/form-data; boundary=b",
        "content-length": str(len(HEAD) + megabytes * MEGABYTE + len(TAIL)),
    }
    body = itertools.chain([HEAD], itertools.repeat(PIECE, megabytes), [TAIL])
    client.post(f"{url}/repository/{HOSTED}/", content=body, headers=headers, auth=LOGIN).raise_for_status()
    sha256 = hashlib.sha256()
    for _ in range(megabytes):
        sha256.update(PIECE)
    return sha256.hexdigest()


def downloaded(client: httpx2.Client, url: str) -> str:
    """The SHA-256 of what an address serves."""
    sha256 = hashlib.sha256()
    with client.stream("GET", url) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            sha256.update(piece)
    return sha256.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server in a process of its own, whose memory can be asked for."""

    url: str
    pid: int

    def peak_megabytes(self) -> float:
        """The most memory the process ever had."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024


@contextmanager
def server(data: Path, upstream: str) -> Iterator[Server]:
    command = [sys.executable, "-c", SERVE, str(data), upstream]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Server(url=process.stdout.readline().strip(), pid=process.pid)
        process.terminate()


def test_two_hundred_install_while_others_publish(door: Door) -> None:
    """Every installer sees whole pages whose every link leads to the bytes it promises."""
    for number in range(10):
        door.upload(f"demo{number}", content=content_of(f"demo{number}", "1.0"))

    def install(number: int) -> int:
        name = f"demo{number % 10}"
        page = door.get(f"/repository/{GROUP}/simple/{name}/", login=None)
        links = re.findall(r'href="\.\./\.\./([^"#]+)#sha256=([0-9a-f]+)"', page.text)
        for path, sha256 in links:
            content = door.get(f"/repository/{GROUP}/{path}", login=None).content
            assert hashlib.sha256(content).hexdigest() == sha256
        return len(links)

    def publish(number: int) -> int:
        name, version = f"demo{number % 10}", f"2.{number}"
        return door.upload(name, version, content=content_of(name, version)).status_code

    with ThreadPoolExecutor(200) as installers, ThreadPoolExecutor(4) as publishers:
        published = [publishers.submit(publish, number) for number in range(40)]
        installed = [installers.submit(install, number) for number in range(200)]
        assert {each.result() for each in published} == {200}
        assert min(each.result() for each in installed) >= 1
    assert [len(door.links(f"demo{number}", GROUP)) for number in range(10)] == [5] * 10


def content_of(name: str, version: str) -> bytes:
    return f"{name} {version} ".encode() * 2000


def test_a_reader_goes_on_while_the_file_is_deleted(open_index: Callable[..., Door]) -> None:
    door = open_index()
    content = PIECE * 8
    door.upload("big", content=content)
    (asset,) = door.assets().values()
    with door.client.stream("GET", f"{door.running.url}/repository/{HOSTED}/{FILE}") as answer:
        pieces: Iterator[bytes] = answer.iter_bytes()
        received = next(pieces)
        assert door.rest(f"/assets/{asset['id']}", "DELETE").status_code == 204
        received += b"".join(pieces)
    assert received == content
    assert door.get(f"/repository/{HOSTED}/{FILE}").status_code == 404
