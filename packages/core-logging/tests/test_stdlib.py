"""Records of the standard library, web servers and warnings come out in the same shape; the host keeps its own."""

from __future__ import annotations

import io
import logging
import logging.config
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, NoReturn

import maestro_core_logging as mcl
import pytest
from uvicorn.config import LOGGING_CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Lines


@pytest.fixture
def uvicorn_loggers() -> Iterator[None]:
    """Uvicorn's own logging set-up, undone afterwards."""
    names = ("uvicorn", "uvicorn.error", "uvicorn.access")
    before = {name: (list(logging.getLogger(name).handlers), logging.getLogger(name).propagate) for name in names}
    logging.config.dictConfig(LOGGING_CONFIG)
    yield
    for name, (handlers, propagate) in before.items():
        logging.getLogger(name).handlers[:] = handlers
        logging.getLogger(name).propagate = propagate


def fail() -> NoReturn:
    raise ValueError("token=S3cr3t")


def test_a_stdlib_record_has_the_shape_of_ours(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    with mcl.LogContext(request_id="r"):
        logging.getLogger("lib.part").error("took %d ms", 5, extra={"path": "/x", "password": "p", "level": "mine"})
    record = lines.last()
    record.pop("timestamp")
    assert record == {
        "level": "error",
        "event": "took 5 ms",
        "logger": "lib.part",
        "service": "orders",
        "env": "development",
        "request_id": "r",
        "path": "/x",
        "password": "***",
        "field_level": "mine",
    }


def test_exceptions_of_stdlib_records_are_redacted(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    try:
        fail()
    except ValueError:
        logging.getLogger("lib").exception("failed", stack_info=True)
    record = lines.last()
    assert record["exception"].endswith("ValueError: token=***")
    assert "test_exceptions_of_stdlib_records_are_redacted" in record["stack"]
    assert "S3cr3t" not in lines.text()


def test_arguments_that_do_not_fit_the_message_do_not_raise(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    # Handed over directly: the test runner's own handler does raise for such a record.
    record = logging.makeLogRecord({"msg": "%d of %d", "args": ("x",), "levelno": logging.WARNING, "name": "lib"})
    logging.root.handlers[-1].handle(record)
    assert lines.last()["event"] == "%d of %d ('x',)"


def test_texts_that_utf8_cannot_carry_do_not_raise(
    logged: Callable[..., Lines], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = logged(capture_stdlib=True)
    # The test runner's own handlers would report the text, by a way that cannot carry it.
    monkeypatch.setattr(logging.root, "handlers", logging.root.handlers[-1:])
    logging.getLogger("lib").warning("a \ud800", extra={"k": "\udfff"})
    assert (lines.last()["event"], lines.last()["k"]) == ("a \\ud800", "\\udfff")


def test_custom_levels_count_as_the_one_below(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    logging.getLogger("lib").log(25, "notice")
    assert lines.last()["level"] == "info"


def test_handlers_of_the_host_stay_and_still_get_their_records(logged: Callable[..., Lines]) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.root.addHandler(handler)
    try:
        before = list(logging.root.handlers)
        lines = logged(capture_stdlib=True)
        logging.getLogger("lib").warning("to both")
        mcl.shutdown_logging()
        assert logging.root.handlers == before
    finally:
        logging.root.removeHandler(handler)
    assert stream.getvalue() == "to both\n"
    assert b"to both" in lines.data


@pytest.mark.usefixtures("uvicorn_loggers")
def test_records_of_uvicorn_come_once_and_in_our_shape(
    logged: Callable[..., Lines], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = logged(capture_stdlib=True)
    logging.getLogger("uvicorn.error").info("Application startup complete.", extra={"color_message": "x"})
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/x?token=S", "1.1", 200)
    assert lines.events() == ["Application startup complete.", '1.2.3.4:5 - "GET /x?token=*** HTTP/1.1" 200']
    assert "color_message" not in lines.text()
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("uvicorn_loggers")
def test_shutting_down_gives_uvicorn_its_handlers_back(logged: Callable[..., Lines]) -> None:
    server = logging.getLogger("uvicorn.access")
    handlers = [handler for handler in server.handlers if type(handler) is logging.StreamHandler]
    logged(capture_stdlib=True)
    assert not set(handlers) & set(server.handlers)
    mcl.shutdown_logging()
    assert set(handlers) <= set(server.handlers)
    assert server.propagate is False


def test_warnings_become_records(logged: Callable[..., Lines]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        lines = logged()
        warnings.warn("password=S3cr3t is weak", DeprecationWarning, stacklevel=1)
    record = lines.last()
    assert (record["level"], record["logger"], record["category"]) == ("warning", "py.warnings", "DeprecationWarning")
    assert record["event"] == "password=*** is weak"
    assert record["filename"] == __file__


@pytest.mark.parametrize(
    ("settings", "call", "expected"),
    [
        ("", "warnings.warn('plain')", '"logger":"py.warnings"'),
        ("capture_warnings=False", "warnings.warn('plain')", "UserWarning: plain"),
        ("", "warnings.showwarning('plain', UserWarning, 'f.py', 3, file=sys.stderr)", "f.py:3: UserWarning: plain"),
    ],
)
def test_warnings_can_be_left_to_python_or_shown_into_a_file(settings: str, call: str, expected: str) -> None:
    program = f"import sys, warnings, maestro_core_logging as m\nm.configure_logging('x', {settings})\n{call}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert expected in done.stderr
    assert done.stderr.count("plain") <= 2


def test_capture_stdlib_false_changes_nothing_of_stdlib(logged: Callable[..., Lines]) -> None:
    before = (list(logging.root.handlers), logging.root.level)
    logged(capture_stdlib=True)
    logged(capture_stdlib=False)
    assert (logging.root.handlers, logging.root.level) == before
