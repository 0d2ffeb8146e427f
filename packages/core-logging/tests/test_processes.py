"""Real processes: forks, signals, ends, broken pipes and full disks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PRELUDE = """
import os, signal, sys, threading
import maestro_core_logging as mcl
path = sys.argv[1]
def configure(**settings):
    mcl.configure_logging("storm", enable_console=False, enable_file=True, file_path=path, **settings)
log = mcl.get_logger("storm")
"""


def run(body: str, path: Path, *, stdin: int | None = None, stderr: Any = None) -> subprocess.Popen[bytes]:
    program = textwrap.dedent(PRELUDE) + textwrap.dedent(body)
    return subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, str(path)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        stdin=stdin,
    )


def finish(process: subprocess.Popen[bytes]) -> bytes:
    """Wait with a bound that only a hang can reach; return what was printed."""
    out, _ = process.communicate(timeout=120)
    return out


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_written_and_dropped_make_produced_under_a_storm_of_threads_and_forks(tmp_path: Path) -> None:
    """Four threads log while the main thread forks ten times; each child logs from two threads of its own."""
    path, counts = tmp_path / "storm.log", tmp_path / "counts"
    counts.mkdir()
    body = """
    configure(buffer_size=200)
    EACH = 300
    def storm(who):
        own = mcl.get_logger("storm", who=who)
        for number in range(EACH):
            (own.warning if number % 50 == 0 else own.info)("line", number=number)
    def together(names):
        threads = [threading.Thread(target=storm, args=(name,)) for name in names]
        for thread in threads: thread.start()
        return threads
    def account(who):
        assert mcl.flush(60)
        stats = mcl.logging_stats()
        with open(os.path.join(sys.argv[1] + "/../counts", who), "w") as out:
            out.write(f"{stats['produced']} {stats['written']} {stats['dropped']} {stats['queued']}")
    parents = together([f"p{number}" for number in range(4)])
    children = []
    for number in range(10):
        pid = os.fork()
        if pid == 0:
            for thread in together([f"c{number}a", f"c{number}b"]): thread.join()
            account(f"c{number}")
            os._exit(0)
        children.append(pid)
    for thread in parents: thread.join()
    assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
    account("p")
    """
    process = run(body.replace('sys.argv[1] + "/../counts"', repr(str(counts))), path)
    finish(process)
    assert process.returncode == 0
    seen: dict[str, list[int]] = {}
    for record in records(path):
        if record["event"] == "line":
            seen.setdefault(record["who"], []).append(record["number"])
    accounts = {part.name: [int(word) for word in part.read_text().split()] for part in counts.iterdir()}
    assert len(accounts) == 11
    for who, (produced, written, dropped, queued) in accounts.items():
        mine = {name: numbers for name, numbers in seen.items() if name.startswith(who)}
        assert produced == written + dropped
        assert queued == 0
        assert produced == 300 * (4 if who == "p" else 2)
        assert sum(map(len, mine.values())) == written
        for numbers in mine.values():
            assert numbers == sorted(set(numbers))
            assert [number for number in numbers if number % 50 == 0] == list(range(0, 300, 50))


def test_a_fork_neither_repeats_nor_loses_what_was_queued(tmp_path: Path) -> None:
    body = """
    configure()
    for number in range(100): log.info("before", number=number)
    if os.fork() == 0:
        log.info("child")
        mcl.flush()
        os._exit(0)
    os.wait()
    log.info("after")
    """
    finish(run(body, tmp_path / "log"))
    events = [record["event"] for record in records(tmp_path / "log")]
    assert sorted(events) == sorted(["before"] * 100 + ["child", "after"])


@pytest.mark.skipif(sys.version_info < (3, 13), reason="joining a thread waits for its last step since Python 3.13")
def test_a_process_without_threads_of_its_own_forks_without_a_warning(tmp_path: Path) -> None:
    body = """
    import warnings, time
    configure()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            log.info("x")
            if os.fork() == 0: os._exit(0)
            os.wait()
    print(len(caught))
    """
    assert int(finish(run(body, tmp_path / "log"))) == 0


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_flush_when_they_end(tmp_path: Path, method: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing, sys
            import maestro_core_logging as mcl

            def configure():
                path = {str(tmp_path / "log")!r}
                mcl.configure_logging("mp", enable_console=False, enable_file=True, file_path=path)

            def work(number):
                if {method!r} != "fork":
                    configure()
                for turn in range(20):
                    mcl.get_logger().info("work", number=number, turn=turn)

            if __name__ == "__main__":
                configure()
                mcl.get_logger().info("parent")
                context = multiprocessing.get_context({method!r})
                children = [context.Process(target=work, args=(number,)) for number in range(2)]
                for child in children: child.start()
                for child in children: child.join()
            """
        ),
        encoding="utf-8",
    )
    subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(program), str(tmp_path / "log")],
        check=True,
        timeout=120,
    )
    assert len(records(tmp_path / "log")) == 41


