"""A server that runs: in a thread of this process, or in the foreground until it is interrupted."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from uvicorn.config import Config
from uvicorn.server import ServerState

from tooling.errors import FailedError
from tooling.localnexus.application import Index
from tooling.localnexus.lock import held
from tooling.localnexus.security import ADMIN, first_start
from tooling.localnexus.wire import NexusProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from tooling.localnexus.settings import IndexSettings

_BACKLOG: Final = 1024
_IDLE_SECONDS: Final = 30
"""How long a connection may be idle, as in Nexus."""
_GRACE_SECONDS: Final = 3.0
"""How long requests may take to end when the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningIndex:
    """A server that serves.

    Attributes:
        url: its root, without a last slash; the context path included.
        username: who may do everything.
        password: of that user; None when the data folder was made earlier and nothing tells it.
        data: its folder.
    """

    url: str
    port: int
    username: str
    password: str | None = field(repr=False)
    data: Path


@contextmanager
def running_index(settings: IndexSettings) -> Iterator[RunningIndex]:
    """Serve from a thread of this process for as long as the block runs.

    Requests may be sent at once: the address is taken and the data opened when the block begins.

    Raises:
        RefusedError: SV01, another server holds the folder; SV03, its data is of another release.
        FailedError: SV05, the address is taken or cannot be used.
    """
    with _opened(settings) as (index, listener, running):
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        thread = threading.Thread(
            target=_run, args=(loop, _serve(index, listener, stop)), name="index-server", daemon=True
        )
        thread.start()
        try:
            yield running
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()


def serve(settings: IndexSettings, started: Callable[[RunningIndex], None] = lambda _running: None) -> None:
    """Serve in the foreground until SIGINT or SIGTERM; `started` is told the address first.

    Raises:
        RefusedError: as `running_index`.
        FailedError: as `running_index`.
    """
    with _opened(settings) as (index, listener, running):
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        for sent in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sent, stop.set)
        started(running)
        _run(loop, _serve(index, listener, stop))


@contextmanager
def _opened(settings: IndexSettings) -> Iterator[tuple[Index, socket.socket, RunningIndex]]:
    """The folder held, the data opened, the address listened on."""
    settings.data.mkdir(parents=True, exist_ok=True)
    with _listener(settings) as listener:
        port: int = listener.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        url = f"http://{shown}:{port}{settings.prefix}"
        with held(settings.data, url):
            index = Index(settings)
            try:
                password = first_start(settings.data, index.database, settings.password)
                if password is not None:
                    index.security.remember(ADMIN, password)
                running = RunningIndex(url=url, port=port, username=ADMIN, password=password, data=settings.data)
                yield index, listener, running
            finally:
                index.database.close()


@contextmanager
def _listener(settings: IndexSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends small answers at once (TCP_NODELAY) only where the protocol is named.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise FailedError(
                "SV05",
                f"The embedded index cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
                "Stop what uses that port, or choose another port (0 takes any free one).",
            ) from error
        listener.listen(_BACKLOG)
        yield listener


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serving)


async def _serve(index: Index, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop`, then let requests end within the grace."""
    state = ServerState()
    config = Config(
        index.app,
        http=NexusProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_IDLE_SECONDS,
    )
    config.load()
    loop = asyncio.get_running_loop()
    ticking = loop.create_task(_keep_headers(state, index.settings.server_header))
    server = await loop.create_server(lambda: NexusProtocol(config, state, {}), sock=listener, backlog=_BACKLOG)
    try:
        await stop.wait()
    finally:
        server.close()
        ticking.cancel()
        await _drain(state)
        await index.close()


async def _keep_headers(state: ServerState, name: str) -> None:
    """Keep the headers of every answer, whose date changes each second."""
    while True:
        state.default_headers = [
            (b"date", formatdate(time.time(), usegmt=True).encode()),
            (b"server", name.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        await asyncio.sleep(1)


async def _drain(state: ServerState) -> None:
    """Let requests end, and what was answered reach its reader; break off what takes longer than the grace."""
    connections = [each for each in state.connections if isinstance(each, NexusProtocol)]
    for connection in connections:
        connection.shutdown()
    if state.tasks:
        _, late = await asyncio.wait(set(state.tasks), timeout=_GRACE_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    if connections:
        gone = [asyncio.ensure_future(each.lost.wait()) for each in connections]
        _, unsent = await asyncio.wait(gone, timeout=_GRACE_SECONDS)
        for waiting in unsent:
            waiting.cancel()
