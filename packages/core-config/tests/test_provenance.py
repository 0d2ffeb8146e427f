"""Every value knows where it stands: file and line, variable, secret's file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from maestro_core_config import (
    BaseConfig,
    ConfigError,
    ConfigManager,
    DotEnvLoader,
    Field,
    Origin,
    Precedence,
    SecretsDirLoader,
    SecretStr,
)
from maestro_core_config.formats import parse_text
from maestro_core_config.paths import parse, render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Pool(BaseConfig):
    """The innermost section."""

    size: int = 1


class Database(BaseConfig):
    """A section with a secret."""

    host: str = "localhost"
    port: int = Field(5432, alias="dbPort")
    password: SecretStr = SecretStr("")
    pool: Pool = Pool()


class Settings(BaseConfig):
    """A configuration with a section."""

    database: Database = Database()
    hosts: list[str] = Field(default_factory=list)
    labels: dict[str, str] = Field(default_factory=dict)


TEXTS = {
    "json": '{\n  "database": {\n    "host": "a",\n    "dbPort": 1,\n    "pool": {"size":\n 2}\n  },\n'
    ' "hosts": ["x"],\n "labels": {"a.b": "c"}\n}',
    "yaml": "# top\ndatabase:\n  host: a\n  dbPort: 1\n  pool:\n    size: 2\n\nhosts: [x]\nlabels: {a.b: c}\n",
    "toml": 'hosts = [\n  "x", # ]\n]\nlabels."a.b" = "c"\n[database]\nhost = "a"\n'
    "dbPort = 1\n[database.pool]\n\nsize = 2\n",
}
LINES = {
    "json": {"database.host": 3, "database.port": 4, "database.pool.size": 5, "hosts": 8, 'labels."a.b"': 9},
    "yaml": {"database.host": 3, "database.port": 4, "database.pool.size": 6, "hosts": 8, 'labels."a.b"': 9},
    "toml": {"database.host": 6, "database.port": 7, "database.pool.size": 10, "hosts": 1, 'labels."a.b"': 4},
}


@pytest.mark.parametrize("suffix", TEXTS)
def test_a_file_tells_the_line_of_each_value(suffix: str, write: Callable[[str, str], Path]) -> None:
    file = write(f"c.{suffix}", TEXTS[suffix])
    manager = ConfigManager(Settings, files=[file])
    manager.load()
    found = {each.path: (each.source, each.line) for each in manager.origins() if each.source != "default"}
    assert found == {path: (str(file), line) for path, line in LINES[suffix].items()}


NAMES = st.text(st.sampled_from('abz0_-. "\\é'), min_size=1, max_size=5)
TREES = st.recursive(
    st.integers(0, 9) | st.text(st.sampled_from("ab[]{}#=:,\"'\n é"), max_size=6) | st.booleans(),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, TREES, min_size=1, max_size=4)


def paths_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [path] if path else []
    for key, each in pairs:
        found += paths_of(each, (*path, str(key)))
    return found


@given(document=DOCUMENTS)
def test_json_values_and_lines_agree_with_an_indented_dump(document: dict[str, Any]) -> None:
    """With an indent, `json` puts each value on a line of its own, in the order of a walk."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    parsed = parse_text(text, ".json", "x")
    assert parsed.values == document
    lines = parsed.lines()
    assert set(lines) == set(paths_of(document))
    assert [lines[path] for path in paths_of(document)] == sorted(lines.values())
    for path in paths_of(document):
        said = text.splitlines()[lines[path] - 1].strip() if "\r" not in text else ""
        assert said.startswith(json.dumps(path[-1], ensure_ascii=False)) or isinstance(at(document, path[:-1]), list)


@given(document=DOCUMENTS)
def test_yaml_values_and_lines_agree_with_pyyaml(document: dict[str, Any]) -> None:
    """PyYAML quotes what it would not read as text, so that both read the same values."""
    text = yaml.safe_dump(document, allow_unicode=True, default_flow_style=False)
    parsed = parse_text(text, ".yaml", "x")
    assert parsed.values == document
    lines = parsed.lines()
    assert set(lines) == set(paths_of(document))
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for path in paths_of(document):
        assert lines[path] == marked(node, path)


def marked(node: Any, path: tuple[str, ...]) -> int:
    """Return the line that PyYAML's own node graph gives for a path."""
    mark = node.start_mark
    for key in path:
        if isinstance(node, yaml.MappingNode):
            name, node = next((name, value) for name, value in node.value if name.value == key)
            mark = name.start_mark
        else:
            node = node.value[int(key)]
            mark = node.start_mark
    return int(mark.line) + 1


def at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


