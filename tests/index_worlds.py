"""The indexes that `tests/contract` runs on: in memory, embedded, pypiserver, and a real Nexus where there is one."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from memory_index import LOST_AFTER_STORING, MemoryIndex, MemoryStore

from tooling.effects.index_clients import open_index
from tooling.localnexus import Disk, Faults, IndexSettings, running_index
from tooling.model.secret import Secret
from tooling.model.target import Credentials, Target, read_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tooling.effects.ports import Index
    from tooling.localnexus.settings import Dialect
    from tooling.model.settings import Route

Whom = Literal["publisher", "stranger"]
Where = Literal["hosted", "group", "unknown"]
_WRONG = Secret("not the password")


class World(Protocol):
    """One index that is up, and ways to be somebody else, to aim elsewhere, and to make it misbehave."""

    def open(self, who: Whom = "publisher", where: Where = "hosted") -> Index:
        """Return a client, closed with the world; a stranger has the right name and a wrong password."""

    def stale_pages(self, meanwhile: Callable[[], object]) -> AbstractContextManager[None]:
        """While this lasts, `meanwhile` is called during every upload, and a page it reads is kept without the file."""

    def lost_answers(self) -> AbstractContextManager[None]:
        """While this lasts, uploads are stored and the connection breaks before the answer."""


class WatchedDisk(Disk):
    """Calls `meanwhile` when a file is about to get its lasting name, which is in the middle of an upload."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], object] = lambda: None

    def rename(self, source: Path, target: Path) -> None:
        self.meanwhile()
        super().rename(source, target)


@dataclass(slots=True, kw_only=True)
class MemoryWorld:
    """The stand-in."""

    dialect: Dialect = "datastore"
    store: MemoryStore = field(default_factory=MemoryStore)
    keeps: list[MemoryIndex] = field(default_factory=list)

    def open(self, who: Whom = "publisher", where: Where = "hosted") -> Index:
        """A view of the one store."""
        self.keeps.append(MemoryIndex(store=self.store, dialect=self.dialect, kind=where, accepted=who == "publisher"))
        return self.keeps[-1]

    @contextmanager
    def stale_pages(self, meanwhile: Callable[[], object]) -> Iterator[None]:
        """Switch it on for every client."""
        for each in self.keeps:
            each.stale_pages, each.meanwhile = True, meanwhile
        yield
        for each in self.keeps:
            each.stale_pages, each.meanwhile = False, lambda: None

    @contextmanager
    def lost_answers(self) -> Iterator[None]:
        """Script it for the next upload of every client."""
        for each in self.keeps:
            each.uploads[each.uploaded + 1] = LOST_AFTER_STORING
        yield


@dataclass(slots=True, kw_only=True)
class ServedWorld:
    """A server at a URL, spoken to by our own clients; `names` are its repositories by what they are for."""

    stack: ExitStack
    url: str
    username: str
    password: str
    names: dict[Where, str]
    kind: Literal["nexus", "simple"] = "nexus"
    route: Route = "pypi"
    faults: Faults | None = None
    disk: WatchedDisk = field(default_factory=WatchedDisk)

    def open(self, who: Whom = "publisher", where: Where = "hosted") -> Index:
        """A client over the wire."""
        password = Secret(self.password) if who == "publisher" else _WRONG
        credentials = Credentials(username=self.username, password=password)
        return self.stack.enter_context(open_index(self.target(where), credentials, route=self.route))

    def target(self, where: Where = "hosted") -> Target:
        """The address of one of its repositories."""
        return read_target(self.url, repository=self.names[where], group=None, kind=self.kind)[0]

    @contextmanager
    def stale_pages(self, meanwhile: Callable[[], object]) -> Iterator[None]:
        """Switch it on at the server."""
        assert self.faults is not None
        self.faults.stale_pages, self.disk.meanwhile = True, meanwhile
        try:
            yield
        finally:
            self.faults.stale_pages, self.disk.meanwhile = False, lambda: None

    @contextmanager
    def lost_answers(self) -> Iterator[None]:
        """Switch it on at the server."""
        assert self.faults is not None
        self.faults.reset_after_share, self.faults.touches = 1.0, lambda method, _: method == "POST"
        try:
            yield
        finally:
            self.faults.reset_after_share = 0.0


