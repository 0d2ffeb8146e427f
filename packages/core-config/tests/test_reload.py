"""A reload changes everything at once or nothing, says which, and tells those who asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from maestro_core_config import (
    BaseConfig,
    Change,
    ConfigError,
    ConfigEvent,
    ConfigManager,
    Field,
    FileLoader,
    Layer,
    SecretStr,
    SourceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANTED = "hunter2-Zq9pLx"


class Listen(BaseConfig):
    """A section that needs a restart."""

    host: str = "localhost"
    port: int = Field(80, ge=1)


class Settings(BaseConfig):
    """A configuration with a section."""

    level: str = "INFO"
    password: SecretStr = SecretStr("")
    labels: dict[str, str] = Field(default_factory=dict)
    listen: Listen = Field(Listen(), reload="restart")


class Pair(BaseConfig):
    """Two numbers that are valid only together."""

    one: int
    two: int

    def validate_config(self) -> None:
        if self.one != self.two:
            raise ValueError("one and two must be equal")


def put(file: Path, values: Any) -> None:
    """Write a file in one step, as a deployment should."""
    other = file.with_suffix(".new")
    other.write_text(json.dumps(values))
    other.replace(file)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "c.json"
    put(path, {})
    return path


def test_a_change_is_applied_and_told_path_by_path(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    before = manager.load()
    put(file, {"level": "DEBUG", "labels": {"a": "1"}})
    result = manager.reload()
    assert (result.status, result.ok, result.paths) == ("applied", True, ("level", "labels", "labels.a"))
    assert result.changes[0] == Change(path="level", old="INFO", new="DEBUG")
    assert (before.level, manager.current.level) == ("INFO", "DEBUG")
    assert str(result) == "applied: level, labels, labels.a"


def test_nothing_new_keeps_the_object_but_knows_lines_that_moved(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('level = "DEBUG"\n')
    manager = ConfigManager(Settings, files=[file])
    before = manager.load()
    file.write_text('\n\nlevel = "DEBUG"\n')
    assert manager.reload().status == "unchanged"
    assert manager.current is before
    assert manager.explain("level").line == 3


@pytest.mark.parametrize(
    "text", ['{"level": 3}', "{", '{"listen": {"port": 0}}', '{"level": "A", "password": [1]}', ""]
)
def test_wrong_data_is_rejected_and_the_old_kept(file: Path, text: str) -> None:
    put(file, {"level": "DEBUG"})
    manager = ConfigManager(Settings, files=[file])
    before = manager.load()
    file.write_text(text)
    result = manager.reload()
    assert (result.status, result.ok) == ("rejected", False)
    assert result.problems
    assert manager.current is before
    assert manager.explain("level").value == "DEBUG"
    put(file, {"level": "WARNING"})
    assert manager.reload().status == "applied"


def test_a_file_that_vanishes_is_rejected(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    manager.load()
    file.unlink()
    result = manager.reload()
    assert result.status == "rejected"
    assert "does not exist" in str(result)


def test_a_change_of_a_restart_field_keeps_the_whole_old_snapshot(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    before = manager.load()
    put(file, {"level": "DEBUG", "listen": {"port": 81}})
    result = manager.reload()
    assert (result.status, result.paths) == ("restart_required", ("listen.port",))
    assert {each.path for each in result.changes} == {"level", "listen.port"}
    assert manager.current is before


def test_subscribers_are_told_after_the_swap_with_secrets_masked(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    manager.load()
    seen: list[Any] = []
    end = manager.subscribe(
        "pass*", lambda *change: seen.append((*change, manager.current.password.get_secret_value()))
    )
    manager.subscribe("labels.*", lambda *change: seen.append(change))
    put(file, {"password": PLANTED, "level": "DEBUG", "labels": {"a": "1"}})
    manager.reload()
    assert seen == [("password", "", "***", PLANTED), ("labels.a", None, "1")]
    end()
    end()
    put(file, {"password": "other", "labels": {"a": "1"}})
    manager.reload()
    assert len(seen) == 2


def test_events_tell_each_outcome_without_values_and_stats_count_them(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    manager.load()
    events: list[ConfigEvent] = []
    end = manager.subscribe(events.append)
    for values in ({"password": PLANTED}, {"password": PLANTED}, {"level": 3}, {"listen": {"port": 5}}):
        put(file, values)
        manager.reload()
    end()
    manager.reload()
    assert [each.kind for each in events] == [
        "config.applied",
        "config.unchanged",
        "config.rejected",
        "config.restart_required",
    ]
    assert events[0] == ConfigEvent(
        kind="config.applied", name="Settings", data={"changes": 1, "problems": 0, "paths": "password"}
    )
    assert PLANTED not in str(events)
    stats = manager.stats()
    assert {key: stats[key] for key in ("loads", "applied", "unchanged", "rejected", "restart_required")} == {
        "loads": 1,
        "applied": 1,
        "unchanged": 1,
        "rejected": 1,
        "restart_required": 2,
    }
    assert stats["generation"] == 2
    assert all(isinstance(value, (int, float, str)) for value in stats.values())


def test_a_failing_subscriber_is_counted_and_disturbs_nobody(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    manager.load()
    seen: list[Any] = []
    manager.subscribe(lambda _event: 1 / 0)
    manager.subscribe("*", lambda *_change: 1 / 0)
    manager.subscribe("*", lambda *change: seen.append(change))
    put(file, {"level": "DEBUG"})
    assert manager.reload().status == "applied"
    assert seen == [("level", "INFO", "DEBUG")]
    assert manager.stats()["subscriber_errors"] == 2


def test_a_subscriber_may_reload_in_its_turn(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file])
    manager.load()
    inner: list[str] = []
    manager.subscribe("level", lambda *_change: inner.append(manager.reload().status))
    put(file, {"level": "DEBUG"})
    manager.reload()
    assert inner == ["unchanged"]


def test_a_subscription_needs_functions() -> None:
    manager = ConfigManager(Settings)
    for arguments in (("level",), ("level", "x"), (3, print)):
        with pytest.raises(TypeError, match="subscribe takes"):
            manager.subscribe(*arguments)


def test_an_optional_source_may_be_away_at_start_but_never_takes_values_away() -> None:
    class Remote:
        optional = True
        name = "remote"
        answer: dict[str, Any] | None = None

        def load(self) -> Layer:
            if self.answer is None:
                raise SourceUnavailableError("remote did not answer; see whether it is up")
            return Layer("remote", self.answer)

    remote = Remote()
    manager = ConfigManager(Settings, loaders=[remote])
    assert manager.load().level == "INFO"
    assert "did not answer" in str(manager.warnings[0])
    remote.answer = {"level": "DEBUG"}
    assert manager.reload().status == "applied"
    assert manager.warnings == ()
    remote.answer = None
    assert manager.reload().status == "rejected"
    assert manager.current.level == "DEBUG"


@pytest.fixture
def _many_switches() -> Iterator[None]:
    """Let threads take turns a thousand times as often, so that a race has its chance and nobody waits long."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_many_switches")
