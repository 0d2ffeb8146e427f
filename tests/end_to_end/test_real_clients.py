"""The clients people have, at the embedded index: what they upload is what we upload, and what they install runs.

Each has a home and an environment of its own. It learns addresses and passwords from its environment variables, as it
would in a pipeline; no password stands on a command line.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from observed_index import observed_index
from originals import copied, runnable_workspace
from publishers import PATIENCE, user_environment

from tooling.localnexus import GROUP, HOSTED, add_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from observed_index import ObservedIndex
    from originals import Original, Packages
    from warm_invoke import WarmInvoke

PASSWORD = "p@:/%\"$' w"  # everything that a shell, a URL or a file of settings might take for something else
PUBLIC = "six"
WITH_PUBLIC: Packages = {
    "core-logging": {},
    "core-config": {"needs": ("core-logging", f"{PUBLIC}>=1.16")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who a client is, to which server."""

    url: str
    username: str
    password: str

    @property
    def hosted(self) -> str:
        """What is uploaded to."""
        return f"{self.url}/repository/{HOSTED}/"

    @property
    def group(self) -> str:
        """What is installed from."""
        return f"{self.url}/repository/{GROUP}/simple/"

    @property
    def group_with_password(self) -> str:
        """The same for a client that reads passwords from addresses only."""
        return self.group.replace("://", f"://{self.username}:{quote(self.password, safe='')}@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploader:
    """A client that uploads the files of `dist/`: those it is given, or all it finds in the folder it is told."""

    words: tuple[str, ...]
    variables: Callable[[Account], dict[str, str]]
    skipping_words: tuple[str, ...] = ()
    skipping_variables: Callable[[Account], dict[str, str]] = lambda _account: {}
    finds: bool = False


UPLOADERS = {
    "twine": Uploader(
        words=("twine", "upload", "--non-interactive"),
        variables=lambda account: {
            "TWINE_REPOSITORY_URL": account.hosted,
            "TWINE_USERNAME": account.username,
            "TWINE_PASSWORD": account.password,
        },
    ),
    "uv": Uploader(
        words=("uv", "publish"),
        variables=lambda account: {
            "UV_PUBLISH_URL": account.hosted,
            "UV_PUBLISH_USERNAME": account.username,
            "UV_PUBLISH_PASSWORD": account.password,
        },
        skipping_variables=lambda account: {"UV_PUBLISH_CHECK_URL": f"{account.hosted}simple/"},
    ),
    "poetry": Uploader(
        words=("poetry", "publish", "--no-interaction", "--repository", "nexus", "--dist-dir"),
        variables=lambda account: {
            "POETRY_REPOSITORIES_NEXUS_URL": account.hosted,
            "POETRY_HTTP_BASIC_NEXUS_USERNAME": account.username,
            "POETRY_HTTP_BASIC_NEXUS_PASSWORD": account.password,
        },
        skipping_words=("--skip-existing",),
        finds=True,
    ),
    "pdm": Uploader(
        words=("pdm", "publish", "--no-build", "--dest"),
        variables=lambda account: {
            "PDM_PUBLISH_REPO": account.hosted,
            "PDM_PUBLISH_USERNAME": account.username,
            "PDM_PUBLISH_PASSWORD": account.password,
        },
        skipping_words=("--skip-existing",),
        finds=True,
    ),
}
SKIPPING = ("uv", "poetry", "pdm")
"""twine skips duplicates on the public index only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A client that installs into the environment it finds itself in; `project` is what it wants to have read."""

    words: tuple[str, ...]
    variables: Callable[[Account], dict[str, str]]
    project: Callable[[Account], str] = lambda _account: ""


PROJECT = """\
[project]
name = "service"
version = "1.0.0"
requires-python = ">=3.11,<4"
dependencies = ["maestro-core-config"]
"""
INSTALLERS = {
    "pip": Installer(
        words=("python", "-m", "pip", "--python", ".venv", "install", "maestro-core-config"),
        variables=lambda account: {"PIP_INDEX_URL": account.group_with_password, "PIP_CONFIG_FILE": os.devnull},
    ),
    "uv": Installer(
        words=("uv", "pip", "install", "maestro-core-config"),
        variables=lambda account: {
            "UV_DEFAULT_INDEX": f"nexus={account.group}",
            "UV_INDEX_NEXUS_USERNAME": account.username,
            "UV_INDEX_NEXUS_PASSWORD": account.password,
        },
    ),
    "poetry": Installer(
        words=("poetry", "install", "--no-interaction"),
        variables=lambda account: {
            "POETRY_HTTP_BASIC_NEXUS_USERNAME": account.username,
            "POETRY_HTTP_BASIC_NEXUS_PASSWORD": account.password,
        },
        project=lambda account: (
            f'{PROJECT}\n[tool.poetry]\npackage-mode = false\n\n[[tool.poetry.source]]\nname = "nexus"\n'
            f'url = "{account.group}"\npriority = "primary"\n'
        ),
    ),
    "pdm": Installer(
        words=("pdm", "install"),
        variables=lambda account: {
            "PDM_PYPI_URL": account.group,
            "PDM_PYPI_USERNAME": account.username,
            "PDM_PYPI_PASSWORD": account.password,
        },
        project=lambda _account: f"{PROJECT}\n[tool.pdm]\ndistribution = false\n",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a client works: a folder with an environment in it that uv made, and a home."""

    folder: Path
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str, variables: Mapping[str, str], cwd: Path | None = None) -> tuple[int, str]:
        """Run a client; return its exit code and all it said, in one line."""
        foreign = ("PIP_", "UV_")
        plain = {name: value for name, value in user_environment(self.home).items() if not name.startswith(foreign)}
        done = subprocess.run(
            words,
            cwd=cwd or self.folder,
            env=plain | {"NO_COLOR": "1", "COLUMNS": "400"} | dict(self.variables) | dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())

    def python(self, statements: str) -> str:
        """Run statements in the environment; return what they print."""
        done = subprocess.run(
            [self.folder / ".venv/bin/python", "-I", "-c", statements], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir()
    environment = folder / ".venv"
    made = Desk(
        folder=folder,
        home=tmp_path / "home",
        variables={"VIRTUAL_ENV": str(environment), "PDM_CHECK_UPDATE": "false", "UV_PYTHON_DOWNLOADS": "never"},
    )
    code, said = made.run("uv", "venv", "--python", sys.executable, str(environment), variables={})
    assert code == 0, said
    return made


@contextmanager
def index_with(data: Path, *, anonymous: bool, privileges: str) -> Iterator[tuple[ObservedIndex, Account]]:
    """An index, and the account of a user who may do only this."""
    with observed_index(data, anonymous=anonymous) as index:
        add_user(index.running, "client", PASSWORD, [f"nx-repository-view-pypi-{privileges}"])
        yield index, Account(url=index.running.url, username="client", password=PASSWORD)


def _uploaded(
    client: Uploader, desk: Desk, built: Path, account: Account, *, skipping: bool = False
) -> tuple[int, str]:
    dist = built / "dist"
    files = [str(each) for each in sorted(dist.iterdir()) if each.name.endswith((".whl", ".tar.gz"))]
    words = [*client.words, *([str(dist)] if client.finds else files), *(client.skipping_words if skipping else ())]
    variables = client.variables(account) | (client.skipping_variables(account) if skipping else {})
    return desk.run(*words, variables=variables, cwd=built / "packages/core-logging")


@pytest.mark.parametrize("name", UPLOADERS)
def test_what_a_client_uploads_is_what_invoke_publish_uploads_and_again_it_is_refused(
    name: str, one: Original, desk: Desk, tmp_path: Path
) -> None:
    """The second upload ends in a 400 that the client reports in the server's words."""
    client, built = UPLOADERS[name], copied(one.built, tmp_path / "built")
    with index_with(tmp_path / "index", anonymous=True, privileges=f"{HOSTED}-add") as (index, account):
        code, said = _uploaded(client, desk, built, account)
        assert code == 0, said
        assert index.pages() == one.pages
        code, said_again = _uploaded(client, desk, built, account)
        assert code != 0
        assert "400" in said_again
        assert "cannot be updated" in said_again
        assert (index.pages(), index.traffic.accepted) == (one.pages, one.files)
    assert PASSWORD not in said + said_again


@pytest.mark.parametrize("name", SKIPPING)
def test_a_client_that_is_told_to_skip_duplicates_recognises_them(
    name: str, one: Original, warm: WarmInvoke, desk: Desk, tmp_path: Path
) -> None:
    """It finds what `invoke publish` has uploaded, changes nothing, and is content."""
    client, built = UPLOADERS[name], copied(one.built, tmp_path / "built")
    with index_with(tmp_path / "index", anonymous=True, privileges=f"{HOSTED}-*") as (index, account):
        done = warm.run(built, "publish", "--all", environment=user_environment(tmp_path / "home", **index.variables))
        assert done.code == 0, done.said
        code, said = _uploaded(client, desk, built, account, skipping=True)
        assert code == 0, said
        assert "skipping" in said.lower()
        assert (index.pages(), index.traffic.accepted) == (one.pages, one.files)


@pytest.fixture(scope="module", params=[True, False], ids=["anyone reads", "only users read"])
def filled(
    request: pytest.FixtureRequest, warm: WarmInvoke, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ObservedIndex, Account]]:
    """An index with two packages of ours, one of which requires the other and a public one."""
    folder = tmp_path_factory.mktemp("filled")
    workspace = runnable_workspace(folder / "workspace", WITH_PUBLIC)
    with index_with(folder / "index", anonymous=request.param, privileges=f"{GROUP}-read") as (index, account):
        environment = user_environment(folder / "home", **index.variables)
        done = warm.run(workspace, "publish", "--all", environment=environment)
        assert done.code == 0, done.said
        yield index, account


@pytest.mark.parametrize("name", INSTALLERS)
def test_a_client_installs_ours_and_a_public_package_together_from_the_group(
    name: str, filled: tuple[ObservedIndex, Account], desk: Desk
) -> None:
    index, account = filled
    client, asked = INSTALLERS[name], []
    (desk.folder / "pyproject.toml").write_text(client.project(account), encoding="utf-8")
    index.traffic.before = lambda _number, method, path: asked.append((method, path))
    code, said = desk.run(*client.words, variables=client.variables(account))
    index.traffic.before = None
    assert code == 0, said
    versions = "import maestro_core_config as c, maestro_core_logging as l; print(c.__version__, l.__version__)"
    assert desk.python(f"import {PUBLIC}; {versions}") == "1.0.0 1.0.0"
    for project in ("maestro-core-config", "maestro-core-logging", PUBLIC):
        prefix = f"/repository/{GROUP}/packages/{project}/"
        assert any(method == "GET" and path.startswith(prefix) for method, path in asked), (project, asked)
    assert PASSWORD not in said + "".join(each.read_text() for each in desk.folder.glob("*.*") if each.is_file())
