"""Opens the client that fits a target."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tooling.effects.clock import SystemClock
from tooling.effects.http_client import HttpClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.effects.clock import Clock
    from tooling.effects.nexus_index import NexusIndex
    from tooling.effects.simple_index import SimpleIndex
    from tooling.model.settings import Route
    from tooling.model.target import Credentials, Target


@contextmanager
def open_index(
    target: Target, credentials: Credentials | None, *, route: Route = "pypi", clock: Clock | None = None
) -> Iterator[NexusIndex | SimpleIndex]:
    """Lend a client of `target`, whose connections are given back at the end; nothing is asked yet."""
    cut = threading.Event()
    http = HttpClient(target.base, credentials, clock or SystemClock(cut), cut=cut)
    try:
        if target.kind == "simple":
            from tooling.effects.simple_index import SimpleIndex

            yield SimpleIndex(target, http)
        else:
            from tooling.effects.nexus_index import NexusIndex

            yield NexusIndex(target, http, route=route)
    finally:
        http.close()
