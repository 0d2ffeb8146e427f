"""A password is found nowhere but where its owner put it: not in output, files, archives or command lines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

import pytest
from broken_servers import free_port, tls_server
from building import git
from observed_index import observed_index
from originals import copied
from planted_secret import SECRET, command_lines, files_in, forms_of, found_in
from publishers import run, start, user_environment

from tooling.localnexus import add_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from observed_index import ObservedIndex
    from originals import Original
    from warm_invoke import WarmInvoke

OTHER = "another password altogether"
USER = "publisher"
MAY_READ = ("nx-repository-view-pypi-pypi-hosted-read",)


def _by_environment(_workspace: Path, _home: Path, url: str) -> tuple[dict[str, str], list[Path]]:
    return {"NEXUS_URL": url, "NEXUS_USERNAME": USER, "NEXUS_PASSWORD": SECRET}, []


def _by_dotenv(workspace: Path, _home: Path, url: str) -> tuple[dict[str, str], list[Path]]:
    quoted = SECRET.replace("\\", "\\\\").replace("'", "\\'")
    file = workspace / ".env"
    file.write_text(f"NEXUS_URL={url}\nNEXUS_USERNAME={USER}\nNEXUS_PASSWORD='{quoted}'\n", encoding="utf-8")
    return {}, [file]


def _by_address(_workspace: Path, _home: Path, url: str) -> tuple[dict[str, str], list[Path]]:
    return {"NEXUS_URL": url.replace("://", f"://{USER}:{quote(SECRET, safe='')}@")}, []


def _by_netrc(_workspace: Path, home: Path, url: str) -> tuple[dict[str, str], list[Path]]:
    quoted = SECRET.replace("\\", "\\\\").replace('"', '\\"')
    file = home / ".netrc"
    file.write_text(f'machine 127.0.0.1 login {USER} password "{quoted}"\n', encoding="utf-8")
    return {"NEXUS_URL": url}, [file]


def _by_pypirc(_workspace: Path, home: Path, url: str) -> tuple[dict[str, str], list[Path]]:
    file = home / ".pypirc"
    section = f"[house]\nrepository = {url}/repository/pypi-hosted/\nusername = {USER}\npassword = {SECRET}\n"
    file.write_text(section, encoding="utf-8")
    return {"NEXUS_URL": url}, [file]


Way: TypeAlias = Callable[["Path", "Path", str], tuple[dict[str, str], "list[Path]"]]

every_way = pytest.mark.parametrize("way", [_by_environment, _by_dotenv, _by_address, _by_netrc, _by_pypirc])
two_ways = pytest.mark.parametrize("way", [_by_environment, _by_address])


class Owner:
    """Runs `invoke` with the secret in one place, and searches every other."""

    def __init__(self, original: Original, folder: Path, warm: WarmInvoke) -> None:
        self._warm = warm
        self.workspace = copied(original.source, folder / "workspace")
        self.home = folder / "home"
        self._environment = user_environment(self.home)

    def told(self, way: Way, url: str, *words: str, code: int, cold: bool = False) -> str:
        """Run with the secret given in this `way`; what was printed, once the secret is known to be nowhere.

        A `cold` run has a command line of its own; those of the programs it starts are looked at in any case.
        """
        variables, own = way(self.workspace, self.home, url)
        with command_lines() as lines:
            runs = run if cold else self._warm.run
            done = runs(self.workspace, *words, environment=self._environment | variables)
        assert done.code == code, done.said
        assert lines, "no command line was seen"
        printed = [("standard output", done.out.encode()), ("standard error", done.err.encode())]
        assert not found_in([*printed, *lines.items(), *files_in(self.workspace, self.home, but=own)])
        return done.said


@pytest.fixture
def owner(one: Original, tmp_path: Path, warm: WarmInvoke) -> Owner:
    return Owner(one, tmp_path, warm)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ObservedIndex]:
    """An index that knows the user by the secret; its folder holds the hash alone."""
    with observed_index(tmp_path / "index") as running:
        add_user(running.running, USER, SECRET, ["nx-all"])
        yield running
    assert not found_in(files_in(tmp_path / "index"))


@every_way
def test_a_publisher_shows_no_password_be_it_right_or_wrong(
    way: Way, owner: Owner, index: ObservedIndex, one: Original
) -> None:
    owner.told(way, index.running.url, "publish", "--all", code=0, cold=True)
    assert index.pages() == one.pages
    add_user(index.running, USER, OTHER, ["nx-all"])
    assert "IX06" in owner.told(way, index.running.url, "publish", "--all", "--json", code=2)


@every_way
def test_a_bump_shows_no_password_be_it_right_or_wrong(way: Way, owner: Owner, index: ObservedIndex) -> None:
    """Nor does its journal, or a check of the API, which read the index too."""
    owner.told(way, index.running.url, "publish", "--all", code=0)
    changelog = owner.workspace / "packages" / "core-logging" / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n"))
    owner.told(way, index.running.url, "check", "--api", "--json", code=0)
    owner.told(way, index.running.url, "bump", "--all", "--auto", code=0)
    add_user(index.running, USER, OTHER, ["nx-all"])
    assert "IX06" in owner.told(way, index.running.url, "bump", "--all", "--auto", "--json", code=2)


@two_ways
def test_installers_are_not_given_the_password_where_others_see_it(
    way: Way, owner: Owner, index: ObservedIndex
) -> None:
    """They get the address, with user and password, by their environment; the pages are open to nobody else."""
    add_user(index.running, "anonymous", "nobody signs in so", [])
    owner.told(way, index.running.url, "publish", "--all", "--json", code=0)
    owner.told(way, index.running.url, "verify", "--all", "--install", "--json", code=0)


@two_ways
def test_a_release_tells_git_nothing_of_the_password(way: Way, owner: Owner, index: ObservedIndex) -> None:
    """Neither its commands, nor hooks, tags, notes and manifest have it; a hook's environment is no file."""
    git(owner.workspace, "init")
    git(owner.workspace, "add", "--all")
    git(owner.workspace, "commit", "--message", "All")
    for name, value in (("user.name", "Tester"), ("user.email", "tester@example.com")):
        git(owner.workspace, "config", name, value)
    owner.told(way, index.running.url, "release", "--all", "--publish", code=0)
    files = ("--notes", "notes.md", "--manifest", "manifest.json")
    owner.told(way, index.running.url, "release", "--from-tag", "core-logging-v1.0.0", *files, code=0)
    git(owner.workspace, "tag", "core-config-v1.0.0")
    assert "RL12" in owner.told(way, index.running.url, "release", "--from-tag", "core-config-v1.0.0", code=3)


