"""Predicates by table, rules on mappings and models, and rules that every load obeys."""

from __future__ import annotations

from typing import Any

import pytest
from maestro_core_config import (
    BaseConfig,
    ConfigError,
    ConfigManager,
    ConfigValidator,
    Field,
    SecretStr,
    is_email,
    is_in_range,
    is_non_empty,
    is_one_of,
    is_port,
    is_url,
    matches_pattern,
)


class Database(BaseConfig):
    """A section with a secret."""

    port: int = 5432
    hosts: list[str] = Field(default_factory=lambda: ["a"])
    password: SecretStr = SecretStr("x")


class Settings(BaseConfig):
    """A configuration with a section."""

    database: Database = Database()
    mode: str = "safe"


YES: list[tuple[Any, list[Any]]] = [
    (is_port, [1, 80, 65535]),
    (is_url, ["https://example.com", "redis://h:6379/0", "postgres://u:p@h/db", "http://[::1]:8080/x?y=1"]),
    (is_email, ["a@example.com", "first.last+tag@sub.example.co", "o'neill@example.org"]),
    (is_in_range(1, 5), [1, 5, 2.5]),
    (is_one_of("a", "b"), ["a", "b"]),
    (is_one_of(["a", 3]), ["a", 3]),
    (is_non_empty, ["x", [0], {"a": 1}, 0, False]),
    (matches_pattern(r"[a-z]+\d"), ["abc1"]),
]
NO: list[tuple[Any, list[Any]]] = [
    (is_port, [0, 65536, -1, "80", 80.0, True, None]),
    (
        is_url,
        [
            "",
            "example.com",
            "http://",
            "/path",
            "http://h:port",
            "http://a b",
            None,
            3,
            "http://[::1",
            "http://h:99999",
        ],
    ),
    (
        is_email,
        ["", "a", "a@", "@b.c", "a@b", "a b@c.de", "a@-b.de", "a@b..de", "a@b.d", None, f"{'a' * 65}@b.de", "a@b.de\n"],
    ),
    (is_in_range(1, 5), [0, 6, "3", True, None, float("nan")]),
    (is_one_of("a", "b"), ["c", None, "ab"]),
    (is_non_empty, ["", "  ", None, [], {}]),
    (matches_pattern("[a-z]+"), ["abc1", "", None, "abc\n"]),
]


@pytest.mark.parametrize(("predicate", "value"), [(predicate, each) for predicate, values in YES for each in values])
def test_a_predicate_holds(predicate: Any, value: Any) -> None:
    assert predicate(value) is True


@pytest.mark.parametrize(("predicate", "value"), [(predicate, each) for predicate, values in NO for each in values])
def test_a_predicate_does_not_hold(predicate: Any, value: Any) -> None:
    assert predicate(value) is False


def test_a_range_without_numbers_and_a_broken_pattern_are_refused_where_they_are_made() -> None:
    with pytest.raises(ValueError, match="is empty"):
        is_in_range(5, 1)
    with pytest.raises(ValueError, match="no regular expression"):
        matches_pattern("[")
    with pytest.raises(TypeError, match="must be a function"):
        ConfigValidator().add_rule("a", True, "x")  # type: ignore[arg-type]


def rules() -> ConfigValidator:
    return (
        ConfigValidator()
        .add_rule("database.port", is_in_range(1024, 65535), "must be above 1023")
        .add_rule("database.hosts.0", is_non_empty, "must name a host")
        .add_rule("mode", is_one_of("fast", "safe"), "must be fast or safe")
        .add_rule("no.such.path", is_non_empty, "never said")
    )


BAD = {"database": {"port": 80, "hosts": [""]}, "mode": "slow"}
SAID = "database.port: must be above 1023", "database.hosts.0: must name a host", "mode: must be fast or safe"


@pytest.mark.parametrize("config", [BAD, Settings(database=Database(port=80, hosts=[""]), mode="slow")])
def test_all_failures_are_joined_for_mappings_and_nested_models(config: Any) -> None:
    with pytest.raises(ValueError, match="3 things") as caught:
        rules().validate(config)
    assert all(each in str(caught.value) for each in SAID)
    assert rules().validate_safe(config) == (False, "; ".join(SAID))


def test_what_is_right_passes() -> None:
    rules().validate(Settings())
    assert rules().validate_safe({"mode": "fast"}) == (True, "")


def test_a_predicate_that_raises_counts_as_wrong() -> None:
    validator = ConfigValidator().add_rule("mode", lambda value: value > 3, "must be above 3")
    assert validator.validate_safe({"mode": "x"}) == (False, "mode: must be above 3")


def test_every_load_obeys_the_rules_and_names_the_place(tmp_path: Any) -> None:
    file = tmp_path / "c.toml"
    file.write_text('mode = "safe"\n[database]\nport = 80\n')
    with pytest.raises(ConfigError, match=rf"database.port: must be above 1023 \[{file}:3\]"):
        ConfigManager(Settings, files=[file], validator=rules()).load()
    file.write_text('mode = "safe"\n[database]\nport = 8080\n')
    manager = ConfigManager(Settings, files=[file], validator=rules())
    manager.load()
    file.write_text('mode = "slow"\n')
    result = manager.reload()
    assert (result.status, result.paths) == ("rejected", ("mode",))


def test_the_models_own_check_is_called_at_every_load() -> None:
    class Own(BaseConfig):
        low: int = 1
        high: int = 2

        def validate_config(self) -> None:
            if self.low > self.high:
                raise ValueError("low must not be above high")

    with pytest.raises(ConfigError, match="low must not be above high"):
        ConfigManager(Own, overrides={"low": 3}).load()
    assert ConfigManager(Own).load().low == 1


def test_the_check_of_each_section_is_called_and_its_place_told(tmp_path: Any) -> None:
    class Part(BaseConfig):
        low: int = 1
        high: int = 2

        def validate_config(self) -> None:
            if self.low > self.high:
                raise ValueError("low must not be above high")

    class Whole(BaseConfig):
        part: Part = Part()
        parts: list[Part] = Field(default_factory=list)

    file = tmp_path / "c.yaml"
    file.write_text("part:\n  low: 3\nparts:\n  - low: 1\n  - low: 4\n")
    with pytest.raises(ConfigError) as caught:
        ConfigManager(Whole, files=[file]).load()
    assert [str(each) for each in caught.value.problems] == [
        f"part: low must not be above high [{file}:1]",
        f"parts.1: low must not be above high [{file}:5]",
    ]


def test_values_of_any_type_may_be_wrong() -> None:
    with pytest.raises(ConfigError, match="mode: Input should be a valid string"):
        ConfigManager(Settings, overrides={"mode": {1, 2}, "database": {"password": {3}}}).load()