def test_readers_in_threads_never_see_a_mixed_snapshot(file: Path) -> None:
    put(file, {"one": 0, "two": 0})
    manager = ConfigManager(Pair, files=[file])
    manager.load()
    stop = threading.Event()
    mixed: list[Any] = []
    seen: set[int] = set()

    def read() -> None:
        while not stop.is_set():
            config = manager.current
            first, second = config.one, config.two
            seen.add(first)
            if first != second or manager.current.one < first:
                mixed.append((first, second))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for each in readers:
        each.start()
    for number in range(1, 100):
        put(file, {"one": number, "two": number})
        assert manager.reload().status == "applied"
    stop.set()
    for each in readers:
        each.join()
    assert not mixed
    assert seen


STORM = """
import json, os, sys
file, other = sys.argv[1:]
for number in range(1, 10_001):
    text = json.dumps({"one": number, "two": number if number % 3 else -number})
    if number % 2:
        open(file, "w").write(text[: 18 if number % 5 else None])  # in place, and mostly cut short
    else:
        open(other, "w").write(text)
        os.replace(other, file)
"""


@pytest.fixture
def quick_file() -> Iterator[Path]:
    """A file in memory where there is such a folder: some disks flush at each replaced file, for a minute in all."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder) / "c.json"


def test_a_storm_of_ten_thousand_writes_never_leaves_an_invalid_snapshot(quick_file: Path) -> None:
    """Another process writes, half of it in place, cut short or wrong; here reloads and reads go on all along."""
    file = quick_file
    put(file, {"one": 0, "two": 0})
    manager = ConfigManager(Pair, files=[file])
    manager.load()
    with subprocess.Popen([sys.executable, "-S", "-c", STORM, str(file), f"{file}.other"]) as storm:
        while storm.poll() is None:
            manager.reload()
            config = manager.current
            assert config.one == config.two
    assert storm.returncode == 0
    assert int(manager.stats()["rejected"]) > 0
    put(file, {"one": 7, "two": 7})
    assert manager.reload().ok
    assert manager.current == Pair(one=7, two=7)


def test_files_that_change_while_they_are_read_are_read_again_together(tmp_path: Path) -> None:
    """The first file changes after it was read and before the second is: both are read anew."""
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    put(one, {"one": 1})
    put(two, {"two": 1})
    changes = iter([2, 3])

    class Meddling(FileLoader):
        def load(self) -> Layer:
            layer = super().load()
            number = next(changes, None)
            if number is not None:
                put(one, {"one": number, "filler": "x" * number})
                put(two, {"two": number, "filler": "x" * number})
            return layer

    manager = ConfigManager(Pair, loaders=[Meddling(one), FileLoader(two)], unknown="ignore")
    assert manager.load() == Pair(one=3, two=3)


def test_files_that_never_come_to_rest_are_an_error(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    put(file, {"one": 1, "two": 1})

    class Restless(FileLoader):
        count = 0

        def fingerprint(self) -> object:
            self.count += 1
            return self.count

    with pytest.raises(ConfigError, match="change faster than they can be read"):
        ConfigManager(Pair, loaders=[Restless(file)]).load()


def test_watching_reloads_when_a_file_changes_and_stops(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file], poll_interval=0.01)
    changed = threading.Event()
    rejected = threading.Event()
    manager.subscribe("level", lambda *_change: changed.set())
    manager.subscribe(lambda event: rejected.set() if event.kind == "config.rejected" else None)
    with manager.watch() as watch:
        assert manager.watch() is watch
        put(file, {"level": "DEBUG"})
        assert changed.wait(60)
        assert manager.current.level == "DEBUG"
        file.write_text("{")
        assert rejected.wait(60)
        was_running = watch.running
    assert (was_running, watch.running) == (True, False)
    watch.stop()
    reloads = {key: manager.stats()[key] for key in ("applied", "rejected")}
    put(file, {"level": "ERROR"})
    assert {key: manager.stats()[key] for key in ("applied", "rejected")} == reloads
    assert not any(each.name.startswith("maestro-config") for each in threading.enumerate())


def test_watching_sees_a_change_made_between_loading_and_watching(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file], poll_interval=0.01)
    manager.load()
    changed = threading.Event()
    manager.subscribe("level", lambda *_change: changed.set())
    put(file, {"level": "DEBUG"})
    with manager.watch():
        assert changed.wait(60)


def test_a_subscriber_may_stop_the_watch(file: Path) -> None:
    manager = ConfigManager(Settings, files=[file], poll_interval=0.01)
    watch = manager.watch()
    stopped = threading.Event()

    def stop(_event: ConfigEvent) -> None:
        watch.stop()
        stopped.set()

    manager.subscribe(stop)
    put(file, {"level": "DEBUG"})
    assert stopped.wait(60)
    assert not watch.running


def test_a_watch_outlives_a_failing_fingerprint(file: Path) -> None:
    class Failing(FileLoader):
        fails = False

        def fingerprint(self) -> object:
            if self.fails:
                self.fails = False
                raise OSError(PLANTED)
            return super().fingerprint()

    loader = Failing(file)
    manager = ConfigManager(Settings, loaders=[loader], poll_interval=0.01)
    changed = threading.Event()
    manager.subscribe("level", lambda *_change: changed.set())
    with manager.watch():
        loader.fails = True
        put(file, {"level": "DEBUG"})
        assert changed.wait(60)


def test_the_environment_is_read_again_at_each_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    manager = ConfigManager(Settings)
    manager.load()
    monkeypatch.setitem(os.environ, "MAESTRO_LEVEL", "DEBUG")
    assert manager.reload().paths == ("level",)
    assert manager.explain("level").variable == "MAESTRO_LEVEL"


def test_a_number_that_becomes_a_truth_is_a_change(file: Path) -> None:
    class Free(BaseConfig):
        things: dict[str, Any] = Field(default_factory=dict)

    put(file, {"things": {"a": 1}})
    manager = ConfigManager(Free, files=[file])
    manager.load()
    put(file, {"things": {"a": True}})
    assert manager.reload().changes == (Change(path="things.a", old=1, new=True),)
