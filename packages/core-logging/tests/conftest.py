"""A logging set-up whose lines the test can read, and a clean process state around each test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import maestro_core_logging as mcl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Lines:
    """A sink that keeps what it is given; `records()` waits for the writer and parses."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def text(self) -> str:
        assert mcl.flush(5.0)
        return self.data.decode()

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def last(self) -> dict[str, Any]:
        return self.records()[-1]

    def events(self) -> list[Any]:
        return [record["event"] for record in self.records()]


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(autouse=True)
def _clean_state() -> Iterator[None]:
    yield
    mcl.shutdown_logging()
    mcl.clear_context()


@pytest.fixture
def logged() -> Callable[..., Lines]:
    """Configure logging into a sink the test can read; settings as for `configure_logging`."""

    def configure(**settings: Any) -> Lines:
        lines = Lines()
        chosen: dict[str, Any] = {"service_name": "orders", "stream": lines, "capture_stdlib": False}
        mcl.configure_logging(**chosen | settings)
        return lines

    return configure


@pytest.fixture
def clock() -> Clock:
    return Clock()
