"""What several test files lean on."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from maestro_core_logging import configure_logging, shutdown_logging
from maestro_monitoring.exposition import Scrape
from maestro_resilience.testing import VirtualClock
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

settings.register_profile("package", deadline=None, max_examples=60)
settings.load_profile("package")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1_000)


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry of the test's own."""
    return CollectorRegistry()


@pytest.fixture
def value(registry: CollectorRegistry) -> Callable[..., float | None]:
    """The value of a series as a scrape has it; None when there is none."""

    def read(name: str, /, **labels: str) -> float | None:
        samples = (sample for metric in Scrape(registry).collect() for sample in metric.samples)
        return next((each.value for each in samples if each.name == name and each.labels == labels), None)

    return read


@pytest.fixture
def logged() -> Iterator[list[dict[str, Any]]]:
    """What is logged while the test runs."""
    records: list[dict[str, Any]] = []

    def keep(data: bytes) -> None:
        records.extend(json.loads(line) for line in data.splitlines())

    configure_logging("test", stream=keep, writer="sync", capture_stdlib=False, capture_warnings=False)
    yield records
    shutdown_logging()


@pytest.fixture
def get() -> Callable[..., Any]:
    """Ask an ASGI application; returns status, headers and body."""

    async def ask(
        app: Any, path: str = "/metrics", *, method: str = "GET", accept: str = "", query: str = "", **scope: Any
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        headers = [(b"accept", accept.encode())] if accept else []
        asked = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": query.encode()}
        await app({"root_path": "", "raw_path": path.encode(), **asked, **scope}, receive, send)
        head = {name.decode(): text.decode() for name, text in sent[0].get("headers", ())}
        return sent[0]["status"], head, b"".join(message.get("body", b"") for message in sent[1:])

    return ask


def program(name: str) -> str:
    """The path of a program of Prometheus; skips where it is not installed, and fails where CI requires it."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not on PATH; install Debian's package prometheus"
        if os.environ.get("MAESTRO_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    return program("promtool")


@pytest.fixture(scope="session")
def prometheus() -> str:
    return program("prometheus")
