"""The embedded index among several processes: who runs it, who borrows it, who waits for whom."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from index_user import status_of

from tooling.effects.embedded import embedded_index
from tooling.errors import UsageError
from tooling.localnexus import IndexSettings, holder, running_index
from tooling.localnexus.lock import held
from tooling.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TESTS = Path(__file__).parent.parent
PATIENCE = 60.0  # seconds after which a process hangs


@dataclass(frozen=True, slots=True)
class User:
    """`index_user.py` in a process of its own."""

    process: subprocess.Popen[str]

    def hear(self) -> str:
        """Return the next line it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def ask(self) -> str:
        """Let it read a page; return the status it says."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.hear()

    def give_back(self) -> None:
        """Let it give the index back."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def end(self) -> int:
        """Wait for its end; return its exit code."""
        return self.process.wait(PATIENCE)


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Callable[[], User]]:
    with ExitStack() as running:

        def start() -> User:
            process = subprocess.Popen(
                [sys.executable, str(TESTS / "index_user.py"), str(tmp_path / "data")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sys.stderr,
                text=True,
                env={"PYTHONPATH": str(TESTS.parent)},
            )
            running.enter_context(process)
            running.callback(process.kill)
            return User(process)

        yield start


def test_the_first_runs_it_the_second_borrows_it_and_the_first_waits_for_the_second(
    use: Callable[[], User], tmp_path: Path
) -> None:
    first = use()
    whose, url = first.hear().split()
    assert whose == "ours"
    second = use()
    assert second.hear() == f"theirs {url}"
    assert (first.ask(), second.ask()) == ("200", "200")
    first.give_back()
    assert first.hear() == "Waiting for other publishers that use this embedded index."
    assert second.ask() == "200"
    assert first.process.poll() is None
    second.give_back()
    assert (second.hear(), second.end()) == ("done", 0)
    assert (first.hear(), first.end()) == ("done", 0)
    assert holder(tmp_path / "data") is None


def test_after_its_owner_was_killed_the_next_one_runs_it(use: Callable[[], User]) -> None:
    first = use()
    assert first.hear().startswith("ours ")
    borrower = use()
    assert borrower.hear().startswith("theirs ")
    first.process.kill()
    first.process.wait()
    second = use()
    assert second.hear().startswith("ours ")
    assert second.ask() == "200"


def test_of_many_that_come_at_once_one_runs_it_and_all_have_it(use: Callable[[], User]) -> None:
    users = [use() for _ in range(3)]
    told = [user.hear().split() for user in users]
    assert sorted(whose for whose, _ in told) == ["ours", "theirs", "theirs"]
    assert len({url for _, url in told}) == 1
    assert {user.ask() for user in users} == {"200"}


def test_one_after_another_each_runs_it_and_finds_the_same_password(tmp_path: Path) -> None:
    for _ in range(2):
        with embedded_index(tmp_path / "data", None, lambda _line: None) as lent:
            assert lent.ours
            assert status_of(lent) == 200
    assert holder(tmp_path / "data") is None


def test_a_password_meant_for_another_server_does_no_harm(tmp_path: Path) -> None:
    """NEXUS_PASSWORD may be set in an environment without NEXUS_URL; the folder tells its own."""
    for _ in range(2):
        with embedded_index(tmp_path / "data", Secret("of another server"), lambda _line: None) as lent:
            assert status_of(lent) == 200
            with embedded_index(tmp_path / "data", Secret("of another server"), lambda _line: None) as borrowed:
                assert not borrowed.ours
                assert status_of(borrowed) == 200


@pytest.mark.parametrize("served", [True, False], ids=["somebody serves it", "nobody serves it"])
def test_an_index_with_a_password_of_its_own_wants_to_be_told(tmp_path: Path, served: bool) -> None:
    settings = IndexSettings(data=tmp_path / "data", password="its own")
    with ExitStack() as running:
        running.enter_context(running_index(settings))
        if not served:
            running.close()
        with pytest.raises(UsageError) as caught, embedded_index(settings.data, None, lambda _line: None):
            pytest.fail("it was lent without its password")
        assert caught.value.code == "SV11"
        with embedded_index(settings.data, Secret("its own"), lambda _line: None) as lent:
            assert lent.ours is not served
            assert status_of(lent) == 200
    assert holder(settings.data) is None


def test_an_index_that_holds_its_folder_and_does_not_answer_yet_is_not_borrowed(tmp_path: Path) -> None:
    """Its password may not be made yet. This one ends without ever answering, so the user serves the folder itself."""
    (tmp_path / "data").mkdir()
    with ThreadPoolExecutor(1) as pool, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def whose() -> bool:
            with embedded_index(tmp_path / "data", Secret("a guess"), lambda _line: None) as lent:
                return lent.ours

        with held(tmp_path / "data", f"http://127.0.0.1:{listener.getsockname()[1]}"):
            using = pool.submit(whose)
            listener.accept()[0].close()
        assert using.result(PATIENCE)


def test_a_failure_inside_gives_it_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), embedded_index(tmp_path / "data", None, lambda _line: None):
        raise ZeroDivisionError
    assert holder(tmp_path / "data") is None
