"""Which source wins: the documented order, deep merging, and an explanation that always agrees with the value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    Layer,
    Precedence,
    SecretsDirLoader,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ORDER = ["default", "file", "profile", "remote", "secrets", "dotenv", "environment", "override"]


class Given:
    """A loader with values and a place in the order."""

    def __init__(self, name: str, values: Any, precedence: Precedence = Precedence.REMOTE) -> None:
        self.name = name
        self.values = values
        self.precedence = precedence

    def load(self) -> Layer:
        return Layer(self.name, self.values)


class Eight(BaseConfig):
    """A field for each source, called like it."""

    default: str = "default"
    file: str = "default"
    profile: str = "default"
    remote: str = "default"
    secrets: str = "default"
    dotenv: str = "default"
    environment: str = "default"
    override: str = "default"


def test_each_source_wins_over_those_before_it(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every source sets its own name and all later ones, so that each field tells who won."""

    def pairs(source: str) -> dict[str, str]:
        return dict.fromkeys(ORDER[ORDER.index(source) :], source)

    base = write("config.toml", "".join(f'{key} = "{value}"\n' for key, value in pairs("file").items()))
    write("config.live.toml", "".join(f'{key} = "{value}"\n' for key, value in pairs("profile").items()))
    for key, value in pairs("secrets").items():
        write(f"secrets/{key}", f"{value}\n")
    write(".env", "".join(f"MAESTRO_{key.upper()}={value}\n" for key, value in pairs("dotenv").items()))
    for key, value in pairs("environment").items():
        monkeypatch.setenv(f"MAESTRO_{key.upper()}", value)
    manager = ConfigManager(
        Eight,
        loaders=[  # their order here does not matter
            DotEnvLoader(tmp_path / ".env"),
            Given("vault", pairs("remote")),
            SecretsDirLoader(tmp_path / "secrets"),
        ],
        files=[base],
        profile="live",
        overrides=pairs("override"),
    )
    assert manager.load().model_dump() == {name: name for name in ORDER}
    explained = manager.explain("override")
    assert [each.precedence.name.lower() for each in (explained.winner, *explained.shadowed)] == ORDER[::-1]
    assert str(explained).splitlines()[1].endswith("(environment)")


def test_within_one_kind_the_later_source_wins(write: Callable[[str, str], Path]) -> None:
    one, two = write("one.json", '{"file": "1"}'), write("two.json", '{"file": "2"}')
    assert ConfigManager(Eight, files=[one, two]).load().file == "2"
    assert ConfigManager(Eight, files=[two, one]).load().file == "1"
    assert ConfigManager(Eight, loaders=[Given("a", {"file": "a"}), Given("b", {"file": "b"})]).load().file == "b"


def test_a_loader_may_take_another_place_than_its_kind(write: Callable[[str, str], Path]) -> None:
    file = write("one.json", '{"file": "1"}')
    low = Given("low", {"file": "low"}, Precedence.DEFAULT)
    assert ConfigManager(Eight, loaders=[low], files=[file]).load().file == "1"


def test_an_environment_loader_of_ones_own_replaces_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_FILE", "process")
    assert ConfigManager(Eight, loaders=[EnvironmentLoader(environ={})]).load().file == "default"
    assert ConfigManager(Eight, loaders=[EnvironmentLoader(environ={"MAESTRO_FILE": "own"})]).load().file == "own"


class Pool(BaseConfig):
    """The innermost section."""

    size: int = 1
    names: list[int] = Field(default_factory=list)


class Database(BaseConfig):
    """A section with a secret."""

    host: str = "localhost"
    pool: Pool = Pool()


class Deep(BaseConfig):
    """Sections in sections, and a mapping of anything."""

    database: Database = Database()
    labels: dict[str, Any] = Field(default_factory=dict)


def test_mappings_merge_deeply_and_lists_replace() -> None:
    low = {"database": {"host": "a", "pool": {"size": 2, "names": [1, 2, 3]}}, "labels": {"x": 1, "y": 1}}
    high = {"database": {"pool": {"names": [9]}}, "labels": {"y": 2}}
    config = ConfigManager(Deep, loaders=[Given("low", low), Given("high", high)]).load()
    assert config.model_dump() == {
        "database": {"host": "a", "pool": {"size": 2, "names": [9]}},
        "labels": {"x": 1, "y": 2},
    }


