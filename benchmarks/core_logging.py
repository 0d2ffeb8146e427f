# /// script
# requires-python = ">=3.11"
# dependencies = ["structlog>=25.1", "orjson>=3.10", "loguru>=0.7.3", "python-json-logger>=4"]
# ///
"""Log lines with context and redaction beside peers that do not redact, and callers' waits on a slow output.

`python benchmarks/core_logging.py [--json DIR]`, with maestro-core-logging and the packages above installed. Targets
are ratios of our time to the peer's: 1/0.85 against structlog native, 1/3 against structlog over stdlib, 1/3.5 against
loguru. Every contender writes the same fields to a file of its own; ours is flushed and checked for drops each round.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import loguru
import maestro_core_logging as ours
import orjson
import structlog
from harness import Row, interleave, report, rows
from pythonjsonlogger.orjson import OrjsonFormatter

LINES = 2000
CONTEXT = {"request_id": "5b2f8d3c-0d3e-4b5e-9b0e-3f6d2f1a7c11", "correlation_id": "c-1842"}
SERVICE = {"service": "orders", "env": "production"}
NATIVE, STDLIB, LOGURU, PYTHON_JSON = (
    "structlog native, orjson",
    "structlog over stdlib",
    "loguru serialize",
    "python-json-logger",
)
COUNTER = count()
OURS = "maestro-core-logging"
TARGETS: dict[str, float | None] = {NATIVE: 1 / 0.85, STDLIB: 1 / 3, LOGURU: 1 / 3.5, PYTHON_JSON: None}
Log = Callable[..., Any]


def flat(log: Log) -> None:
    """Five flat fields, their texts the same in each line."""
    for number in range(LINES):
        log("order placed", order_id=number, customer="c-1842", amount=12.5, currency="EUR", path="/api/v1/orders")


def unique(log: Log) -> None:
    """Long texts that no line before has had."""
    for _ in range(LINES):
        number = next(COUNTER)
        order_id = f"{number:08x}-8a0b-4a0e-9f0e-0c5b{number:08x}"
        log("order placed", order_id=order_id, note=f"paid by invoice number {number}", amount=12.5)


def nested(log: Log) -> None:
    """A collection with seven values in it."""
    for number in range(LINES):
        address = {"city": "Bonn", "zip": "53111", "tags": ["home", "billing"]}
        log("order placed", order_id=number, customer={"id": number, "name": "Ada", "address": address}, amount=12.5)


WORK = {"flat fields": flat, "unique long texts": unique, "nested fields": nested}


def our_log(folder: Path) -> Log:
    """Redaction and context on, as a service has it."""
    ours.configure_logging(
        service_name="orders",
        environment="production",
        capture_stdlib=False,
        enable_console=False,
        enable_file=True,
        file_path=folder / "ours.log",
        file_rotation=None,
    )
    ours.set_context(**CONTEXT)
    return ours.get_logger("orders.api").info


def native_log(folder: Path) -> Log:
    """The fastest set-up structlog's documentation gives."""
    logger = structlog.wrap_logger(
        structlog.BytesLogger((folder / "native.log").open("wb")),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
    )
    log: Log = logger.bind(**SERVICE, logger="orders.api").info
    return log


def stdlib_log(folder: Path) -> Log:
    """Structlog that hands its lines to the standard library."""
    handler = logging.FileHandler(folder / "stdlib.log")
    handler.setFormatter(logging.Formatter("%(message)s"))
    target = _stdlib_logger("bench.structlog", handler)
    logger = structlog.wrap_logger(
        target,
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value).decode()),
        ],
    )
    log: Log = logger.bind(**SERVICE).info
    return log


def loguru_log(folder: Path) -> Log:
    """Loguru with its own JSON."""
    loguru.logger.remove()
    loguru.logger.add(folder / "loguru.log", serialize=True)
    return loguru.logger.bind(**SERVICE, **CONTEXT).info


