"""Which models can be filled: ours, plain pydantic, dataclasses; and what is refused at construction."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pydantic
import pydantic.dataclasses
import pytest
from maestro_core_config import BaseConfig, ConfigError, ConfigManager, EnvironmentLoader, Field, FileLoader, get_config
from maestro_core_config.core import _loaded_manager
from maestro_core_logging import LogFormat, LoggingConfig, LogLevel, RedactionPolicy
from pydantic_settings import BaseSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Settings(BaseConfig):
    """A configuration with a section."""

    port: int = Field(80, ge=1, description="where to listen")
    password: str = Field("", secret=True)


class Plain(pydantic.BaseModel):
    """A model of pydantic."""

    port: int = 80


@pydantic.dataclasses.dataclass
class Pydantic:
    """A dataclass of pydantic."""

    port: int = 80


@dataclasses.dataclass
class Standard:
    """A dataclass of the standard library."""

    port: int = 80


@pytest.mark.parametrize("model", [Settings, Plain, Pydantic, Standard])
def test_models_of_every_kind_are_filled(model: Any, write: Callable[[str, str], Path]) -> None:
    manager: ConfigManager[Any] = ConfigManager(model, files=[write("c.toml", "port = 81\n")])
    assert manager.load().port == 81
    assert isinstance(manager.current, model)
    assert manager.explain("port").line == 1


def test_the_logging_configuration_of_the_house_is_filled(write: Callable[[str, str], Path]) -> None:
    """A frozen dataclass of another package, with enums, sequences, functions and a dataclass inside."""
    file = write(
        "c.yaml",
        "service_name: orders\nlog_level: DEBUG\nredaction:\n  max_depth: 3\n  extra_keys: [a, b]\nfile_path: x.log\n",
    )
    environ = {"MAESTRO_LOG_FORMAT": "json", "MAESTRO_REDACTION__MAX_DEPTH": "4", "MAESTRO_SENSITIVE_FIELDS": '["c"]'}
    manager = ConfigManager(LoggingConfig, loaders=[EnvironmentLoader(environ=environ)], files=[file])
    config = manager.load()
    assert config.log_format is LogFormat.JSON
    assert config.log_level is LogLevel.DEBUG
    assert config.redaction == RedactionPolicy(max_depth=4, extra_keys=["a", "b"])
    assert config.sensitive_fields == ("c",)
    assert manager.explain("redaction.extra_keys").line == 5
    assert "redaction" in manager.dump()


def test_an_error_of_a_dataclass_itself_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="service_name must be a text that is not empty"):
        ConfigManager(LoggingConfig, overrides={"service_name": " "}).load()


class Branch(BaseConfig):
    """A model that holds itself."""

    name: str = "leaf"
    child: Branch | None = None


def test_a_model_that_holds_itself_is_filled_and_explained_to_its_first_level() -> None:
    manager = ConfigManager(Branch, overrides={"child": {"name": "a", "child": {"name": "b"}}})
    config = manager.load()
    assert config.child is not None
    assert config.child.child == Branch(name="b")
    assert manager.explain("child").value == {"name": "a", "child": {"name": "b", "child": None}}


def test_an_open_model_keeps_keys_without_a_field() -> None:
    class Open(BaseConfig, extra="allow"):
        port: int = 1

    manager = ConfigManager(Open, overrides={"more": {"deep": [1]}}, unknown="error")
    assert manager.load().model_dump() == {"port": 1, "more": {"deep": [1]}}
    assert manager.explain("more.deep").source == "override"


def test_configurations_are_frozen_and_refuse_unknown_fields() -> None:
    config = Settings(port=1)
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        config.port = 2
    with pytest.raises(pydantic.ValidationError, match="Extra inputs"):
        Settings(prot=1)  # type: ignore[call-arg]


class Own(BaseSettings):
    """A model that reads sources of its own."""

    port: int = 1


class Aliased(BaseConfig):
    """A model whose origin cannot be told."""

    port: int = Field(1, validation_alias=pydantic.AliasPath("a", 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"config_class": dict}, "is no configuration model"),
        ({"config_class": Settings()}, "is no configuration model"),
        ({"config_class": Own}, "sources of its own"),
        ({"config_class": Aliased}, "AliasPath"),
        ({"files": "c.toml"}, "is one path; give a list"),
        ({"loaders": [FileLoader]}, "is no loader"),
        ({"loaders": ["c.toml"]}, "is no loader"),
    ],
)
def test_misuse_fails_at_construction_as_a_type_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        ConfigManager(**{"config_class": Settings, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"files": ["c.ini"]}, "no known format"),
        ({"poll_interval": 0}, "above zero"),
        ({"poll_interval": float("nan")}, "above zero"),
        ({"unknown": "refuse"}, "'warn', 'error' or 'ignore'"),
        ({"profile": "../x"}, "is no name"),
        ({"profile": ""}, "is no name"),
        ({"config_dir": "no/such/folder"}, "does not exist"),
    ],
)
def test_bad_values_fail_at_construction_as_a_value_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConfigManager(Settings, **arguments)


def test_misuse_of_a_field_fails_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="use 'dynamic' or 'restart'"):
        Field(1, reload="never")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no name of a variable"):
        Field(1, env="A B")
    with pytest.raises(TypeError, match="json_schema_extra must be a dict"):
        Field(1, json_schema_extra=lambda _: None)


def test_the_schema_marks_secrets_and_keeps_descriptions() -> None:
    schema = ConfigManager(Settings).get_schema()
    assert schema["properties"]["password"]["writeOnly"] is True
    assert schema["properties"]["port"]["description"] == "where to listen"
    assert schema["additionalProperties"] is False


def test_a_mapping_can_be_validated_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_PORT", "5")
    manager = ConfigManager(Settings)
    assert manager.validate_schema({"port": 7}).port == 7
    with pytest.raises(ConfigError, match="did you mean port"):
        manager.validate_schema({"prot": 7})
    assert Settings.from_dict({"port": "8"}).port == 8


def test_get_config_loads_once_and_after_an_error_tries_again(write: Callable[[str, str], Path]) -> None:
    _loaded_manager.cache_clear()
    file = write("c.toml", "port = 'x'\n")
    with pytest.raises(ConfigError):
        get_config(Settings, files=[file])
    write("c.toml", "port = 3\n")
    first = get_config(Settings, files=[file])
    write("c.toml", "port = 4\n")
    assert get_config(Settings, files=[file]) is first
    assert get_config(Settings, files=[file], profile=None).port == 3
    _loaded_manager.cache_clear()


def test_nothing_is_there_before_it_was_loaded() -> None:
    manager = ConfigManager(Settings)
    for use in (lambda: manager.current, manager.dump, manager.reload, manager.origins, lambda: manager.warnings):
        with pytest.raises(ConfigError, match="call load"):
            use()
    assert manager.stats()["generation"] == 0
    first = manager.load()
    assert manager.load() is first
    assert manager.current is first


class Parsed(BaseConfig):
    """A section that may be written as one text."""

    host: str = "h"
    port: int = 1

    @pydantic.model_validator(mode="before")
    @classmethod
    def _of_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        host, _, port = value.partition(":")
        return {"host": host, "port": port}


class Around(BaseConfig):
    """A configuration with such a section."""

    place: Parsed = Parsed()
    login: Parsed = Field(Parsed(), secret=True)


def test_a_section_made_of_one_text_is_explained_by_it(write: Callable[[str, str], Path]) -> None:
    low = write("low.yaml", "place:\n  port: 7\nlogin: ada:1\n")
    high = write("high.yaml", "\nplace: db:8\n")
    manager = ConfigManager(Around, files=[low, high])
    assert manager.load().place == Parsed(host="db", port=8)
    origin = manager.explain("place.port")
    assert (origin.value, origin.winner.value, origin.source, origin.line) == (8, "db:8", str(high), 2)
    assert [each.value for each in origin.shadowed] == [7, 1]
    assert "ada" not in str(manager.explain("login.host"))
