"""Saving writes what can be loaded again, in one step, and no secret that is not encrypted."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from maestro_core_config import BaseConfig, ConfigEncryption, ConfigError, ConfigManager, Field, SecretStr

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = "hunter2-Zq9pLx"
KEY = ConfigEncryption.generate_key()


class Database(BaseConfig):
    """A section with a secret."""

    host: str = "h"
    password: SecretStr = SecretStr("")
    numbers: list[int] = Field(default_factory=lambda: [1, 2])


class Settings(BaseConfig):
    """A configuration with a section."""

    database: Database = Database()
    url: str = "x"
    labels: dict[str, str] = Field(default_factory=dict)


VALUES = {"database": {"password": PLANTED}, "url": f"postgres://app:{PLANTED}@db/x", "labels": {"a.b": "c"}}


@pytest.mark.parametrize("name", ["c.yaml", "c.yml", "c.json"])
def test_what_was_saved_loads_again_and_shows_no_secret(tmp_path: Path, name: str) -> None:
    encryption = ConfigEncryption(KEY)
    manager = ConfigManager(Settings, overrides=VALUES, encryption=encryption)
    config = manager.load()
    file = manager.save(path=tmp_path / "new" / name)
    assert PLANTED not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [name]
    assert ConfigManager(Settings, files=[file], encryption=encryption).load() == config


def test_secrets_without_a_key_are_refused_by_path_and_nothing_is_written(tmp_path: Path) -> None:
    manager = ConfigManager(Settings, overrides=VALUES)
    manager.load()
    with pytest.raises(ConfigError, match="MAESTRO_ENCRYPTION_KEY") as caught:
        manager.save(path=tmp_path / "c.json")
    assert [each.path for each in caught.value.problems] == ["database.password", "url"]
    assert PLANTED not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_holds_no_secret_needs_no_key(tmp_path: Path) -> None:
    manager = ConfigManager(Settings)
    manager.load()
    file = manager.save(Settings(url="y"), path=tmp_path / "c.json")
    assert ConfigManager(Settings, files=[file]).load().url == "y"


def test_a_place_and_a_format_that_can_be_written_are_needed(tmp_path: Path) -> None:
    manager = ConfigManager(Settings)
    manager.load()
    with pytest.raises(ValueError, match="give path="):
        manager.save()
    with pytest.raises(ValueError, match=r"name it .json, .yaml or .yml"):
        manager.save(path=tmp_path / "c.toml")


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    manager = ConfigManager(Settings)
    manager.load()
    target = tmp_path / "c.json"
    target.mkdir()
    with pytest.raises(OSError, match=r"c\.json"):
        manager.save(path=target)
    assert [each.name for each in tmp_path.iterdir()] == ["c.json"]
