"""Code as a user writes it, for the type checker: a manager knows its model, a field its type.

Never run: mypy reads it with the other tests. A line marked as an error must be one, or mypy calls the mark unused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

from maestro_core_config import (
    BaseConfig,
    ConfigEvent,
    ConfigManager,
    Field,
    Layer,
    Origin,
    ReloadResult,
    SecretStr,
    get_config,
)


class Settings(BaseConfig):
    """A configuration with a section."""

    port: int = Field(80, reload="restart")
    token: SecretStr = Field(secret=True)


@dataclass(frozen=True)
class Plain:
    """A model of pydantic."""

    port: int = 80


class Mine:
    """A loader of a user's own."""

    def load(self) -> Layer:
        return Layer("mine", {"port": 1})


def managers() -> None:
    manager = ConfigManager(Settings, loaders=[Mine()], files=["c.toml"], profile="live")
    assert_type(manager.load(), Settings)
    assert_type(manager.current.port, int)
    assert_type(manager.reload(), ReloadResult)
    assert_type(manager.explain("port"), Origin)
    assert_type(ConfigManager(Plain).load(), Plain)
    assert_type(get_config(Settings, files=["c.toml"]), Settings)
    manager.subscribe("port", lambda path, _old, _new: path.upper())
    manager.subscribe(hear)
    ConfigManager(Settings, loaders=[object()])  # type: ignore[list-item]


async def coroutines() -> None:
    async with ConfigManager(Settings) as manager:
        assert_type(await manager.aload(), Settings)
        assert_type(await manager.areload(), ReloadResult)


def hear(event: ConfigEvent) -> None:
    assert_type(dict(event.data), dict[str, int | float | str])


def sections(values: dict[str, Any]) -> None:
    assert_type(Settings.from_dict(values), Settings)
    assert_type(Settings.from_env(), Settings)
    assert_type(Settings.from_env().dict(), dict[str, Any])
