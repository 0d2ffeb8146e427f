"""Each trouble the first platform's users had with logging, shown gone."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import maestro_core_logging as mcl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Lines


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)


def test_masking_shows_no_character_of_a_secret(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.get_logger().info("x", password="abcdefgh", token=12345678)
    assert (lines.last()["password"], lines.last()["token"]) == ("***", "***")


def test_masking_leaves_keyboard_and_author_alone(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.get_logger().info("x", keyboard="qwerty", author="ada")
    assert (lines.last()["keyboard"], lines.last()["author"]) == ("qwerty", "ada")


def test_nested_dicts_are_masked(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.get_logger().info("x", user={"name": "ada", "login": {"password": "S3cr3t"}})
    assert lines.last()["user"] == {"name": "ada", "login": {"password": "***"}}


def test_concurrent_requests_do_not_overwrite_each_others_context(logged: Callable[..., Lines]) -> None:
    lines = logged()

    async def request(name: str) -> None:
        mcl.set_context(request_id=name)
        await asyncio.sleep(0)
        mcl.get_logger().info(name)

    async def main() -> None:
        await asyncio.gather(request("a"), request("b"))

    asyncio.run(main())
    assert all(record["request_id"] == record["event"] for record in lines.records())


def test_a_logger_made_before_the_context_was_set_shows_it(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger()
    mcl.set_context(request_id="r")
    log.info("x")
    assert lines.last()["request_id"] == "r"


def test_the_custom_processors_setting_is_read(logged: Callable[..., Lines]) -> None:
    lines = logged(custom_processors=[lambda _logger, _level, event: {**event, "added": 1}])
    mcl.get_logger().info("x")
    assert lines.last()["added"] == 1


def test_the_fastapi_middleware_honours_an_inbound_request_id() -> None:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", b"a"), (b"set-cookie", b"b")]}
        )

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "headers": [(b"x-request-id", b"theirs")]}
    asyncio.run(mcl.FastAPILoggingMiddleware(app)(scope, None, send))  # type: ignore[arg-type]
    assert (b"x-request-id", b"theirs") in sent[0]["headers"]
    assert [value for name, value in sent[0]["headers"] if name == b"set-cookie"] == [b"a", b"b"]


@pytest.mark.parametrize("level", ["info", "Info", "INFO", " info "])
def test_level_names_are_read_in_any_case(level: str) -> None:
    assert mcl.configure_logging("orders", log_level=level).log_level is mcl.LogLevel.INFO


def test_trace_is_a_level_that_works(logged: Callable[..., Lines]) -> None:
    lines = logged(log_level="TRACE")
    mcl.get_logger().trace("fine detail")
    assert lines.last()["level"] == "trace"


def test_enable_otel_is_not_swallowed() -> None:
    with pytest.raises(mcl.UnknownSettingError, match="OpenTelemetry"):
        mcl.configure_logging("orders", enable_otel=True)


def test_level_and_format_are_not_swallowed(logged: Callable[..., Lines]) -> None:
    lines = logged(level="WARNING", format="json")
    mcl.get_logger().info("too quiet")
    mcl.get_logger().warning("heard")
    assert lines.events() == ["heard"]
    with pytest.raises(ValueError, match="json, console"):
        mcl.configure_logging("orders", format="%(asctime)s %(message)s")


def test_a_field_of_a_passed_context_can_be_overridden() -> None:
    with mcl.log_context(mcl.LogContext(user_id="a", operation="pay"), user_id="b") as context:
        assert dict(context) == {"user_id": "b", "operation": "pay"}


def test_extra_fields_of_a_context_do_not_break_it() -> None:
    context = mcl.LogContext(request_id="r", extra={"tenant": "t"})
    assert context.to_dict() == {"request_id": "r", "tenant": "t"}
    with mcl.log_context(context):
        assert mcl.get_context().to_dict() == {"request_id": "r", "tenant": "t"}


def test_stdlib_records_are_json_and_the_hosts_handlers_stay(logged: Callable[..., Lines]) -> None:
    handlers = list(logging.root.handlers)
    lines = logged(capture_stdlib=True)
    assert all(handler in logging.root.handlers for handler in handlers)
    logging.getLogger("lib").warning("from stdlib")
    assert lines.last()["event"] == "from stdlib"


def test_output_goes_to_stderr_so_that_stdout_belongs_to_the_program() -> None:
    done = python("import maestro_core_logging as m; m.configure_logging('x'); m.get_logger().info('hi'); print('out')")
    assert done.stdout == "out\n"
    assert json.loads(done.stderr)["event"] == "hi"


def test_rotation_and_retention_settings_have_an_effect(tmp_path: Path) -> None:
    files: dict[str, Any] = {"enable_console": False, "enable_file": True, "file_path": tmp_path / "a.log"}
    mcl.configure_logging("orders", **files, file_rotation="1 kB", file_retention="3 files", capture_stdlib=False)
    for number in range(200):
        mcl.get_logger().info("line", number=number)
    mcl.shutdown_logging()
    assert len(list(tmp_path.iterdir())) == 4


def test_async_logging_and_buffer_size_have_an_effect(logged: Callable[..., Lines]) -> None:
    logged(async_logging=False)
    assert mcl.logging_stats()["writer"] == "sync"
    logged(async_logging=True, buffer_size=17)
    config = mcl.get_config()
    assert config is not None
    assert (config.writer, config.buffer_size) == ("queue", 17)


def test_reconfiguring_is_reliable_for_loggers_already_used(logged: Callable[..., Lines]) -> None:
    log = mcl.get_logger()
    for round_ in range(5):
        lines = logged(service_name=f"s{round_}")
        log.info("x")
        assert [record["service"] for record in lines.records()] == [f"s{round_}"]


def test_importing_loads_no_telemetry_and_no_pydantic() -> None:
    done = python("import sys, maestro_core_logging; print(*sys.modules)")
    assert not {"opentelemetry", "grpc", "pydantic"} & set(done.stdout.split())


def test_console_and_rich_differ(logged: Callable[..., Lines]) -> None:
    texts = []
    for form in ("console", "rich"):
        lines = logged(format=form)
        mcl.get_logger().info("x", a=1, b=2)
        texts.append(lines.text())
    assert [text.count("\n") for text in texts] == [1, 3]


def test_get_logger_before_configuration_works_with_keyword_fields() -> None:
    done = python(
        "import maestro_core_logging as m; log = m.get_logger('early'); log.info('hi', n=1, password='S3cr3t')"
    )
    record = json.loads(done.stderr)
    assert (record["event"], record["n"], record["password"]) == ("hi", 1, "***")
    assert record["service"] == "unconfigured"


def test_unknown_settings_are_not_ignored() -> None:
    with pytest.raises(TypeError, match="did you mean sensitive_fields"):
        mcl.configure_logging("orders", sensitive_field=("x",))
