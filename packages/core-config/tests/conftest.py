"""An environment without our variables, files to write, and log lines to read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import maestro_core_logging as mcl
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

settings.register_profile(
    "package", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("package")


class Lines:
    """A sink that keeps what is logged."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def text(self) -> str:
        assert mcl.flush(5.0)
        return self.data.decode()


@pytest.fixture(autouse=True)
def _clean_world(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(("MAESTRO_", "SHOP_", "ENVIRONMENT")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def logged() -> Iterator[Lines]:
    """What the library logs."""
    lines = Lines()
    mcl.configure_logging("tests", stream=lines, capture_stdlib=False, format="json")
    yield lines
    mcl.shutdown_logging()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file and return its path."""

    def put(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return put
