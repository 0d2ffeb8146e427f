"""Workspaces ready to be published, and a user to publish them as."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mistakes import Bystander
from observed_index import observed_index
from originals import ONE, THIRTEEN, THREE, Original, copied, make_original
from publishers import user_environment
from releasers import Releaser, make_releaser
from warm_invoke import WarmInvoke, warm_invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmInvoke]:
    """`invoke` without start-up time."""
    with warm_invoke() as lent:
        yield lent


@pytest.fixture
def user(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Make the environment of a user with a home of their own, from further variables."""
    return lambda **variables: user_environment(tmp_path / "home", **variables)


@pytest.fixture(scope="session")
def one(tmp_path_factory: pytest.TempPathFactory, warm: WarmInvoke) -> Original:
    """A single package."""
    return make_original(tmp_path_factory.mktemp("one"), ONE, warm)


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory, warm: WarmInvoke) -> Original:
    """Three packages in a row."""
    return make_original(tmp_path_factory.mktemp("three"), THREE, warm)


@pytest.fixture(scope="session")
def thirteen(tmp_path_factory: pytest.TempPathFactory, warm: WarmInvoke) -> Original:
    """A platform with extras that cross its waves."""
    return make_original(tmp_path_factory.mktemp("thirteen"), THIRTEEN, warm)


@pytest.fixture
def bystander(
    three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> Iterator[Bystander]:
    """A workspace to make mistakes in, and an empty index."""
    with observed_index(tmp_path / "index") as index:
        yield Bystander(workspace=copied(three.built, tmp_path / "workspace"), index=index, warm=warm, user=user)


@pytest.fixture
def releaser(three: Original, warm: WarmInvoke, tmp_path: Path) -> Iterator[Releaser]:
    """Somebody with a clone, a remote, and an empty index."""
    with observed_index(tmp_path / "index") as index:
        yield make_releaser(tmp_path, three.built, warm, index)
