"""`invoke` with indexes in other processes: pypiserver, and the embedded one that `invoke nexus.serve` keeps up."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from index_worlds import ServedWorld, pypiserver
from observed_index import observed_index, pages_of
from originals import copied, runnable_workspace
from publishers import start, user_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from originals import Packages
    from warm_invoke import WarmInvoke

PACKAGES: Packages = {
    "core-logging": {},
    "resilience": {},
    "core-config": {"needs": ("core-logging", "six>=1.16")},
    "core-api": {"needs": ("core-config", "resilience"), "extras": {"log": ("core-logging",)}},
}
FILES = 2 * len(PACKAGES)


@pytest.fixture(scope="module")
def built(warm: WarmInvoke, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose files are made."""
    folder = tmp_path_factory.mktemp("four")
    workspace = runnable_workspace(folder / "workspace", PACKAGES)
    done = warm.run(workspace, "build", "--all", environment=user_environment(folder / "home"))
    assert done.code == 0, done.said
    return workspace


@pytest.fixture
def workspace(built: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return copied(built, tmp_path / "workspace")


@pytest.fixture
def simple(tmp_path: Path) -> Iterator[ServedWorld]:
    """A pypiserver; what it stores is in `<tmp_path>/stored`."""
    with pypiserver(tmp_path / "stored") as world:
        assert isinstance(world, ServedWorld)
        yield world


def _variables(world: ServedWorld) -> dict[str, str]:
    return {
        "NEXUS_KIND": "simple",
        "NEXUS_URL": world.url,
        "NEXUS_USERNAME": world.username,
        "NEXUS_PASSWORD": world.password,
    }


def _stored(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def _made(workspace: Path) -> dict[str, bytes]:
    return {name: data for name, data in _stored(workspace / "dist").items() if name.endswith((".whl", ".tar.gz"))}


def _outcomes(report: dict[str, list[dict[str, list[dict[str, str]]]]]) -> set[str]:
    return {each["outcome"] for package in report["packages"] for each in package["artifacts"]}


def test_a_simple_index_is_filled_once(
    workspace: Path, simple: ServedWorld, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    environment = user(**_variables(simple))
    first = warm.run(workspace, "publish", "--all", "--json", environment=environment)
    assert (first.code, _outcomes(first.report)) == (0, {"uploaded"}), first.said
    assert len(_made(workspace)) == FILES
    assert _stored(tmp_path / "stored") == _made(workspace)
    again = warm.run(workspace, "publish", "--all", "--json", environment=environment)
    assert (again.code, _outcomes(again.report)) == (0, {"present"}), again.said
    assert _stored(tmp_path / "stored") == _made(workspace)


def test_a_simple_index_keeps_a_version_it_has_when_the_source_says_otherwise(
    workspace: Path, simple: ServedWorld, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """The refusal names the file and the member that differs, and holds up the package that is new as well."""
    environment = user(**_variables(simple))
    words = ("publish", "--package", "core-logging")
    assert warm.run(workspace, *words, environment=environment).code == 0
    before = _stored(tmp_path / "stored")
    module = workspace / "packages/core-logging/src/maestro_core_logging/__init__.py"
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    refused = warm.run(workspace, *words, "--package", "resilience", environment=environment)
    assert refused.code == 3, refused.said
    for named in (
        "maestro_core_logging-1.0.0-py3-none-any.whl",
        "maestro_core_logging/__init__.py",
        "Nothing was sent",
    ):
        assert named in refused.said
    assert _stored(tmp_path / "stored") == before


def test_a_wrong_password_for_a_simple_index_is_said_and_sends_nothing(
    workspace: Path, simple: ServedWorld, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    environment = user(**_variables(simple) | {"NEXUS_PASSWORD": "planted & wrong"})
    done = warm.run(workspace, "publish", "--all", environment=environment)
    assert done.code == 2, done.said
    assert simple.username in done.said
    assert "NEXUS_PASSWORD" in done.said
    assert "planted & wrong" not in done.said
    assert "Traceback" not in done.said
    assert _stored(tmp_path / "stored") == {}


@contextmanager
def _simple_index(folder: Path) -> Iterator[dict[str, str]]:
    with pypiserver(folder) as world:
        assert isinstance(world, ServedWorld)
        yield _variables(world)


@contextmanager
def _index_of_users_only(folder: Path) -> Iterator[dict[str, str]]:
    with observed_index(folder, anonymous=False) as index:
        yield index.variables


@pytest.mark.parametrize("index", [_simple_index, _index_of_users_only], ids=["pypiserver", "only users read"])
def test_everything_published_installs_and_imports(
    index: Callable[[Path], AbstractContextManager[dict[str, str]]],
    workspace: Path,
    warm: WarmInvoke,
    user: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    """In clean environments, with the public package that one of them requires."""
    with index(tmp_path / "data") as variables:
        environment = user(**variables)
        _publish_and_verify(warm, workspace, environment)


def _publish_and_verify(warm: WarmInvoke, workspace: Path, environment: dict[str, str]) -> None:
    published = warm.run(workspace, "publish", "--all", environment=environment)
    assert published.code == 0, published.said
    verified = warm.run(workspace, "verify", "--all", "--install", environment=environment)
    assert verified.code == 0, verified.said
    for name in PACKAGES:
        assert f"installed maestro-{name} 1.0.0, every module imports" in verified.said


@pytest.fixture
def kept_up(workspace: Path, user: Callable[..., dict[str, str]]) -> Iterator[str]:
    """The address of what `invoke nexus.serve` keeps up in the workspace; it stops when it is interrupted."""
    serving = start(workspace, "nexus.serve", "--port", "0", environment=user())
    try:
        assert serving.process.stdout is not None
        said = serving.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d*/", said)
        assert found, said
        yield found[0]
    finally:
        serving.process.send_signal(signal.SIGINT)
        done = serving.wait()
    assert (done.code, done.err) == (0, "")


def test_publishers_of_a_tree_use_the_index_that_is_kept_up_on_it(
    kept_up: str, workspace: Path, warm: WarmInvoke, user: Callable[..., dict[str, str]]
) -> None:
    """Without being told its address; what is there then installs, and everybody may read it."""
    _publish_and_verify(warm, workspace, user())
    pages = pages_of(kept_up.rstrip("/"))
    assert {name: len(files) for name, files in pages.items()} == {f"maestro-{name}": 2 for name in PACKAGES}


@pytest.mark.parametrize("port", ["22x", "65536", "-1"])
def test_a_port_that_is_none_is_said_before_anything_is_made(
    port: str, workspace: Path, warm: WarmInvoke, user: Callable[..., dict[str, str]]
) -> None:
    done = warm.run(workspace, "nexus.serve", "--port", port, environment=user())
    assert done.code == 2, done.said
    assert f"The port cannot be '{port}'" in done.said
    assert not (workspace / ".nexus").exists()
