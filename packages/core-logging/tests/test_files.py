"""Log files: set aside by age or size, old parts deleted, kind to logrotate and to other processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import maestro_core_logging as mcl

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Clock

DAY = 86_400.0
START = 1_700_006_400.0  # 2023-11-15T00:00:00Z


def configure(path: Path, **settings: Any) -> None:
    mcl.configure_logging(
        "files", enable_console=False, enable_file=True, file_path=path, capture_stdlib=False, writer="sync", **settings
    )


def names(folder: Path) -> list[str]:
    return sorted(part.name for part in folder.iterdir())


def events(path: Path) -> list[str]:
    return [json.loads(line)["event"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_file_is_set_aside_when_its_day_is_over(tmp_path: Path, clock: Clock) -> None:
    clock.now = START + 10
    configure(tmp_path / "app.log", file_rotation="1 day", wall_clock=clock)
    log = mcl.get_logger()
    log.info("first day")
    clock.now = START + DAY - 1
    log.info("first day still")
    clock.now = START + DAY
    log.info("second day")
    assert names(tmp_path) == ["app.20231116T000000Z.log", "app.log"]
    assert events(tmp_path / "app.20231116T000000Z.log") == ["first day", "first day still"]
    assert events(tmp_path / "app.log") == ["second day"]


def test_a_file_of_an_earlier_run_is_set_aside_by_its_own_age(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "app.log"
    path.write_text('{"event":"old"}\n', encoding="utf-8")
    os.utime(path, (START, START))
    clock.now = START + 2 * DAY
    configure(path, wall_clock=clock)
    mcl.get_logger().info("new")
    assert events(path) == ["new"]
    assert len(names(tmp_path)) == 2


def test_no_file_outgrows_its_size_and_no_line_is_cut(tmp_path: Path) -> None:
    configure(tmp_path / "app.log", file_rotation="2 kB", file_retention=None)
    for number in range(60):
        mcl.get_logger().info(f"line {number:03d}")
    found = []
    for part in sorted(tmp_path.iterdir(), key=lambda part: events(part)[0]):
        assert part.stat().st_size <= 2000
        found += events(part)
    assert found == [f"line {number:03d}" for number in range(60)]


def test_a_line_longer_than_the_size_gets_a_file_of_its_own(tmp_path: Path) -> None:
    configure(tmp_path / "app.log", file_rotation=300, file_retention=None)
    for event in ("short", "long " * 200, "short again"):
        mcl.get_logger().info(event)
    assert sorted(len(events(part)) for part in tmp_path.iterdir()) == [1, 1, 1]


def test_only_so_many_parts_are_kept(tmp_path: Path, clock: Clock) -> None:
    clock.now = START
    bystander = tmp_path / "app.notes.log"
    bystander.write_text("mine", encoding="utf-8")
    configure(tmp_path / "app.log", file_rotation=200, file_retention="2 files", wall_clock=clock)
    for number in range(8):
        clock.advance(1)
        mcl.get_logger().info(f"line {number}")
    assert len(names(tmp_path)) == 4
    assert bystander.exists()
    assert events(tmp_path / "app.log") == ["line 7"]


def test_parts_older_than_the_retention_are_deleted(tmp_path: Path, clock: Clock) -> None:
    clock.now = START
    old, recent = tmp_path / "app.20231001T000000Z.log", tmp_path / "app.20231114T000000Z.log"
    for part, age in ((old, 31 * DAY), (recent, DAY)):
        part.write_text("{}\n", encoding="utf-8")
        os.utime(part, (START - age, START - age))
    configure(tmp_path / "app.log", file_rotation=150, file_retention="30 days", wall_clock=clock)
    mcl.get_logger().info("one")
    mcl.get_logger().info("two")
    assert not old.exists()
    assert recent.exists()


def test_a_file_moved_away_or_deleted_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    configure(path)
    mcl.get_logger().info("one")
    path.rename(tmp_path / "moved")
    mcl.get_logger().info("two")
    path.unlink()
    mcl.get_logger().info("three")
    assert events(tmp_path / "moved") == ["one"]
    assert events(path) == ["three"]


def test_a_rotation_that_fails_loses_no_line(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    configure(folder / "app.log", file_rotation=200)
    log = mcl.get_logger()
    log.info("one")
    # A name as long as names may be leaves no room for a time in it, whoever asks.
    mcl.shutdown_logging()
    long = folder / ("x" * 250 + ".log")
    configure(long, file_rotation=200)
    for event in ("one", "two", "three"):
        log.info(event)
    stats = mcl.logging_stats()
    assert events(long) == ["one", "two", "three"]
    assert (stats["written"], stats["dropped"]) == (3, 0)
    assert int(stats["sink_errors"]) > 0


def test_several_processes_share_a_file_and_its_rotation(tmp_path: Path) -> None:
    program = """
    import sys
    import maestro_core_logging as mcl
    mcl.configure_logging("shared", enable_console=False, enable_file=True, file_path=sys.argv[1],
                          file_rotation="20 kB", file_retention=None)
    for number in range(400):
        mcl.get_logger(sys.argv[2]).info("line", number=number)
        if number % 10 == 0: mcl.flush()
    """
    running = [
        subprocess.Popen([sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "app.log"), name])
        for name in "abc"
    ]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    seen: dict[str, set[int]] = {}
    count = 0
    for part in tmp_path.iterdir():
        for line in part.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            seen.setdefault(record["logger"], set()).add(record["number"])
            count += 1
    assert seen == {name: set(range(400)) for name in "abc"}
    assert count == 1200


def test_the_folder_of_the_file_is_made(tmp_path: Path) -> None:
    configure(tmp_path / "a" / "b" / "app.log")
    mcl.get_logger().info("here")
    assert events(tmp_path / "a" / "b" / "app.log") == ["here"]