@two_ways
def test_a_refused_upload_shows_no_password(way: Way, owner: Owner, index: ObservedIndex) -> None:
    add_user(index.running, USER, SECRET, MAY_READ)
    assert "IX08" in owner.told(way, index.running.url, "publish", "--all", code=1)


@two_ways
def test_a_server_that_is_down_or_not_trusted_is_named_without_the_password(
    way: Way, owner: Owner, tmp_path: Path
) -> None:
    assert "IX02" in owner.told(way, f"http://127.0.0.1:{free_port()}", "publish", "--all", code=1)
    with tls_server(tmp_path) as url:
        assert "IX03" in owner.told(way, url, "publish", "--all", code=1)


@two_ways
def test_debug_output_and_tracebacks_show_no_password(way: Way, owner: Owner, index: ObservedIndex) -> None:
    """Invoke's own debugging tells what it does with configuration and environment."""
    owner.told(way, index.running.url, "--debug", "publish", "--all", code=0)
    (owner.workspace / "tasks.py").write_text(
        "from invoke import task\nfrom tooling.faces.program import the_settings, the_workspace\n\n\n"
        "@task\ndef publish(_context):\n    settings = the_settings(the_workspace())\n    raise ValueError(settings)\n",
        encoding="utf-8",
    )
    assert "ValueError: Settings(" in owner.told(way, index.running.url, "publish", code=1)


def test_the_embedded_index_keeps_the_hash_of_its_password_alone(owner: Owner) -> None:
    def way(_workspace: Path, _home: Path, _url: str) -> tuple[dict[str, str], list[Path]]:
        return {"NEXUS_SECURITY_INITIAL_PASSWORD": SECRET}, []

    owner.told(way, "", "publish", "--all", code=0)


@pytest.mark.parametrize("form", forms_of(SECRET))
def test_the_search_finds_the_secret_in_each_of_its_forms(form: bytes, tmp_path: Path) -> None:
    """Without this the other tests could pass by looking badly."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"before " + form + b" after")
    assert found_in(files_in(tmp_path))


def test_the_search_finds_the_secret_in_a_login_header_a_command_line_and_an_archive(
    owner: Owner, one: Original, tmp_path: Path
) -> None:
    for user in ("a", "ab", "abc"):
        assert found_in([("header", b"Basic " + base64.b64encode(f"{user}:{SECRET}".encode()))])
    with command_lines() as lines:
        start(owner.workspace, "list", f"--url={SECRET}", environment=user_environment(tmp_path)).wait()
    assert found_in(lines.items())
    readme = owner.workspace / "packages" / "core-logging" / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8") + SECRET, encoding="utf-8")
    assert run(owner.workspace, "build", "--all", environment=user_environment(tmp_path / "home")).code == 0
    places = found_in(files_in(owner.workspace / "dist"))
    assert {place.split(": ")[1].rpartition("/")[2] for place in places} >= {"METADATA", "PKG-INFO"}
    assert one.files == len(list((owner.workspace / "dist").iterdir()))
