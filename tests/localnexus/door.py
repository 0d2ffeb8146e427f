"""A running index and the requests that clients send to it."""

from __future__ import annotations

import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

import httpx2

from tooling.localnexus import HOSTED, Faults, IndexSettings, RunningIndex, running_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Login = tuple[str, str]

SECOND = 1_700_000_000
CONTENT = bytes(range(256)) * 4

FORM = {":action": "file_upload", "summary": "One of ours", "metadata_version": "2.4", "filetype": "sdist"}


class Clock:
    """Seconds that pass when a test says so."""

    now = float(SECOND)

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One index that is up; requests go as its administrator unless another login, or none, is given."""

    running: RunningIndex
    settings: IndexSettings
    client: httpx2.Client

    @property
    def faults(self) -> Faults:
        return self.settings.faults

    @property
    def admin(self) -> Login:
        assert self.running.password is not None
        return self.running.username, self.running.password

    def ask(self, method: str, path: str, *, login: Login | str | None = "admin", **more: Any) -> httpx2.Response:
        """Send a request to a path below the server's root."""
        auth = self.admin if isinstance(login, str) else login
        return self.client.request(method, f"{self.running.url}{path}", auth=auth, **more)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.ask("GET", path, **more)

    def rest(self, path: str, method: str = "GET", **more: Any) -> httpx2.Response:
        return self.ask(method, f"/service/rest/v1{path}", **more)

    def upload(
        self,
        name: str = "demo",
        version: str = "1.0",
        *,
        content: bytes = b"bytes",
        file: str | None = None,
        fields: Mapping[str, Any] | None = None,
        repository: str = HOSTED,
        **more: Any,
    ) -> httpx2.Response:
        """Upload a file by the classic route; a field given as None is left out."""
        form = FORM | {"name": name, "version": version} | dict(fields or {})
        parts = {"content": (file or f"{name}-{version}.tar.gz", content)} | more.pop("files", {})
        data = {key: value for key, value in form.items() if value is not None}
        return self.ask("POST", f"/repository/{repository}/", data=data, files=parts, **more)

    def links(self, name: str, repository: str = HOSTED) -> dict[str, str]:
        """The files on a project's page and their addresses, as they stand there."""
        answer = self.get(f"/repository/{repository}/simple/{name}/", login=None)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return {}
        answer.raise_for_status()
        found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', answer.text)
        return {unescape(text): unescape(href) for href, text in found}

    def assets(self) -> dict[str, dict[str, Any]]:
        """All assets of the hosted repository, by path."""
        items = self.rest("/assets", params={"repository": HOSTED}).json()["items"]
        return {item["path"]: item for item in items}

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are, and return all that comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.running.port), timeout=10) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def opened(client: httpx2.Client, data: Path, **settings: Any) -> Iterator[Door]:
    """Run an index on a folder."""
    made = IndexSettings(data=data, **settings)
    with running_index(made) as running:
        yield Door(running=running, settings=made, client=client)


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something the server does on its own; it fails when that does not happen at all."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def message_on(answer: httpx2.Response) -> str:
    """The message on an HTML error page, as a client takes it out."""
    found = re.search(r'<div class="content-section">(.*?)</div>', answer.text, re.DOTALL)
    assert found is not None, answer.text
    return unescape(found[1].strip())
