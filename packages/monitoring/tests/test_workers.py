"""Several worker processes count as one service, and go on doing so when some are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from maestro_monitoring import clear_worker_files
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRELUDE = """
import sys
import maestro_monitoring as mm
from maestro_monitoring.exposition import Scrape

requests = mm.counter("requests", "", ["worker"])
waits = mm.histogram("wait_seconds", "", buckets=[1, 10])
sent = mm.summary("sent_bytes")
busy = mm.gauge("busy_jobs")
low = mm.gauge("low_jobs", multiprocess_mode="min")
high = mm.gauge("high_jobs", multiprocess_mode="max")
summed = mm.gauge("summed_jobs", multiprocess_mode="sum")
last = mm.gauge("last_jobs", multiprocess_mode="mostrecent")
mm.info("service").info({"service": "orders"})

def scrape():
    sys.stdout.write(Scrape().render("")[0].decode() + "END\\n")
    sys.stdout.flush()
"""
WORKER = (
    PRELUDE
    + """
for line in sys.stdin:
    word, _, number = line.strip().partition(" ")
    if word == "count":
        for _ in range(int(number)):
            requests.labels(sys.argv[1]).inc()
            waits.observe(0.5)
            sent.observe(10)
        for gauge in (busy, low, high, summed, last):
            gauge.set(int(number))
        print("counted", flush=True)
    elif word == "scrape":
        scrape()
"""
)


class Worker:
    """A worker process that counts and scrapes when it is told to."""

    def __init__(self, name: str, folder: Path) -> None:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the worker has ended"
        return line

    def count(self, number: int) -> None:
        self.tell(f"count {number}")
        assert self.line() == "counted\n"

    def scrape(self) -> dict[tuple[str, str], float]:
        self.tell("scrape")
        text = "".join(iter(self.line, "END\n"))
        families = text_string_to_metric_families(text)
        return {(s.name, ",".join(s.labels.values())): s.value for family in families for s in family.samples}

    def kill(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    clear_worker_files(tmp_path / "workers")
    return tmp_path / "workers"


@pytest.fixture
def workers(folder: Path) -> Iterator[list[Worker]]:
    started = [Worker(name, folder) for name in ("a", "b", "c", "d")]
    yield started
    for worker in started:
        worker.kill()


def test_totals_are_the_sum_over_workers_also_of_those_that_were_killed(workers: list[Worker], folder: Path) -> None:
    """Kill -9 at any moment loses nothing that was counted; gauges of the dead are gone, and so are their files."""
    a, b, c, d = workers
    for number, worker in enumerate(workers, start=1):
        worker.count(number * 10)
    first = a.scrape()
    assert [first["requests_total", name] for name in "abcd"] == [10, 20, 30, 40]
    assert first["wait_seconds_count", ""] == first["wait_seconds_bucket", "1.0"] == 100
    assert (first["wait_seconds_sum", ""], first["sent_bytes_sum", ""]) == (50, 1_000)
    assert first["busy_jobs", ""] == 100
    assert first["service_info", "orders"] == 1
    b.kill()
    d.count(2)
    second = c.scrape()
    assert [second["requests_total", name] for name in "abcd"] == [10, 20, 30, 42]
    assert second["wait_seconds_count", ""] == 102
    assert second["busy_jobs", ""] == 10 + 30 + 2
    c.kill()
    a.count(1)
    third, fourth = a.scrape(), d.scrape()
    assert third == fourth
    assert [third["requests_total", name] for name in "abcd"] == [11, 20, 30, 42]
    assert third["busy_jobs", ""] == 1 + 2
    pids = {path.stem.rpartition("_")[2] for path in folder.glob("*.db")}
    assert pids == {"0", str(a.process.pid), str(d.process.pid)}


def test_gauges_that_remember_the_dead_do_so_without_their_files(workers: list[Worker], folder: Path) -> None:
    a, b, c, d = workers
    for worker, number in ((d, 5), (b, 2), (a, 9), (c, 7)):
        worker.count(number)

    def gauges() -> list[float]:
        found = d.scrape()
        return [found[f"{name}_jobs", ""] for name in ("low", "high", "summed", "last")]

    before = gauges()
    assert before == [2, 9, 23, 7]
    for worker in (a, b, c):
        worker.kill()
        assert gauges() == before
    assert {path.stem.rpartition("_")[2] for path in folder.glob("*.db")} == {"0", str(d.process.pid)}


def test_a_worker_that_nobody_has_waited_for_yet_is_dead_all_the_same(workers: list[Worker]) -> None:
    """Its gauge would be shown until its parent gets round to it."""
    a, b, *_ = workers
    a.count(1)
    b.count(2)
    os.kill(b.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, b.process.pid, os.WEXITED | os.WNOWAIT)
    assert a.scrape()["busy_jobs", ""] == 1


def test_a_file_that_was_opened_and_not_yet_written_disturbs_no_scrape(folder: Path) -> None:
    """Of a living worker, and of one that was killed in that instant, which broke every later scrape."""
    dead = Worker("x", folder)
    dead.count(2)
    dead.kill()
    living = folder / f"counter_{os.getpid()}.db"
    gone = folder / f"counter_{dead.process.pid}.db"
    living.touch()
    gone.write_bytes(b"")
    worker = Worker("y", folder)
    worker.count(1)
    assert worker.scrape()["requests_total", "y"] == 1
    assert worker.scrape()["sent_bytes_count", ""] == 3
    assert (living.exists(), gone.exists()) == (True, False)
    worker.kill()


def test_a_worker_that_is_killed_while_it_counts_loses_nothing_it_was_heard_of(workers: list[Worker]) -> None:
    a, b, *_ = workers
    b.tell("count 1000000")
    seen = 0.0
    while seen == 0:
        seen = a.scrape().get(("requests_total", "b"), 0.0)
    b.kill()
    counted = a.scrape()["requests_total", "b"]
    assert seen <= counted < 1_000_000
    assert a.scrape()["requests_total", "b"] == counted


CUT_OFF = """
import itertools, os, shutil, sys
from pathlib import Path
from maestro_monitoring.workers import collect_workers

