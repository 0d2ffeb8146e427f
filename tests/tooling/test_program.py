"""Errors become exit codes in one place, whatever the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from invoke.context import Context
from invoke.exceptions import Exit

from tooling.errors import FailedError, Place, ProblemsError, RefusedError, StoppedError, UsageError
from tooling.faces.program import command

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent.parent
USAGE = UsageError("WS04", "It is wrong.", "Correct it.", place=Place(file=Path("a/b.toml"), line=3, excerpt="x = 1"))
REFUSED = RefusedError("PB01", "It is refused.", "Change it.")
FAILED = FailedError("PB04", "It failed.", "Try again.")


def code_of(body: Callable[[], int | None], **words: bool) -> int:
    """Run a command of this body; return what the process would exit with."""

    @command(flags={"json": "for programs"})
    def a_command(_context: object, *, json: bool = False) -> int | None:
        assert json is words.get("json", False)
        return body()

    try:
        a_command(Context(), **words)
    except Exit as end:
        return int(end.code)
    return 0


def raising(error: BaseException) -> Callable[[], int]:
    def body() -> int:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (USAGE, 2),
        (REFUSED, 3),
        (FAILED, 1),
        (StoppedError("PB09", "It was stopped.", "Run it again."), 130),
        (KeyboardInterrupt(), 130),
        (ProblemsError([FAILED, REFUSED]), 3),
        (ProblemsError([FAILED, REFUSED, USAGE]), 2),
    ],
)
def test_an_error_ends_in_its_exit_code_and_a_sentence_on_standard_error(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of(raising(error)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert "More: invoke explain " in err


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_a_command_may_return_its_exit_code(result: int | None, code: int) -> None:
    assert code_of(lambda: result) == code


def test_our_own_bugs_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        code_of(raising(ZeroDivisionError()))


def test_several_errors_are_all_said_with_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    code_of(raising(ProblemsError([USAGE, FAILED])))
    assert capsys.readouterr().err.splitlines() == [
        "a/b.toml:3",
        "    | x = 1",
        "WS04: It is wrong. Correct it.",
        "PB04: It failed. Try again.",
        "More: invoke explain WS04",
    ]


def test_for_programs_an_error_is_one_object_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(raising(ProblemsError([USAGE, FAILED])), json=True) == 2
    assert json.loads(capsys.readouterr().out) == {
        "command": "a.command",
        "ok": False,
        "exit_code": 2,
        "index": None,
        "dry_run": False,
        "packages": [],
        "problems": [
            {"code": "WS04", "message": "It is wrong.", "hint": "Correct it.", "file": "a/b.toml", "line": 3},
            {"code": "PB04", "message": "It failed.", "hint": "Try again."},
        ],
    }


def test_for_programs_an_interrupt_is_an_object_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(raising(KeyboardInterrupt()), json=True) == 130
    told = json.loads(capsys.readouterr().out)
    assert (told["exit_code"], told["problems"][0]["code"]) == (130, "PB09")


DRIVER = """
import sys
from invoke.context import Context
from invoke.exceptions import Exit
from tooling.faces.program import command

@command()
def speak(_context):
    {body}

try:
    speak(Context())
except Exit as end:
    sys.exit(end.code)
"""


@pytest.mark.parametrize(
    ("body", "code", "unbuffered"),
    [
        ("print('few'); return 3", 3, False),
        ("print('few'); return 3", 3, True),
        ("print('x' * 1_000_000)", 0, False),
        ("sys.stderr.write('x' * 1_000_000); return 3", 3, False),
        ("from tooling.errors import FailedError; raise FailedError('PB04', 'It failed.', 'Again.')", 1, False),
    ],
    ids=["a little", "a little, unbuffered", "much", "much of errors", "an error"],
)
def test_a_reader_who_leaves_changes_no_exit_code(body: str, code: int, unbuffered: bool) -> None:
    words = [sys.executable, "-c", DRIVER.format(body=body)]
    environment = {"PYTHONPATH": str(ROOT)} | ({"PYTHONUNBUFFERED": "1"} if unbuffered else {})
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=subprocess.STDOUT, env=environment) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(60) == code


def test_colours_are_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    code_of(raising(FAILED))
    assert "\033" not in capsys.readouterr().err