def test_sigterm_loses_no_warning(tmp_path: Path) -> None:
    """Whatever call had returned before the signal came is on disk, and the process still dies of the signal."""
    body = """
    configure()
    number = 0
    while True:
        log.warning("kept", number=number)
        number += 1
        os.write(1, b"%d\\n" % number)
        for _ in range(20): log.info("filler")
    """
    process = run(body, tmp_path / "log")
    assert process.stdout is not None
    said = process.stdout.readline()
    for _ in range(300):
        said = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest = finish(process)
    returned = int((said + rest).split()[-1])
    kept = [record["number"] for record in records(tmp_path / "log") if record["event"] == "kept"]
    assert process.returncode == -signal.SIGTERM
    assert kept[:returned] == list(range(returned))


def test_sigterm_in_the_middle_of_writing_does_not_hang(tmp_path: Path) -> None:
    """With `writer='sync'` the main thread itself holds the sink when the signal comes."""
    body = """
    configure(writer="sync")
    log.warning("kept")
    os.write(1, b"ready\\n")
    while True: log.warning("kept")
    """
    process = run(body, tmp_path / "log")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    finish(process)
    assert process.returncode == -signal.SIGTERM
    assert {record["event"] for record in records(tmp_path / "log")} == {"kept"}


def test_a_sigterm_handler_of_the_host_is_left_alone(tmp_path: Path) -> None:
    body = """
    signal.signal(signal.SIGTERM, lambda *_: (log.warning("mine"), sys.exit(7)))
    configure()
    os.kill(os.getpid(), signal.SIGTERM)
    """
    process = run(body, tmp_path / "log")
    finish(process)
    assert process.returncode == 7
    assert [record["event"] for record in records(tmp_path / "log")] == ["mine"]


def test_the_end_of_a_program_flushes_and_later_lines_are_written_at_once(tmp_path: Path) -> None:
    body = """
    import atexit
    atexit.register(lambda: log.info("from an exit hook"))
    configure()
    for number in range(500): log.info("line", number=number)
    """
    finish(run(body, tmp_path / "log"))
    found = records(tmp_path / "log")
    assert [record["number"] for record in found[:500]] == list(range(500))
    assert found[500]["event"] == "from an exit hook"


def test_a_sink_that_never_returns_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    body = """
    forever = threading.Event()
    mcl.configure_logging("stuck", stream=lambda data: forever.wait())
    log.info("x")
    log.error("y")
    print("done")
    """
    process = run(body, tmp_path / "log")
    assert finish(process) == b"done\n"
    assert process.returncode == 0


def test_a_full_disk_is_counted_and_complained_about(tmp_path: Path) -> None:
    body = """
    mcl.configure_logging("full", enable_console=False, enable_file=True, file_path="/dev/full")
    for number in range(50): log.error("x", number=number, password="S3cr3t")
    mcl.flush()
    stats = mcl.logging_stats()
    print(stats["produced"], stats["written"], stats["dropped_by_sink"], stats["sink_errors"] > 0)
    """
    process = run(body, tmp_path / "log", stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=120)
    assert out == b"50 0 50 True\n"
    assert err.count(b"No space left on device") == 1
    assert b"S3cr3t" not in err
    assert process.returncode == 0


def test_a_reader_that_went_away_is_counted(tmp_path: Path) -> None:
    body = """
    mcl.configure_logging("pipe", stream="stdout")
    log.info("to nobody")
    mcl.flush()
    stats = mcl.logging_stats()
    sys.stderr.write(f"{stats['dropped_by_sink']} {stats['sink_errors']}\\n")
    """
    reader, writer = os.pipe()
    os.close(reader)
    program = textwrap.dedent(PRELUDE) + textwrap.dedent(body)
    process = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False
    )
    os.close(writer)
    assert process.returncode == 0
    assert process.stderr.splitlines()[-1] == b"1 1"
    assert b"Broken pipe" in process.stderr


def test_a_signal_handler_may_log_at_any_moment(tmp_path: Path) -> None:
    """A timer signal cuts in thousands of times, also into the writer's own flags and locks."""
    body = """
    configure(buffer_size=100)
    cut_ins = 0
    def cut_in(*_):
        global cut_ins
        cut_ins += 1
        log.error("cut in", number=cut_ins)
    signal.signal(signal.SIGALRM, cut_in)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    for number in range(4000):
        log.warning("line", number=number)
        if number % 100 == 0: mcl.flush(10)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert mcl.flush(60)
    stats = mcl.logging_stats()
    print(stats["produced"] - 4000 - cut_ins, stats["produced"] - stats["written"] - stats["dropped"], cut_ins > 0)
    """
    assert finish(run(body, tmp_path / "log")) == b"0 0 True\n"


def test_importing_starts_no_thread_sets_no_handler_and_writes_nothing(tmp_path: Path) -> None:
    body = """
    import logging
    mcl.get_logger("x").debug("below the level")
    print(threading.active_count(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, logging.root.handlers)
    print(os.listdir("."))
    """
    program = textwrap.dedent(PRELUDE) + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-c", program, "x"], cwd=tmp_path, capture_output=True, timeout=120, check=True
    )
    assert done.stdout == b"1 True []\n[]\n"
    assert done.stderr == b""