def totals(folder):
    samples = [sample for metric in collect_workers(folder) for sample in metric.samples]
    return {sample.name: sample.value for sample in samples if "le" not in sample.labels and "_jobs" not in sample.name}

def cut_off_after(left):
    def counted(function):
        def step(*args, **kwargs):
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            return function(*args, **kwargs)
        return step
    for name in ("replace", "unlink", "write_text"):
        setattr(Path, name, counted(getattr(Path, name)))

left_behind = Path(sys.argv[1])
for steps in itertools.count():
    folder = left_behind.with_name(f"copy {steps}")
    shutil.copytree(left_behind, folder)
    child = os.fork()
    if child == 0:
        cut_off_after(steps)
        collect_workers(folder)
        os._exit(0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    counts = dict.fromkeys(("requests_total", "wait_seconds_count", "sent_bytes_count"), 7)
    wanted = {**counts, "wait_seconds_sum": 3.5, "sent_bytes_sum": 70}
    assert totals(folder) == totals(folder) == wanted, (steps, totals(folder))
    assert {path.stem.rpartition("_")[2] for path in folder.glob("*.db")} == {"0"}
    if ended == 0:
        print(steps)
        break
    assert ended == 9
"""


def test_a_merge_that_is_cut_off_anywhere_is_finished_by_the_next_scrape(folder: Path) -> None:
    """The process that merges is ended at its first step, its second, ...; nothing is lost or counted twice."""
    for count in (3, 4):
        worker = Worker("x", folder)
        worker.count(count)
        worker.kill()
    done = subprocess.run([sys.executable, "-c", CUT_OFF, str(folder)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert int(done.stdout) > 8


FORKED = (
    PRELUDE
    + """
import os

requests.labels("parent").inc()
children = []
for number in range(3):
    children.append(os.fork())
    if children[-1] == 0:
        for _ in range(10):
            requests.labels("parent").inc()
            requests.labels(str(number)).inc()
        os._exit(0)
for child in children:
    os.waitpid(child, 0)
scrape()
"""
)


def test_workers_that_are_forked_from_one_that_has_counted_count_on(folder: Path) -> None:
    """As by gunicorn's `preload_app`: what the parent has counted is not counted again."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    command = [sys.executable, "-c", FORKED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    families = text_string_to_metric_families(done.stdout.removesuffix("END\n"))
    counted = {s.labels["worker"]: s.value for family in families for s in family.samples if "worker" in s.labels}
    assert counted == {"parent": 31, "0": 10, "1": 10, "2": 10}


def test_what_an_earlier_run_has_left_is_cleared_by_the_parent(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "new" / "workers"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    clear_worker_files()
    worker = Worker("x", folder)
    worker.count(3)
    worker.kill()
    assert list(folder.glob("*.db"))
    (folder / "notes.txt").write_text("not ours")
    clear_worker_files()
    assert not list(folder.glob("*.db"))
    assert (folder / "notes.txt").exists()
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    with pytest.raises(ValueError, match="PROMETHEUS_MULTIPROC_DIR is not set"):
        clear_worker_files()