def test_the_giver_of_values_may_change_them_later() -> None:
    values = {"labels": {"x": [1]}}
    manager = ConfigManager(Deep, loaders=[Given("mine", values)])
    manager.load()
    values["labels"]["x"].append(2)
    assert manager.explain("labels.x").winner.value == [1]


LEAVES = [
    ("database", "host"),
    ("database", "pool", "size"),
    ("database", "pool", "names"),
    ("labels", "x"),
    ("labels", "y"),
]
VALUES: dict[tuple[str, ...], st.SearchStrategy[Any]] = {
    LEAVES[0]: st.sampled_from(["a", "b", "c"]),
    LEAVES[1]: st.integers(0, 9),
    LEAVES[2]: st.lists(st.integers(0, 9), max_size=2),
    LEAVES[3]: st.one_of(st.integers(0, 9), st.none()),
    LEAVES[4]: st.one_of(st.integers(0, 9), st.lists(st.integers(0, 3), max_size=2)),
}
FLAT = st.fixed_dictionaries({}, optional=VALUES)


def nested(flat: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in flat.items():
        here = found
        for key in path[:-1]:
            here = here.setdefault(key, {})
        here[path[-1]] = value
    return found


@given(stack=st.lists(st.tuples(st.sampled_from(list(Precedence)), FLAT), max_size=6))
def test_the_winner_is_a_fold_over_the_order_and_explain_agrees(
    stack: list[tuple[Precedence, dict[tuple[str, ...], Any]]],
) -> None:
    loaders = [Given(f"source-{number}", nested(flat), place) for number, (place, flat) in enumerate(stack)]
    manager = ConfigManager(Deep, loaders=[*loaders, EnvironmentLoader(environ={})])
    config = manager.load().model_dump()
    ordered = sorted(enumerate(stack), key=lambda each: each[1][0])
    for path in LEAVES:
        setters = [(f"source-{number}", flat[path]) for number, (_, flat) in ordered if path in flat]
        if not setters and path[0] == "labels":
            continue
        value: Any = config
        for key in path:
            value = value[key]
        explained = manager.explain(path)
        assert explained.value == value
        if setters:
            assert value == setters[-1][1]
            said = [(each.source, each.value) for each in (explained.winner, *explained.shadowed)]
            assert [each for each in said if each[0] != "default"] == setters[::-1]
        else:
            assert explained.source == "default"


JSON = st.recursive(
    st.none() | st.integers(0, 3),
    lambda inner: st.dictionaries(st.sampled_from("ab"), inner, max_size=2) | st.lists(inner, max_size=2),
    max_leaves=6,
)


def fold(low: Any, high: Any) -> Any:
    if not (isinstance(low, dict) and isinstance(high, dict)):
        return high
    return {key: fold(low[key], high[key]) if key in low and key in high else (low | high)[key] for key in low | high}


@given(stack=st.lists(st.dictionaries(st.sampled_from("ab"), JSON, max_size=2), min_size=1, max_size=5))
def test_layers_of_any_shape_merge_as_a_fold_and_the_explained_winner_says_the_value(
    stack: list[dict[str, Any]],
) -> None:
    """Mappings over scalars, scalars over mappings, at any depth: `labels` takes anything."""
    loaders = [Given(f"source-{number}", {"labels": layer}) for number, layer in enumerate(stack)]
    manager = ConfigManager(Deep, loaders=[*loaders, EnvironmentLoader(environ={})])
    expected: Any = {}
    for layer in stack:
        expected = fold(expected, layer)
    assert manager.load().labels == expected
    for each in manager.origins():
        if each.path.startswith("labels."):
            assert each.winner.value == each.value
            assert each.winner.source != "default"


def test_a_section_asked_for_names_its_settings_and_a_typo_the_nearest() -> None:
    manager = ConfigManager(Deep)
    manager.load()
    with pytest.raises(ConfigError, match=r"database.pool is a section; ask for one of database.pool.size"):
        manager.explain("database.pool")
    with pytest.raises(ConfigError, match=r"did you mean database.pool.size\?"):
        manager.explain("database.pool.sise")
    with pytest.raises(ConfigError, match="no path of a setting"):
        manager.explain("a..b")
