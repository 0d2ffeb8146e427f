"""Encrypted values: bound to key and path, tamper-proof, rotated, and never mistaken for plain ones."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_core_config import (
    BaseConfig,
    ConfigEncryption,
    ConfigError,
    ConfigManager,
    EncryptionError,
    Field,
    SecretStr,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY, OTHER = ConfigEncryption.generate_key(), ConfigEncryption.generate_key()
PATHS = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3).map(tuple)


class Database(BaseConfig):
    """A section with a secret."""

    password: SecretStr = SecretStr("")
    note: str = ""


class Settings(BaseConfig):
    """A configuration with a section."""

    database: Database = Database()
    tokens: list[str] = Field(default_factory=list)


@given(text=st.text(max_size=200), path=PATHS)
def test_what_is_encrypted_for_a_path_decrypts_there(text: str, path: tuple[str, ...]) -> None:
    sealed = ConfigEncryption(KEY).encrypt(text, path)
    assert sealed.startswith(f"enc:v1:{ConfigEncryption(KEY).key_id}:")
    assert ConfigEncryption(KEY).decrypt(sealed, path) == text


@given(path=PATHS, other=PATHS)
def test_a_text_moved_to_another_path_does_not_decrypt(path: tuple[str, ...], other: tuple[str, ...]) -> None:
    sealed = ConfigEncryption(KEY).encrypt("x", path)
    if path != other:
        with pytest.raises(EncryptionError, match="for another path"):
            ConfigEncryption(KEY).decrypt(sealed, other)


SEALED = ConfigEncryption(KEY).encrypt("attack at dawn", "a.b")


@given(at=st.integers(0, len(SEALED) - 1), letter=st.characters(codec="ascii"))
def test_any_changed_character_is_noticed(at: int, letter: str) -> None:
    changed = SEALED[:at] + letter + SEALED[at + 1 :]
    if changed != SEALED:
        with pytest.raises(EncryptionError) as caught:
            ConfigEncryption(KEY).decrypt(changed, "a.b")
        assert "dawn" not in str(caught.value)


def test_a_text_cut_short_is_noticed() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(EncryptionError):
            ConfigEncryption(KEY).decrypt(SEALED[:length], "a.b")


def test_two_encryptions_of_the_same_text_differ() -> None:
    encryption = ConfigEncryption(KEY)
    assert encryption.encrypt("x", "a") != encryption.encrypt("x", "a")


def test_another_key_is_named_as_missing() -> None:
    with pytest.raises(EncryptionError, match=f"none of {ConfigEncryption(OTHER).key_id}"):
        ConfigEncryption(OTHER).decrypt(SEALED, "a.b")


def test_several_keys_decrypt_and_the_first_encrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_ENCRYPTION_KEY", f"{OTHER}, {KEY}")
    both = ConfigEncryption()
    assert both.decrypt(SEALED, "a.b") == "attack at dawn"
    assert both.key_id == ConfigEncryption(OTHER).key_id
    assert both.get_key() == OTHER


def test_rotation_wraps_anew_and_never_twice() -> None:
    old = ConfigEncryption(KEY)
    values = {"a": {"b": old.encrypt("one", "a.b"), "list": [old.encrypt("two", "a.list.0")]}, "plain": "three"}
    new = old.rotate_key(OTHER)
    rotated = new.rotate(values)
    assert ConfigEncryption(OTHER).decrypt_dict(rotated) == {"a": {"b": "one", "list": ["two"]}, "plain": "three"}
    assert new.rotate(rotated) == rotated
    with pytest.raises(EncryptionError, match="already encrypted"):
        new.encrypt(rotated["a"]["b"], "a.b")
    broken = {"a": {"b": rotated["a"]["b"][:-6] + "AAAAA="}}
    with pytest.raises(EncryptionError):
        new.rotate(broken)


def test_mappings_are_encrypted_under_sensitive_names_or_at_paths() -> None:
    encryption = ConfigEncryption(KEY)
    values = {"host": "h", "database": {"password": "p", "port": 1}, "list": ["x"]}
    by_name = encryption.encrypt_dict(values)
    assert by_name["host"] == "h"
    assert by_name["database"]["password"].startswith("enc:v1:")
    assert encryption.decrypt_dict(by_name) == values
    assert encryption.encrypt_dict(by_name) == by_name
    by_path = encryption.encrypt_dict(values, ["host", "list.0"])
    assert [by_path["host"][:7], by_path["list"][0][:7], by_path["database"]["password"]] == ["enc:v1:", "enc:v1:", "p"]
    with pytest.raises(EncryptionError, match="no text at this path"):
        encryption.encrypt_dict(values, ["hots"])


@pytest.mark.parametrize(
    "key",
    ["", "short", "not base64!", KEY[:-2], f"{KEY},", [], [KEY, "x"]],
    ids=["empty", "short", "not base64", "cut off", "an end of a list", "no keys", "one of two"],
)
def test_a_bad_key_fails_at_construction_without_showing_it(key: str | list[str]) -> None:
    with pytest.raises(EncryptionError, match="key") as caught:
        ConfigEncryption(key)
    assert KEY[:-2] not in str(caught.value)


def test_without_a_key_none_is_made_up() -> None:
    with pytest.raises(EncryptionError, match="MAESTRO_ENCRYPTION_KEY"):
        ConfigEncryption()


def test_keys_are_neither_shown_nor_pickled() -> None:
    encryption = ConfigEncryption([KEY, OTHER])
    assert KEY not in f"{encryption!r} {encryption}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(encryption)


def test_a_value_encrypted_in_one_process_is_read_in_another(
    write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import maestro_core_config as m; print(m.ConfigEncryption().encrypt('from afar', 'database.password'))"
    monkeypatch.setenv("MAESTRO_ENCRYPTION_KEY", KEY)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    file = write("c.json", json.dumps({"database": {"password": done.stdout.strip(), "note": "plain"}}))
    manager = ConfigManager(Settings, files=[file])
    assert manager.load().database.password.get_secret_value() == "from afar"
    assert manager.explain("database.password").line == 1


def test_what_was_encrypted_is_secret_whatever_its_name(write: Callable[[str, str], Path]) -> None:
    encryption = ConfigEncryption(KEY)
    sealed = {"note": encryption.encrypt("hidden-note", "database.note")}
    tokens = [encryption.encrypt("one-of-many", "tokens.0"), "other"]
    file = write("c.json", json.dumps({"database": sealed, "tokens": tokens}))
    manager = ConfigManager(Settings, files=[file], encryption=encryption)
    config = manager.load()
    assert (config.database.note, config.tokens) == ("hidden-note", ["one-of-many", "other"])
    shown = f"{manager.dump()} {manager.origins()} {manager.explain('tokens')}"
    assert "hidden-note" not in shown
    assert "one-of-many" not in shown


def test_a_value_that_cannot_be_decrypted_is_one_of_the_problems_with_its_line(
    write: Callable[[str, str], Path],
) -> None:
    moved = ConfigEncryption(KEY).encrypt("x", "database.note")
    file = write("c.yaml", f"tokens: 3\ndatabase:\n  password: {moved}\n")
    for encryption, message in ((ConfigEncryption(KEY), "for another path"), (None, "there is no key")):
        with pytest.raises(ConfigError, match=message) as caught:
            ConfigManager(Settings, files=[file], encryption=encryption).load()
        assert f"[{file}:3]" in str(caught.value)
        assert "tokens" in str(caught.value)
