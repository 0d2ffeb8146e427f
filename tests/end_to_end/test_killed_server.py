"""A server that is killed while files arrive keeps all it has acknowledged, and the publisher waits for it."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observed_index import read, stored_in
from steps import KILLED, at_every_step, lives

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from originals import Original
    from publishers import Finished
    from warm_invoke import WarmInvoke, WarmRun

PASSWORD = "kept-by-the-environment"
PAUSE = 0.01


def test_a_server_killed_at_any_step_and_started_again_has_all_it_acknowledged(
    three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """The publisher ends well by itself: it asks for what it was sending, and goes on.

    A file that had been acknowledged and was lost would be missed on its page, as nobody sends it twice.
    """

    def attempt(step: int) -> Finished:
        place = Place(workspace=three.built, data=tmp_path / f"index-{step}", port=_free_port(), user=user(), warm=warm)
        with ThreadPoolExecutor(max_workers=1) as pool:
            server = place.serve(die_at=step)
            up = place.is_up(server)
            ended = pool.submit(_replaced_when_killed, place, server)
            if not up:
                ended.result()
            publisher = warm.start(three.built, "publish", "--all", environment=place.publisher)
            done = publisher.wait()
            _stop(server)
            first, second = ended.result()
            if second is not None:
                _stop(second)
                second.wait()
        assert done.code == 0, f"the server was killed before step {step}: {done.said}"
        assert stored_in(place.data) == three.pages
        return first

    assert at_every_step(attempt) > three.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server is started, and started again."""

    workspace: Path
    data: Path
    port: int
    user: dict[str, str]
    warm: WarmInvoke

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def publisher(self) -> dict[str, str]:
        """The environment of one who publishes there."""
        return self.user | {"NEXUS_URL": self.url, "NEXUS_USERNAME": "admin", "NEXUS_PASSWORD": PASSWORD}

    def serve(self, *, die_at: int | None = None) -> WarmRun:
        """Begin a server."""
        words = ("nexus.serve", "--port", str(self.port), "--data", str(self.data))
        environment = self.user | {"NEXUS_SECURITY_INITIAL_PASSWORD": PASSWORD}
        return self.warm.start(self.workspace, *words, environment=environment, die_at=die_at)

    def is_up(self, server: WarmRun) -> bool:
        """Wait until the server answers; False: it died before."""
        while lives(server.pid):
            with suppress(urllib.error.URLError, ConnectionError):
                read(f"{self.url}/service/rest/v1/status")
                return True
            time.sleep(PAUSE)
        return False


def _replaced_when_killed(place: Place, server: WarmRun) -> tuple[Finished, WarmRun | None]:
    """Wait for a server's end and, if it was killed, start another in its place."""
    ended = server.wait()
    if ended.code != KILLED:
        return ended, None
    second = place.serve()
    assert place.is_up(second)
    return ended, second


def _stop(server: WarmRun) -> None:
    with suppress(ProcessLookupError):
        os.kill(server.pid, signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
