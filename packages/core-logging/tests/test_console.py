"""Lines for human eyes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import maestro_core_logging as mcl

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from conftest import Lines


def fail() -> NoReturn:
    raise ValueError("two\nlines with token=S3cr3t")


def test_console_is_one_line_of_time_level_event_fields_and_logger(logged: Callable[..., Lines]) -> None:
    lines = logged(format="console", wall_clock=lambda: 1_700_000_000.25)
    mcl.get_logger("shop").info("sold", item="a book", price=9.5, to={"city": "Bonn"}, password="p")
    assert (
        lines.text() == '22:13:20.250 INFO     sold item="a book" price=9.5 to={"city": "Bonn"} password=*** [shop]\n'
    )


def test_rich_gives_each_field_its_line(logged: Callable[..., Lines]) -> None:
    lines = logged(format="rich", wall_clock=lambda: 1_700_000_000.25)
    mcl.get_logger("shop").info("sold", item="book", price=9.5)
    assert lines.text() == "22:13:20.250 INFO     sold [shop]\n    item=book\n    price=9.5\n"


def test_tracebacks_are_indented_below_and_redacted(logged: Callable[..., Lines]) -> None:
    lines = logged(format="console")
    try:
        fail()
    except ValueError:
        mcl.get_logger().exception("failed")
    head, *block = lines.text().splitlines()
    assert "ERROR    failed" in head
    assert all(line.startswith("    | ") for line in block)
    assert block[-1] == "    | lines with token=***"


def test_no_text_can_fake_a_line_or_steer_the_terminal(logged: Callable[..., Lines]) -> None:
    lines = logged(format="console")
    mcl.get_logger("a\nb").info("x\n00:00:00.000 CRITICAL forged", field="\x1b[2J\u2028", **{"k\ney": 1})
    assert len(lines.text().splitlines()) == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", lines.text())


def test_colours_only_on_a_terminal_and_unless_refused(
    logged: Callable[..., Lines], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(type(logged())):  # type: ignore[misc]
        def isatty(self) -> bool:
            return True

    for refused, coloured in (("", True), ("1", False)):
        monkeypatch.setenv("NO_COLOR", refused)
        terminal = Terminal()
        mcl.configure_logging("orders", stream=terminal, capture_stdlib=False)
        mcl.get_logger().info("x")
        assert ("\x1b[" in terminal.text()) is coloured
