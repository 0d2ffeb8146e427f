"""What the tests of the embedded index share: one HTTP client, and an index on a fresh folder."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from localnexus.door import CONTENT, SECOND, Clock, Door, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow proofs out unless a marker expression asks for them (`-m slow`)."""
    if not config.getoption("markexpr"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def client() -> Iterator[httpx2.Client]:
    """One client for all tests: making one takes longer than most of them."""
    with httpx2.Client(timeout=30, trust_env=False) as made:
        yield made


@pytest.fixture(scope="session")
def shared(client: httpx2.Client, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One index for all tests that leave it as it is: projects `demo` and `d`, one file each, of a known second."""
    with opened(client, tmp_path_factory.mktemp("shared"), clock=lambda: SECOND + 0.5) as made:
        for name in ("demo", "d"):
            made.upload(name, content=CONTENT).raise_for_status()
        yield made


@pytest.fixture
def open_index(client: httpx2.Client, tmp_path: Path) -> Iterator[Callable[..., Door]]:
    """Open indexes with settings of one's own; each has a folder of its own unless `data` is given."""
    with ExitStack() as stack:

        def open_one(**settings: Any) -> Door:
            data = settings.pop("data", None) or tmp_path / f"data-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(opened(client, data, **settings))

        yield open_one


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until a test moves it; to be given to an index."""
    return Clock()


@pytest.fixture
def door(open_index: Callable[..., Door]) -> Door:
    """An index with the default settings."""
    return open_index()
