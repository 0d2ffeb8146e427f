"""Files that are not well-formed are one kind of error with a line and nothing of the text."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from maestro_core_config import BaseConfig, ConfigError, ConfigManager, FileLoader
from maestro_core_config.formats import parse_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLANTED = "hunter2-Zq9pLx"


class Anything(BaseConfig, extra="allow"):
    """A model that takes any key."""


BAD = {
    "duplicate key, YAML": (".yaml", "a: 1\nb: 2\na: 3\n", "same key twice", 3),
    "duplicate key, deep YAML": (".yml", "x:\n  - {a: 1,\n a: 2}\n", "same key twice", 3),
    "duplicate key, JSON": (".json", '{"a": 1,\n "b": {"c": 1,\n "c": 2}}', "same key twice", 3),
    "duplicate key, TOML": (".toml", "a = 1\na = 2\n", "Cannot overwrite a value", 2),
    "tag, YAML": (".yaml", "a: 1\nb: !!python/object/apply:os.system ['true']\n", "uses a tag", 2),
    "harmless tag, YAML": (".yaml", "a: !!int '3'\n", "uses a tag", 1),
    "own tag, YAML": (".yaml", "a: !secret x\n", "uses a tag", 1),
    "tagged key, YAML": (".yaml", "!!str a: x\n", "uses a tag", 1),
    "two documents, YAML": (".yaml", "a: 1\n---\na: 2\n", "several documents", 2),
    "unknown alias, YAML": (".yaml", f"a: 1\nb: *{PLANTED}\n", "alias", 2),
    "endless alias, YAML": (".yaml", "a: &a [*a]\n", "alias", 1),
    "key that is a list, YAML": (".yaml", "? [a]\n: 1\n", "no plain text", 1),
    "merge of a scalar, YAML": (".yaml", "a:\n  <<: 3\n", "merges", 2),
    "tab, YAML": (".yaml", f"a: 1\n\tpassword: {PLANTED}\n", "not valid YAML", 2),
    "unknown handle, YAML": (".yaml", f"a: 1\nb: !{PLANTED}!x 3\n", "not valid YAML", 2),
    "open quote, YAML": (".yaml", f"a: '{PLANTED}\n", "not valid YAML", 2),
    "control character, YAML": (".yaml", "a: \x00\n", "not valid YAML", None),
    "list at the top, YAML": (".yaml", "- a\n", "mapping at its top", 1),
    "list at the top, JSON": (".json", "[1]", "object at its top", 1),
    "cut short, JSON": (".json", f'{{"a": 1,\n "password": "{PLANTED}', "Unterminated string", 2),
    "NaN, JSON": (".json", '{"a": NaN}', "NaN", None),
    "many digits, JSON": (".json", f'{{"a": {"1" * 5000}}}', "not valid JSON", None),
    "many digits, YAML": (".yaml", f"a: {'1' * 5000}", "too many digits", 1),
    "many digits, TOML": (".toml", f"a = {'1' * 5000}", "out of range", None),
    "no such day, TOML": (".toml", "a = 2024-02-31\n", "not valid TOML", 1),
    "cut short, TOML": (".toml", f'a = 1\npassword = "{PLANTED}\n', "not valid TOML", 2),
    "deep, JSON": (".json", '{"a":' * 100_000, "nested too deeply", None),
    "deep, YAML": (".yaml", "{a: " * 5_000, "nested too deeply", 1),
    "deep, TOML": (".toml", "a = " + "[" * 100_000, "nested too deeply", None),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("libyaml", [True, False])
def test_a_bad_file_is_a_config_error_with_its_line_and_nothing_of_its_text(
    case: str, libyaml: bool, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not libyaml:  # as where PyYAML was built without it
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    suffix, text, message, line = BAD[case]
    file = write(f"c{suffix}", text)
    with pytest.raises(ConfigError, match=message) as caught:
        ConfigManager(Anything, files=[file]).load()
    (problem,) = caught.value.problems
    assert (problem.source, problem.line) == (str(file), line)
    assert PLANTED not in str(caught.value)


def test_an_alias_bomb_is_refused_before_it_goes_off(write: Callable[[str, str], Path]) -> None:
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12))
    file = write("c.yaml", f"l0: &l0 [1]\n{levels}\n")
    with pytest.raises(ConfigError, match="too many values"):
        ConfigManager(Anything, files=[file]).load()


def test_broken_utf8_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(b'a = "x"\nb = "\xff"\n')
    with pytest.raises(ConfigError, match=r"is not UTF-8; save it in that encoding \[.*c.toml:2\]"):
        ConfigManager(Anything, files=[file]).load()


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    for name, text in (("c.toml", b"a = 1\n"), ("c.yaml", b"a: 1\n"), ("c.json", b'{"a": 1}')):
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + text)
        assert ConfigManager(Anything, files=[tmp_path / name]).load().model_dump() == {"a": 1}


def test_a_file_above_one_mebibyte_is_refused_and_one_of_that_size_is_read(write: Callable[[str, str], Path]) -> None:
    text = "a: 1\n#"
    file = write("c.yaml", text + "x" * (1024 * 1024 - len(text)))
    assert ConfigManager(Anything, files=[file]).load().model_dump() == {"a": 1}
    file.write_text(file.read_text() + "x")
    with pytest.raises(ConfigError, match="larger than 1048576 bytes"):
        ConfigManager(Anything, files=[file]).load()


def test_a_missing_file_a_folder_and_an_unknown_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        FileLoader(tmp_path / "no.yaml").load()
    assert FileLoader(tmp_path / "no.yaml", required=False).load().values == {}
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        FileLoader(tmp_path / "folder.yaml", required=False).load()
    with pytest.raises(ValueError, match=r"use|name it with one of .toml"):
        FileLoader(tmp_path / "c.ini")


def test_an_empty_file_has_no_values(write: Callable[[str, str], Path]) -> None:
    for name, text in (("c.yaml", ""), ("d.yaml", "# nothing\n"), ("c.toml", ""), ("c.json", "{}")):
        assert ConfigManager(Anything, files=[write(name, text)]).load().model_dump() == {}


SCALARS = {
    "no": "no",
    "off": "off",
    "yes": "yes",
    "12:30:45": "12:30:45",
    "2024-01-02": "2024-01-02",
    "true": True,
    "False": False,
    "~": None,
    "null": None,
    "": None,
    "017": 17,
    "0o17": 15,
    "0xff": 255,
    "-3": -3,
    "1e3": 1000.0,
    ".5": 0.5,
    "-.inf": float("-inf"),
    "1_000": "1_000",
    "1.2.3": "1.2.3",
    "'3'": "3",
    '"true"': "true",
}


@pytest.mark.parametrize("text", SCALARS)
def test_yaml_scalars_are_those_of_yaml_1_2(text: str) -> None:
    """A country is not False, and a time not a number of seconds."""
    assert parse_text(f"a: {text}\n", ".yaml", "x").values == {"a": SCALARS[text]}


def test_yaml_not_a_number_is_a_float() -> None:
    value = parse_text("a: .nan\n", ".yaml", "x").values["a"]
    assert value != value  # noqa: PLR0124 - that is what NaN is


PIECES = st.sampled_from(
    [
        *("a", "b: ", "- ", "{", "}", "[", "]", '"', "'", "\n", "  ", "\t", ":", ",", "=", "#", "&a ", "*a", "!!", "!"),
        *(
            "<<: ",
            "1",
            "1e999",
            "null",
            "true",
            "---\n",
            "? ",
            "|\n",
            ">-\n",
            '"""',
            "'''",
            "\\",
            "\\u",
            "é",
            "[[",
            ".",
        ),
        *("\x00", "\x85"),
    ]
)


@settings(max_examples=300)
@given(
    text=st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=40),
    suffix=st.sampled_from([".toml", ".yaml", ".json"]),
)
@example(text="a: *", suffix=".yaml")
@example(text="a = 1979-05-27T07:32:00+99:00", suffix=".toml")
@example(text="? a", suffix=".yaml")
@example(text="'\\ud800'", suffix=".json")
def test_whatever_a_file_holds_only_a_config_error_comes_out(text: str, suffix: str) -> None:
    with contextlib.suppress(ConfigError):
        parsed = parse_text(text, suffix, "x")
        assert isinstance(parsed.values, dict)
        lines = parsed.lines()
        assert all(1 <= line <= text.count("\n") + text.count("\x85") + 2 for line in lines.values())


@settings(max_examples=150)
@given(data=st.binary(max_size=60), suffix=st.sampled_from([".toml", ".yaml", ".json"]))
def test_whatever_bytes_a_file_holds_only_a_config_error_comes_out(data: bytes, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"c{suffix}"
    file.write_bytes(data)
    manager: ConfigManager[Any] = ConfigManager(Anything, files=[file])
    with contextlib.suppress(ConfigError):
        manager.load()
        manager.origins()
        manager.dump()
