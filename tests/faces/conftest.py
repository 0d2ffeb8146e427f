"""A desk to type commands at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from desks import Desk
from warm_invoke import WarmInvoke, warm_invoke

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmInvoke]:
    """`invoke` without start-up time."""
    with warm_invoke() as lent:
        yield lent


@pytest.fixture
def desk(tmp_path: Path, warm: WarmInvoke) -> Desk:
    """A workspace of one's own."""
    return Desk(tmp_path, warm)
