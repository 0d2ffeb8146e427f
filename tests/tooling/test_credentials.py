"""The places where a password may be, in their order, and that none of them gives one away."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential

from tooling.effects.credentials import CredentialSources, prompt_on_terminal
from tooling.errors import UsageError
from tooling.model.secret import Secret
from tooling.model.settings import read_settings
from tooling.model.target import Credentials, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ODD = "p@:/%\"$'#;hunter2"
NEXUS = Target(kind="nexus", base="http://nexus.example.com:8081", repository="pypi-hosted", group="pypi-group")
SIMPLE = Target(kind="simple", base="http://pypi.example.com")
PYPIRC = "[distutils]\nindex-servers = ours\n[ours]\nrepository = {url}\nusername = ci\npassword = {password}\n"


class Ring(KeyringBackend):
    """A keyring in memory, which may be broken."""

    priority = 1.0

    def __init__(self, kept: Mapping[tuple[str, str], str] | None = None, error: Exception | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept = dict(kept or {})
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        """Look it up."""
        if self.error is not None:
            raise self.error
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        self.kept[service, username] = password

    def get_credential(self, service: str, username: str | None) -> SimpleCredential | None:
        """Look it up for any user."""
        if self.error is not None:
            raise self.error
        found = ((user, word) for (where, user), word in self.kept.items() if where == service)
        return next((SimpleCredential(*each) for each in found if username in {None, each[0]}), None)


@dataclass(slots=True)
class Home:
    """A user's home folder, the environment, and somebody who may answer."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    answer: str | None = None
    asked: list[str] = field(default_factory=list)

    def find(self, target: Target = NEXUS, in_address: Credentials | None = None) -> tuple[str, str] | None:
        """Return who would be sent with which password."""

        def ask(question: str) -> str | None:
            self.asked.append(question)
            return self.answer

        sources = CredentialSources(environ=self.environ, home=self.folder, ask=ask)
        found = sources.find(read_settings(self.folder, self.environ), target, in_address)
        return (found.username, found.password.reveal()) if found else None

    def write(self, name: str, text: str) -> None:
        """Write one of its files."""
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(autouse=True)
def ring() -> Iterator[Ring]:
    before, mine = keyring.get_keyring(), Ring()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_sources_are_asked_in_their_order_and_each_is_enough(home: Home, ring: Ring) -> None:
    """All have something; taking away the first makes the next one count."""
    home.environ = {"NEXUS_USERNAME": "env", "NEXUS_PASSWORD": "1"}
    address = Credentials(username="address", password=Secret("2"))
    ring.kept = {(NEXUS.upload_url, "ring"): "3"}
    home.write(".netrc", "machine nexus.example.com login netrc password 4\n")
    home.write(".pypirc", PYPIRC.format(url=NEXUS.upload_url, password="5"))
    home.answer = "6"
    assert home.find(in_address=address) == ("env", "1")
    home.environ = {}
    assert home.find(in_address=address) == ("address", "2")
    assert home.find() == ("ring", "3")
    ring.kept = {}
    assert home.find() == ("netrc", "4")
    (home.folder / ".netrc").unlink()
    assert home.find() == ("ci", "5")
    (home.folder / ".pypirc").unlink()
    assert home.asked == []
    assert home.find() == ("admin", "6")
    assert home.asked == ["Password of admin at http://nexus.example.com:8081: "]


def test_a_user_who_is_named_gets_nobody_elses_password(home: Home, ring: Ring) -> None:
    home.environ = {"NEXUS_USERNAME": "bob"}
    home.answer = "asked"
    ring.kept = {(NEXUS.upload_url, "alice"): "alices"}
    home.write(".netrc", "machine nexus.example.com login alice password alices\n")
    home.write(".pypirc", PYPIRC.format(url=NEXUS.upload_url, password="cis"))
    assert home.find() == ("bob", "asked")
    ring.kept[NEXUS.upload_url, "bob"] = ODD
    assert home.find() == ("bob", ODD)


