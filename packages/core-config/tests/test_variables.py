"""Variables reach the fields as pydantic-settings reads them, and what cannot be read is named."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from unittest import mock

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_core_config import (
    BaseConfig,
    ConfigError,
    ConfigManager,
    DotEnvLoader,
    EnvironmentLoader,
    Field,
    SecretsDirLoader,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Colour(Enum):
    """An enum."""

    RED = "red"


class Inner(pydantic.BaseModel):
    """The innermost section."""

    number: int = 0
    names: list[str] = Field(default_factory=list)
    table: dict[str, int] = Field(default_factory=dict)


class Middle(pydantic.BaseModel):
    """A section in between."""

    inner: Inner = Inner()
    maybe: Inner | None = None
    flag: bool = False


class Ours(BaseConfig):
    """The model for us."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")
    text: str = ""
    colour: Colour = Colour.RED
    either: int | list[int] = 0
    numbers: list[int] = Field(default_factory=list)
    middle: Middle = Middle()
    table: dict[str, Any] = Field(default_factory=dict)
    models: dict[str, Inner] = Field(default_factory=dict)


class Theirs(BaseSettings):
    """The same model for pydantic-settings."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", env_nested_delimiter="__")
    text: str = ""
    colour: Colour = Colour.RED
    either: int | list[int] = 0
    numbers: list[int] = Field(default_factory=list)
    middle: Middle = Middle()
    table: dict[str, Any] = Field(default_factory=dict)
    models: dict[str, Inner] = Field(default_factory=dict)


def values_of(environ: Mapping[str, str]) -> Any:
    return ConfigManager(Ours, loaders=[EnvironmentLoader(environ=environ)]).load().model_dump()


VARIABLES = {
    "SHOP_TEXT": st.sampled_from(["", "x", "[1]"]),
    "SHOP_COLOUR": st.just("red"),
    "SHOP_EITHER": st.sampled_from(["3", "[1, 2]"]),
    "SHOP_NUMBERS": st.sampled_from(["[]", "[1, 2]"]),
    "SHOP_MIDDLE": st.sampled_from(["{}", '{"flag": true, "inner": {"number": 3, "table": {"a": 1}}}']),
    "shop_middle__flag": st.sampled_from(["yes", "0"]),
    "SHOP_MIDDLE__INNER": st.just('{"number": 5, "names": ["json"]}'),
    "SHOP_MIDDLE__INNER__NUMBER": st.just("7"),
    "SHOP_MIDDLE__INNER__NAMES": st.just('["a"]'),
    "SHOP_MIDDLE__INNER__TABLE": st.just('{"x": 1}'),
    "SHOP_MIDDLE__INNER__TABLE__Y": st.just("2"),
    "SHOP_MIDDLE__MAYBE__NUMBER": st.just("9"),
    "SHOP_TABLE": st.just('{"k": 1}'),
    "SHOP_TABLE__DEEP__ER": st.sampled_from(["text", "[1]"]),
    "SHOP_MODELS__ONE__NUMBER": st.just("4"),
    "UNRELATED": st.just("x"),
}


@given(environ=st.fixed_dictionaries({}, optional=VARIABLES))
def test_variables_mean_what_they_mean_to_pydantic_settings(environ: dict[str, str]) -> None:
    with mock.patch.dict(os.environ, environ, clear=True):
        theirs = Theirs().model_dump()
    assert values_of(environ) == theirs


@given(environ=st.fixed_dictionaries({}, optional=VARIABLES))
def test_each_value_that_came_from_a_variable_names_one_that_is_set(environ: dict[str, str]) -> None:
    manager = ConfigManager(Ours, loaders=[EnvironmentLoader(environ=environ)])
    manager.load()
    for each in manager.origins():
        if each.source == "environment":
            assert each.variable in environ
            prefix = "SHOP_" + each.path.replace(".", "__").upper()
            assert prefix.startswith(str(each.variable).upper())


def test_a_name_of_its_own_takes_the_place_of_the_derived_one() -> None:
    class Settings(BaseConfig):
        url: str = Field("none", env="DATABASE_URL")

    def load(environ: dict[str, str]) -> ConfigManager[Settings]:
        manager = ConfigManager(Settings, loaders=[EnvironmentLoader(environ=environ)])
        manager.load()
        return manager

    manager = load({"DATABASE_URL": "x"})
    assert (manager.current.url, manager.explain("url").variable) == ("x", "DATABASE_URL")
    derived = load({"MAESTRO_URL": "y"})
    assert derived.current.url == "none"
    assert "MAESTRO_URL" in str(derived.warnings[0])


def test_every_variable_that_is_no_json_is_named_at_once_and_the_rest_still_checked() -> None:
    environ = {
        "SHOP_NUMBERS": "1,2",
        "SHOP_MIDDLE__INNER__NAMES": "a",
        "SHOP_MIDDLE__INNER__TABLE": "{",
        "SHOP_MIDDLE__INNER__NUMBER": "many",
        "SHOP_COLOUR": "blue",
    }
    with pytest.raises(ConfigError) as caught:
        values_of(environ)
    assert {each.variable for each in caught.value.problems} == set(environ)
    assert "colour: Input should be 'red' [SHOP_COLOUR]" in str(caught.value)


def test_deeply_nested_json_in_a_variable_is_an_error_and_no_crash() -> None:
    with pytest.raises(ConfigError, match="SHOP_NUMBERS"):
        values_of({"SHOP_NUMBERS": "[" * 100_000})


def test_unknown_variables_with_the_prefix_get_the_nearest_name() -> None:
    environ = {"SHOP_NUMBRES": "[]", "SHOP_MIDDLE__FLAGG": "1", "SHOPPING": "1", "SHOP_ZZZ": "1"}
    manager = ConfigManager(Ours, loaders=[EnvironmentLoader(environ=environ)])
    manager.load()
    assert [str(each) for each in manager.warnings] == [
        "the variable SHOP_NUMBRES (environment) belongs to no setting; did you mean SHOP_NUMBERS?",
        "the variable SHOP_MIDDLE__FLAGG (environment) belongs to no setting; did you mean SHOP_MIDDLE__FLAG?",
        "the variable SHOP_ZZZ (environment) belongs to no setting; remove it, or use a prefix of its own.",
    ]


def test_variables_of_other_libraries_of_the_house_are_not_reported() -> None:
    class Settings(BaseConfig):
        port: int = 1

    environ = {"MAESTRO_ENCRYPTION_KEY": "x", "MAESTRO_CACHE_URL": "y", "MAESTRO_TEST_REDIS_URL": "z"}
    manager = ConfigManager(Settings, loaders=[EnvironmentLoader(environ=environ)], unknown="error")
    manager.load()
    assert manager.warnings == ()


def test_the_prefix_is_the_managers_the_loaders_or_the_models() -> None:
    environ = {"SHOP_TEXT": "model", "A_TEXT": "manager", "B_TEXT": "loader"}
    assert values_of(environ)["text"] == "model"
    manager = ConfigManager(Ours, loaders=[EnvironmentLoader(environ=environ)], prefix="A_")
    assert manager.load().text == "manager"
    assert ConfigManager(Ours, loaders=[EnvironmentLoader("B_", environ=environ)]).load().text == "loader"


def test_empty_variables_count_unless_the_model_ignores_them() -> None:
    class Ignoring(BaseConfig):
        model_config = SettingsConfigDict(env_ignore_empty=True)
        port: int = 5

    empty = [EnvironmentLoader(environ={"MAESTRO_PORT": ""})]
    assert ConfigManager(Ignoring, loaders=empty).load().port == 5

    class Counting(BaseConfig):
        port: int = 5

    with pytest.raises(ConfigError, match="MAESTRO_PORT"):
        ConfigManager(Counting, loaders=empty).load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A dataclass inside."""

    names: list[str] = field(default_factory=list)
    port: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A dataclass around."""

    part: Part = Part()
    maybe: Part | None = None
    parts: dict[str, Part] = field(default_factory=dict)
    token: str = field(default="", metadata={"env": "WHOLE_TOKEN", "secret": True, "reload": "restart"})


def test_dataclasses_inside_dataclasses_are_filled() -> None:
    environ = {
        "MAESTRO_PART__NAMES": '["a"]',
        "MAESTRO_MAYBE__PORT": "3",
        "MAESTRO_PARTS__ONE__NAMES": '["b"]',
        "WHOLE_TOKEN": "t",
    }
    manager = ConfigManager(Whole, loaders=[EnvironmentLoader(environ=environ)])
    whole = manager.load()
    assert whole == Whole(part=Part(names=["a"]), maybe=Part(port=3), parts={"one": Part(names=["b"])}, token="t")
    assert manager.explain("token").value == "***"


def test_names_in_other_letters_find_their_field() -> None:
    class Inside(BaseConfig):
        maxSize: int = 0  # noqa: N815 - that is the point

    class Outside(BaseConfig):
        httpPool: Inside = Inside()  # noqa: N815

    manager = ConfigManager(Outside, loaders=[EnvironmentLoader(environ={"MAESTRO_HTTPPOOL__MAXSIZE": "3"})])
    assert manager.load().httpPool.maxSize == 3
    assert manager.explain("httpPool.maxSize").variable == "MAESTRO_HTTPPOOL__MAXSIZE"


def test_a_loader_on_its_own_splits_names_and_reads_json_where_it_can() -> None:
    environ = {"MAESTRO_A__B": "[1]", "MAESTRO_A__C": "x", "MAESTRO_": "nothing", "OTHER": "y"}
    layer = EnvironmentLoader(environ=environ).load()
    assert layer.values == {"a": {"b": [1], "c": "x"}}
    assert layer.position(("a", "b")).variable == "MAESTRO_A__B"
    assert EnvironmentLoader("MAESTRO_", lowercase_keys=False, environ=environ).load().values == {
        "A": {"B": [1], "C": "x"}
    }


def test_a_dot_env_file_may_be_absent_and_must_be_well_formed(
    write: Callable[[str, str], Path], tmp_path: Path
) -> None:
    assert ConfigManager(Ours, loaders=[DotEnvLoader(tmp_path / "no.env")]).load().text == ""
    with pytest.raises(ConfigError, match="does not exist"):
        ConfigManager(Ours, loaders=[DotEnvLoader(tmp_path / "no.env", required=True)]).load()
    file = write("bad.env", "SHOP_TEXT=a\nSHOP_NUMBERS=[1]\n'broken\n")
    with pytest.raises(ConfigError, match=r"is no line of NAME=value; correct it \[.*bad.env:3\]"):
        ConfigManager(Ours, loaders=[DotEnvLoader(file)]).load()


def test_a_dot_env_problem_names_file_line_and_variable(write: Callable[[str, str], Path]) -> None:
    file = write("x.env", "\nSHOP_EITHER=nothing\n")
    with pytest.raises(ConfigError, match=rf"either.*\[SHOP_EITHER \({file}:2\)\]"):
        ConfigManager(Ours, loaders=[DotEnvLoader(file)]).load()


def test_a_folder_of_secrets_is_read_as_kubernetes_mounts_it(tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    write("mount/..2026/text", "from a link\n")
    (tmp_path / "mount" / "..data").symlink_to("..2026")
    (tmp_path / "mount" / "text").symlink_to("..data/text")
    write("mount/numbers", "[1, 2]\r\n")
    write("mount/other", "x")
    manager = ConfigManager(Ours, loaders=[SecretsDirLoader(tmp_path / "mount")])
    assert (manager.load().text, manager.current.numbers) == ("from a link", [1, 2])
    assert [str(each) for each in manager.warnings] == [
        f"the file {tmp_path}/mount/other belongs to no setting; rename it or take it away."
    ]


def test_a_missing_folder_of_secrets_is_an_error_unless_it_may_be_absent(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folder does not exist"):
        ConfigManager(Ours, loaders=[SecretsDirLoader(tmp_path / "no")]).load()
    assert ConfigManager(Ours, loaders=[SecretsDirLoader(tmp_path / "no", required=False)]).load().text == ""


def test_json_of_a_section_and_single_variables_merge_with_files(write: Callable[[str, str], Path]) -> None:
    file = write("c.json", json.dumps({"middle": {"inner": {"names": ["file"], "number": 1}}}))
    environ = {"SHOP_MIDDLE": '{"inner": {"number": 2}}', "SHOP_MIDDLE__FLAG": "true"}
    manager = ConfigManager(Ours, loaders=[EnvironmentLoader(environ=environ)], files=[file])
    assert manager.load().middle == Middle(inner=Inner(number=2, names=["file"]), flag=True)
    assert manager.explain("middle.inner.number").variable == "SHOP_MIDDLE"