@given(document=st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(0, 9) | st.text(max_size=4), min_size=1)))
def test_toml_lines_are_those_of_their_keys(document: dict[str, Any]) -> None:
    """A table a section, a key a line, with comments and long strings in between that mean nothing."""
    lines: list[str] = []
    wanted: dict[tuple[str, ...], int] = {}
    for table, pairs in document.items():
        lines += ["# [not.a.table]", f"[{json.dumps(table, ensure_ascii=False)}]"]
        wanted[table,] = len(lines)
        for key, value in pairs.items():
            lines.append(f"{json.dumps(key, ensure_ascii=False)} = {basic(value)}  # = [")
            wanted[table, key] = len(lines)
        lines += ['"" = """', "a = 1", '[b] """'] if "" not in pairs else []
    text = "\n".join(lines) + "\n"
    parsed = parse_text(text, ".toml", "x")
    assert {path: line for path, line in parsed.lines().items() if path[-1] != ""} == wanted


def basic(value: Any) -> str:
    """Return a TOML value: JSON's escapes are TOML's but for the character DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def test_toml_arrays_of_tables_and_inline_tables_have_lines() -> None:
    text = 'x = {a = 1, b = [1, 2]}\n[[users]]\nname = "a"\n[[users]]\n[users.home]\ncity = """\nB"""\n'
    lines = parse_text(text, ".toml", "x").lines()
    assert lines["x",] == 1
    assert parse_text("x = [\n [1],\n [2],\n]\ny = 3\n", ".toml", "x").lines() == {("x",): 1, ("y",): 5}
    assert (lines["users", "0"], lines["users", "0", "name"]) == (2, 3)
    assert (lines["users", "1"], lines["users", "1", "home"], lines["users", "1", "home", "city"]) == (4, 5, 6)


def test_yaml_aliases_and_merge_keys_stand_where_they_are_used() -> None:
    text = "base: &b\n  a: 1\n  c: 1\nother:\n  <<: *b\n  c: 2\nthird: *b\n"
    parsed = parse_text(text, ".yaml", "x")
    assert parsed.values == {"base": {"a": 1, "c": 1}, "other": {"a": 1, "c": 2}, "third": {"a": 1, "c": 1}}
    lines = parsed.lines()
    assert (lines["other", "a"], lines["other", "c"], lines["third",]) == (5, 6, 7)


def test_variables_dot_env_lines_and_secret_files_are_named(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = write(".env", "# first\n\nOTHER=1\nexport MAESTRO_DATABASE__HOST='b'\n")
    write("secrets/database__password", "S3cret-of-a-file\n")
    monkeypatch.setenv("MAESTRO_DATABASE", '{"pool": {"size": 7}}')
    monkeypatch.setenv("maestro_hosts", '["h"]')
    manager = ConfigManager(Settings, loaders=[DotEnvLoader(env), SecretsDirLoader(tmp_path / "secrets")])
    config = manager.load()
    assert (config.database.host, config.database.pool.size, config.hosts) == ("b", 7, ["h"])
    assert config.database.password.get_secret_value() == "S3cret-of-a-file"

    def place(path: str) -> tuple[object, ...]:
        origin = manager.explain(path)
        return origin.source, origin.line, origin.variable, origin.winner.precedence

    assert place("database.host") == (str(env), 4, "MAESTRO_DATABASE__HOST", Precedence.DOTENV)
    assert place("database.pool.size") == ("environment", None, "MAESTRO_DATABASE", Precedence.ENVIRONMENT)
    assert place("hosts") == ("environment", None, "maestro_hosts", Precedence.ENVIRONMENT)
    secret = str(tmp_path / "secrets" / "database__password")
    assert place("database.password") == (secret, None, None, Precedence.SECRETS)


def test_an_alias_and_the_name_both_reach_the_field_and_are_explained_under_the_name(
    write: Callable[[str, str], Path],
) -> None:
    by_alias, by_name = write("a.yaml", "database:\n  dbPort: 1\n"), write("b.yaml", "database:\n\n  port: 2\n")
    manager = ConfigManager(Settings, files=[by_alias, by_name])
    assert manager.load().database.port == 2
    origin = manager.explain("database.port")
    assert [(each.source, each.line) for each in (origin.winner, origin.shadowed[0])] == [
        (str(by_name), 3),
        (str(by_alias), 2),
    ]


def test_a_shadowed_default_and_a_factorys_default_are_told() -> None:
    manager = ConfigManager(Settings, overrides={"database": {"host": "x"}})
    manager.load()
    origin = manager.explain("database.host")
    assert isinstance(origin, Origin)
    assert (origin.winner.precedence, origin.shadowed[0].value) == (Precedence.OVERRIDE, "localhost")
    assert manager.explain("hosts").value == []


@given(path=st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_a_path_written_is_the_path_read(path: list[str]) -> None:
    assert parse(render(tuple(path))) == tuple(path)


def test_a_text_that_is_no_path_is_refused() -> None:
    for text in ("", ".", "a.", ".a", 'a"b"."'):
        with pytest.raises(ConfigError, match="no path"):
            parse(text)