@contextmanager
def memory(dialect: Dialect) -> Iterator[World]:
    """The stand-in, with the words of one of Nexus' stores."""
    yield MemoryWorld(dialect=dialect)


@contextmanager
def embedded(
    folder: Path, *, dialect: Dialect = "datastore", route: Route = "pypi", old: bool = False
) -> Iterator[World]:
    """The embedded index; `old` servers show md5 only."""
    faults = Faults(search_seconds=0.0, md5_only=old, upstream_blocked=True)
    disk = WatchedDisk()
    settings = IndexSettings(data=folder, dialect=dialect, faults=faults, disk=disk)
    names: dict[Where, str] = {"hosted": "pypi-hosted", "group": "pypi-group", "unknown": "nowhere"}
    with running_index(settings) as running, ExitStack() as stack:
        yield ServedWorld(
            stack=stack,
            url=running.url,
            username=running.username,
            password=str(running.password),
            names=names,
            route=route,
            faults=faults,
            disk=disk,
        )


# pypiserver's own command can check passwords from a file only through a library that is not installed here.
_PYPISERVER = """
import os, socketserver, sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
import pypiserver
class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
class Quiet(WSGIRequestHandler):
    def log_message(self, *args): pass
app = pypiserver.app(roots=[sys.argv[1]], authenticate=["update"],
    auther=lambda user, password: (user, password) == ("ci", os.environ["PYPISERVER_PASSWORD"]))
server = make_server("127.0.0.1", 0, app, Server, Quiet)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def pypiserver(folder: Path) -> Iterator[World]:
    """A pypiserver process."""
    folder.mkdir(parents=True, exist_ok=True)
    password = secrets.token_hex(8)
    process = subprocess.Popen(
        [sys.executable, "-c", _PYPISERVER, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYPISERVER_PASSWORD": password},
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with ExitStack() as stack:
            yield ServedWorld(
                stack=stack,
                url=f"http://127.0.0.1:{port}",
                username="ci",
                password=password,
                names={"hosted": "", "group": "", "unknown": ""},
                kind="simple",
            )
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def real_nexus(route: Route) -> Iterator[World]:
    """A repository and a group of our own on the Nexus of NEXUS_URL, whose user may administer; gone afterwards."""
    import httpx2

    url, username, password = (os.environ[f"NEXUS_{each}"] for each in ("URL", "USERNAME", "PASSWORD"))
    name = f"maestro-contract-{secrets.token_hex(4)}"
    names: dict[Where, str] = {"hosted": name, "group": f"{name}-group", "unknown": f"{name}-nowhere"}
    base = read_target(url, repository=name, group=None, kind="nexus")[0].base
    storage = {"blobStoreName": "default", "strictContentTypeValidation": True}
    bodies = {
        "hosted": {"name": name, "online": True, "storage": {**storage, "writePolicy": "ALLOW_ONCE"}},
        "group": {"name": names["group"], "online": True, "storage": storage, "group": {"memberNames": [name]}},
    }
    with httpx2.Client(auth=(username, password), base_url=f"{base}/service/rest/v1/") as admin, ExitStack() as stack:
        for kind, body in bodies.items():
            made = admin.post(f"repositories/pypi/{kind}", content=json.dumps(body), headers=_JSON)
            assert made.status_code == 201, made.text
            stack.callback(admin.delete, f"repositories/{body['name']}")
        with ExitStack() as clients:
            yield ServedWorld(stack=clients, url=base, username=username, password=password, names=names, route=route)


_JSON = {"Content-Type": "application/json"}
