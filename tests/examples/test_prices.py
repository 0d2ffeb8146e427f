"""The example service as a process of its own: its Redis killed under load, its supplier down, told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from services.redis_server import RedisServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "prices"
COMMAND = shlex.split(re.findall(r"```sh\n(.+)\n```", (EXAMPLE / "README.md").read_text(encoding="utf-8"))[0])
ITEMS = [f"item-{number}" for number in range(10)]
CLIENTS = 8
PATIENCE = 60.0  # seconds after which something never happens, on a busy machine too


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what the service does on its own."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


class Supplier(ThreadingHTTPServer):
    """Knows the price of everything; fails or waits when told to, and counts who asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.failing = False
        self.asked = 0
        self.being_asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @staticmethod
    def price_of(item: str) -> float:
        return sum(item.encode()) / 4


class _Answers(BaseHTTPRequestHandler):
    server: Supplier
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked += 1
        self.server.being_asked.set()
        self.server.may_answer.wait(PATIENCE)
        body = json.dumps({"price": Supplier.price_of(self.path.strip("/"))}).encode()
        self.send_response(500 if self.server.failing else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


class Service:
    """The running example."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, settings: Path) -> None:
        self.process = process
        self.settings = settings
        self._log = log
        wait_until(lambda: any(line["event"] == "listening" for line in self.log()) or process.poll() is not None)
        (heard,) = [line for line in self.log() if line["event"] == "listening"]
        self.url = f"http://127.0.0.1:{heard['port']}"

    def log(self) -> list[dict[str, Any]]:
        """What it logged: each line is one JSON object."""
        whole, _, _ = self._log.read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def get(self, path: str) -> httpx2.Response:
        return httpx2.get(self.url + path, timeout=PATIENCE, trust_env=False)

    def health(self) -> tuple[int, str]:
        answer = self.get("/health")
        return answer.status_code, answer.json()["status"]

    def metrics(self) -> dict[tuple[str, str], float]:
        """Each sample by its name, and the label that tells it from others here."""
        telling = ("status", "state", "kind", "name")
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = (sample for family in families for sample in family.samples)
        return {
            (each.name, next((each.labels[key] for key in telling if key in each.labels), "")): each.value
            for each in samples
        }


@pytest.fixture
def supplier() -> Iterator[Supplier]:
    with Supplier() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield server
        server.may_answer.set()
        server.shutdown()


@pytest.fixture
def start(tmp_path: Path, supplier: Supplier) -> Callable[..., Any]:
    """Start the example by the command of its README, with addresses of servers that are there."""

    @contextmanager
    def started(**variables: str) -> Iterator[Service]:
        folder = Path(shutil.copytree(EXAMPLE, tmp_path / "prices"))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PRICES_", "MAESTRO_"))
        }
        environment |= {"PRICES_PORT": "0", "PRICES_SUPPLIER__TIMEOUT": "30"}
        *given, python, script = COMMAND
        assert python == "python"
        assert {each.partition("=")[0] for each in given} == {"PRICES_SUPPLIER__URL", "PRICES_CACHE__URL"}
        environment |= {"PRICES_SUPPLIER__URL": supplier.url, "PRICES_CACHE__URL": "memory://"} | variables
        with (tmp_path / "log").open("wb") as log:
            process = subprocess.Popen([sys.executable, script], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            yield Service(process, tmp_path / "log", folder / "prices.toml")
        finally:
            process.kill()
            process.wait()

    return started


async def load(service: Service, moments: dict[int, Callable[[], object]]) -> list[tuple[int, bool]]:
    """Ask again and again; at so many answers, do what `moments` says. Each status, and whether the price is right."""
    answers: list[tuple[int, bool]] = []
    ahead = sorted(moments)
    last = ahead[-1] + 200

    async def client(number: int, session: httpx2.AsyncClient) -> None:
        while len(answers) < last:
            item = ITEMS[(len(answers) + number) % len(ITEMS)]
            answer = await session.get(f"/prices/{item}")
            right = answer.status_code == 200 and answer.json() == {"item": item, "price": Supplier.price_of(item)}
            answers.append((answer.status_code, right))
            if ahead and len(answers) >= ahead[0]:
                await asyncio.to_thread(moments[ahead.pop(0)])

    async with httpx2.AsyncClient(base_url=service.url, timeout=PATIENCE, trust_env=False) as session:
        await asyncio.gather(*(client(number, session) for number in range(CLIENTS)))
    return answers


def test_redis_killed_under_load_costs_no_request(
    start: Callable[..., Any], supplier: Supplier, redis_server: RedisServer
) -> None:
    """Degraded while it is away, well again when it is back; the numbers say what happened, and no password."""
    with start(PRICES_CACHE__URL=redis_server.url, PRICES_CACHE__FRESH_FOR="600") as service:
        seen: dict[str, Any] = {"before": service.health()}

        def kill() -> None:
            seen["asked with Redis"] = supplier.asked
            redis_server.kill()

        def restart() -> None:
            seen["asked without"], seen["without"] = supplier.asked, service.health()
            redis_server.start()

        answers = asyncio.run(load(service, {200: kill, 500: restart}))
        wait_until(lambda: service.health() == (200, "healthy"))
        metrics, page = service.metrics(), service.get("/metrics").text

        assert set(answers) == {(200, True)}
        assert (seen["before"], seen["without"]) == ((200, "healthy"), (200, "degraded"))
        assert seen["asked with Redis"] == len(ITEMS), "the cache spared the supplier everything else"
        assert seen["asked without"] > seen["asked with Redis"], "without it, the supplier was asked"

        assert metrics["http_requests_total", "200"] >= len(answers)
        assert ("http_requests_total", "503") not in metrics
        assert metrics["maestro_redis_cache_errors", "redis"] > 0
        assert metrics["maestro_redis_cache_hits", "redis"] > 0
        assert metrics["maestro_circuit_breaker_state", "closed"] == 1
        password = redis_server.url.split("@")[0].split(":")[-1]
        assert password not in page
        assert password not in json.dumps(service.log())


def test_a_supplier_that_is_down_leaves_the_prices_that_were_known(
    start: Callable[..., Any], supplier: Supplier, redis_server: RedisServer
) -> None:
    with start(PRICES_CACHE__URL=redis_server.url, PRICES_CACHE__FRESH_FOR="0.05") as service:
        known = service.get("/prices/apple")
        supplier.failing, asked = True, supplier.asked
        later = []
        while supplier.asked == asked:  # until a price that is no longer fresh was asked for in vain
            later.append(service.get("/prices/apple"))
        assert [each.json() for each in (known, *later)] == [known.json()] * (1 + len(later))

        unknown = service.get("/prices/pear")
        assert unknown.status_code == 503
        assert int(unknown.headers["retry-after"]) >= 1
        wait_until(lambda: any(line["event"] == "no price" for line in service.log()))
        (told,) = (line for line in service.log() if line["event"] == "no price")
        assert (told["level"], told["item"]) == ("warning", "pear")
        assert told["request_id"] == unknown.headers["x-request-id"]


def test_a_request_under_way_is_answered_when_the_service_is_told_to_stop(
    start: Callable[..., Any], supplier: Supplier
) -> None:
    supplier.may_answer.clear()
    with start() as service:
        answers: list[httpx2.Response] = []
        asking = threading.Thread(target=lambda: answers.append(service.get("/prices/apple")))
        asking.start()
        assert supplier.being_asked.wait(PATIENCE)
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: any(line["event"] == "Shutting down" for line in service.log()))
        supplier.may_answer.set()
        asking.join(PATIENCE)
        assert [each.status_code for each in answers] == [200]
        assert service.process.wait(PATIENCE) == -signal.SIGTERM, "as uvicorn ends, once all is closed"


def test_the_level_of_the_log_follows_the_file(start: Callable[..., Any]) -> None:
    with start() as service:
        text = service.settings.read_text(encoding="utf-8")
        service.settings.write_text(text.replace('log_level = "INFO"', 'log_level = "DEBUG"'), encoding="utf-8")
        wait_until(lambda: service.metrics().get(("maestro_events_total", "logging.level_changed"), 0) == 1)
