"""A command is ended in time, and with it everything it started."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from steps import all_end

from tooling.effects.bounded import run_bounded

if TYPE_CHECKING:
    from pathlib import Path

STUBBORN = "trap '' TERM; sleep 1000 & echo $$ $!; while :; do wait; done"


def test_what_ends_by_itself_gets_its_input_and_gives_its_output_and_code() -> None:
    words = ["sh", "-c", "cat; echo bad >&2; exit 7"]
    ended = run_bounded(words, given=b"good", environment=os.environ, seconds=60.0)
    assert (ended.code, ended.out, ended.err) == (7, b"good", b"bad\n")


def test_what_takes_too_long_is_ended_with_its_children_even_if_it_does_not_listen() -> None:
    ended = run_bounded(["sh", "-c", STUBBORN], given=b"", environment=os.environ, seconds=1.0)
    assert ended.code is None
    pids = [int(pid) for pid in ended.out.split()]
    assert len(pids) == 2
    assert all_end(pids)


def test_what_it_leaves_in_the_background_is_not_waited_for() -> None:
    ended = run_bounded(["sh", "-c", "sleep 1000 & echo $!"], given=b"", environment=os.environ, seconds=60.0)
    os.kill(int(ended.out), 9)
    assert ended.code == 0


def test_who_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C reaches us alone: the command is in a session of its own."""
    seen = tmp_path / "pid"
    os.mkfifo(seen)
    code = (
        "import os, sys\nfrom tooling.effects.bounded import run_bounded\n"
        f"run_bounded(['sh', '-c', 'echo $$ > {seen}; sleep 1000'], given=b'', environment=os.environ, seconds=900.0)\n"
    )
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ)
    pid = int(seen.read_text(encoding="utf-8"))
    os.kill(child, 2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in {1, -2, 130}
    assert all_end([pid])


def test_a_command_that_is_not_there_says_so() -> None:
    with pytest.raises(FileNotFoundError):
        run_bounded(["no-such-command"], given=b"", environment=os.environ, seconds=60.0)