def test_a_nexus_server_without_any_password_is_an_error_that_says_what_to_set(home: Home) -> None:
    with pytest.raises(UsageError, match="NEXUS_USERNAME and NEXUS_PASSWORD") as caught:
        home.find()
    assert caught.value.code == "ST05"


def test_who_only_reads_is_sent_as_whom_is_known_and_is_never_asked(home: Home) -> None:
    sources = CredentialSources(environ={}, home=home.folder, ask=home.asked.append)
    assert sources.known(read_settings(home.folder, {}), NEXUS, None) is None
    home.write(".netrc", "machine nexus.example.com login netrc password 4\n")
    known = sources.known(read_settings(home.folder, {}), NEXUS, None)
    assert known == Credentials(username="netrc", password=Secret("4"))
    assert home.asked == []


def test_a_simple_index_may_want_nobody_and_nobody_is_asked(home: Home) -> None:
    assert home.find(SIMPLE) is None
    assert home.asked == []


@pytest.mark.parametrize(
    "error", [RuntimeError("no bus"), OSError("gone"), ValueError("hunter2"), keyring.errors.KeyringLocked("locked")]
)
def test_a_keyring_that_breaks_has_nothing(home: Home, ring: Ring, error: Exception) -> None:
    ring.error = error
    home.answer = "asked"
    assert home.find() == ("admin", "asked")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"machine nexus.example.com login ci password {ODD.replace('#', '')}\n", ("ci", ODD.replace("#", ""))),
        ('machine nexus.example.com login ci password "with space"\n', ("ci", "with space")),
        ("default login any password thing\n", ("any", "thing")),
        ("machine elsewhere.example.com login ci password x\n", None),
        ("machine nexus.example.com login ci\n", None),
        ("machine nexus.example.com password x\n", None),
    ],
)
def test_netrc_is_read_by_the_servers_host(home: Home, text: str, found: tuple[str, str] | None) -> None:
    home.answer = "asked"
    home.write(".netrc", text)
    assert home.find() == (found or ("admin", "asked"))


def test_netrc_may_be_elsewhere(home: Home) -> None:
    home.write("other", "machine nexus.example.com login ci password pw\n")
    home.environ = {"NETRC": str(home.folder / "other")}
    assert home.find() == ("ci", "pw")


@pytest.mark.parametrize("password", ["50%", "%(username)s", ODD, "a = b"])
@pytest.mark.parametrize("url", [NEXUS.upload_url, NEXUS.upload_url.rstrip("/")])
def test_pypirc_is_read_by_the_upload_address_and_its_password_as_it_is(home: Home, password: str, url: str) -> None:
    home.write(".pypirc", PYPIRC.format(url=url, password=password))
    assert home.find() == ("ci", password)


def test_a_section_of_pypirc_for_another_address_is_not_ours(home: Home) -> None:
    home.answer = "asked"
    home.write(".pypirc", PYPIRC.format(url="https://pypi.example.com/legacy/", password="x"))
    assert home.find() == ("admin", "asked")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".netrc", b"machine nexus.example.com login ci passwort hunter2\n"),
        (".netrc", b"hunter2\n"),
        (".netrc", b"machine nexus.example.com login ci password hunter2\xff\xfe\n"),
        (".pypirc", b"password = hunter2\n"),
        (".pypirc", b"[ours]\nhunter2\n"),
        (".pypirc", b"[ours]\npassword = hunter2\n[ours]\npassword = hunter2\n"),
        (".pypirc", b"[ours]\npassword = hunter2\xff\n"),
    ],
)
def test_a_malformed_file_is_named_and_nothing_of_it_is_shown(home: Home, name: str, content: bytes) -> None:
    (home.folder / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        home.find()
    assert caught.value.code == "ST06"
    assert name in caught.value.message
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_nobody_answers_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "input").open("w+") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert prompt_on_terminal("Password: ") is None