def python_json_log(folder: Path) -> Log:
    """The standard library with python-json-logger's orjson formatter."""
    handler = logging.FileHandler(folder / "python-json.log")
    handler.setFormatter(OrjsonFormatter("{asctime}{levelname}{name}{message}", style="{", static_fields=SERVICE))
    logger = _stdlib_logger("bench.python_json", handler)
    return lambda event, **fields: logger.info(event, extra={**CONTEXT, **fields})


def _stdlib_logger(name: str, handler: logging.Handler) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    return logger


def throughput(folder: Path) -> list[Row]:
    """Compare the time per line, ours until the last line is in the file."""
    makers = {NATIVE: native_log, STDLIB: stdlib_log, LOGURU: loguru_log, PYTHON_JSON: python_json_log}
    structlog.contextvars.bind_contextvars(**CONTEXT)
    peers = {name: make(folder) for name, make in makers.items()}
    log = our_log(folder)
    found: list[Row] = []
    for name, work in WORK.items():
        contenders = {peer: _bound(work, peer_log) for peer, peer_log in peers.items()}
        contenders[OURS] = _flushed(work, log)
        medians = {who: seconds / LINES for who, seconds in interleave(contenders, rounds=7).items()}
        found += rows(name, medians, ours=OURS, targets=TARGETS)
    if ours.logging_stats()["dropped"]:
        raise SystemExit("lines were dropped, so the figures compare different work; give the run a quieter machine.")
    return found


def _bound(work: Callable[[Log], None], log: Log) -> Callable[[], None]:
    return lambda: work(log)


def _flushed(work: Callable[[Log], None], log: Log) -> Callable[[], None]:
    def run() -> None:
        work(log)
        ours.flush(30)

    return run


def waits(log: Log, calls: int) -> float:
    """Return the 99th percentile of a caller's wait, with a pause of its own between calls."""
    taken = []
    for number in range(calls):
        start = time.perf_counter()
        log("line", number=number)
        taken.append(time.perf_counter() - start)
        time.sleep(0.0005)
    return sorted(taken)[int(calls * 0.99)]


def slow_output() -> list[Row]:
    """Compare callers' waits when each write of the output takes 50 ms."""

    class Sleepy:
        def write(self, _data: bytes) -> None:
            time.sleep(0.05)

        def flush(self) -> None:
            """Nothing is kept."""

    peer = structlog.wrap_logger(
        structlog.BytesLogger(Sleepy()),  # type: ignore[arg-type]
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        processors=[structlog.processors.JSONRenderer(serializer=orjson.dumps)],
    )
    ours.configure_logging("orders", stream=Sleepy(), capture_stdlib=False)
    mine = waits(ours.get_logger().info, 1000)
    theirs = waits(peer.info, 40)
    return [
        Row(work="caller's p99, output sleeps 50 ms", peer=NATIVE, ours_seconds=mine, peer_seconds=theirs, target=0.02),
        Row(work="the same against 1 ms", peer="one millisecond", ours_seconds=mine, peer_seconds=0.001, target=1.0),
    ]


def below_the_level() -> list[Row]:
    """Compare a call that logs nothing."""
    peer = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO), processors=[])
    peer_debug, our_debug = peer.bind().debug, ours.get_logger().debug

    def calls(log: Log) -> None:
        for number in range(LINES):
            log("nothing", number=number)

    medians = interleave({NATIVE: _bound(calls, peer_debug), OURS: _bound(calls, our_debug)}, rounds=7)
    medians = {who: seconds / LINES for who, seconds in medians.items()}
    return rows("a call below the level", medians, ours=OURS, targets={NATIVE: None})


def main() -> None:
    """Run all and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=None, metavar="DIR", help="also write DIR/core-logging.json")
    into = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(ours.shutdown_logging)
        results = [*throughput(Path(folder)), *slow_output(), *below_the_level()]
    report("core-logging", results, into=into)


if __name__ == "__main__":
    main()
