"""Each trouble the first platform's users had with configuration, shown gone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from maestro_core_config import (
    BaseConfig,
    ConfigEncryption,
    ConfigError,
    ConfigManager,
    ConfigValidator,
    ConsulLoader,
    EncryptionError,
    EnvironmentLoader,
    FileLoader,
    LayeredConfigLoader,
    MultiFileLoader,
    SecretStr,
    VaultLoader,
    is_port,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = ConfigEncryption.generate_key()


class Database(BaseConfig):
    """A section with a secret."""

    host: str = "default-host"
    port: int = 5432
    password: SecretStr = SecretStr("")


class Settings(BaseConfig):
    """A configuration with a section."""

    name: str = "default"
    debug: bool = True
    database: Database = Database()


@pytest.fixture
def config_dir(write: Callable[[str, str], Path], tmp_path: Path) -> Path:
    """A folder as the first platform's guide has it."""
    write("config/base.yaml", "name: from-base\ndebug: false\ndatabase:\n  host: base-host\n  port: 1\n")
    write("config/development.yaml", "database:\n  host: dev-host\n")
    write("config/production.yaml", "database:\n  host: prod-host\n")
    return tmp_path / "config"


def test_settings_in_yaml_files_reach_the_fields(config_dir: Path) -> None:
    """They were silently ignored: every field had its default, whatever the files said."""
    config = ConfigManager(Settings, config_dir=config_dir, environment="production").load()
    assert (config.name, config.debug, config.database.host, config.database.port) == (
        "from-base",
        False,
        "prod-host",
        1,
    )


def test_the_variable_environment_chooses_the_files_of_a_folder(
    config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ConfigManager(Settings, config_dir=config_dir).load().database.host == "dev-host"
    monkeypatch.setenv("ENVIRONMENT", "production")
    assert ConfigManager(Settings, config_dir=config_dir).load().database.host == "prod-host"
    monkeypatch.setenv("ENVIRONMENT", "test")
    manager = ConfigManager(Settings, config_dir=config_dir, unknown="error")
    assert manager.load().database.host == "base-host"


def test_a_folder_in_the_place_of_loaders_is_refused_with_its_new_name(config_dir: Path) -> None:
    for folder in (config_dir, str(config_dir)):
        with pytest.raises(TypeError, match="given as config_dir="):
            ConfigManager(Settings, folder)  # type: ignore[arg-type] # that is the point


@pytest.mark.parametrize(
    ("name", "text"),
    [("c.yaml", "name: x"), ("c.yml", "name: x"), ("c.json", '{"name": "x"}'), ("c.toml", 'name = "x"')],
)
def test_each_format_reaches_the_fields(name: str, text: str, write: Callable[[str, str], Path]) -> None:
    assert ConfigManager(Settings, files=[write(name, text)]).load().name == "x"


def test_the_environment_wins_over_files_as_documented(config_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_DATABASE__HOST", "env-host")
    config = ConfigManager(Settings, config_dir=config_dir, environment="production").load()
    assert (config.database.host, config.name) == ("env-host", "from-base")


def test_what_was_saved_is_loaded_again(config_dir: Path) -> None:
    """`save` raised AttributeError."""
    manager = ConfigManager(Settings, config_dir=config_dir, environment="staging")
    manager.load()
    changed = Settings(name="saved", database=Database(host="saved-host"))
    for form in ("yaml", "json"):
        assert manager.save(changed, format=form) == config_dir / f"staging.{form}"
        assert ConfigManager(Settings, config_dir=config_dir, environment="staging").load().name == "saved"
        (config_dir / f"staging.{form}").unlink()


def test_vault_settings_are_refused_with_what_replaces_them() -> None:
    """They raised TypeError for a missing path; now it says what to give."""
    with pytest.raises(TypeError, match=r"give loaders=\[VaultLoader\(url, token, path\)\]"):
        ConfigManager(Settings, vault_url="http://vault", vault_token="t")


@pytest.mark.parametrize(
    "loader", [VaultLoader("http://127.0.0.1:9", "t", "x", retries=0), ConsulLoader(port=9, retries=0)]
)
def test_remote_loaders_are_no_stubs_that_return_nothing(loader: Any) -> None:
    with pytest.raises(ConfigError, match="did not answer"):
        loader.load()


def test_validation_is_done_at_load() -> None:
    """It was called with the wrong thing and without rules, so it never found anything."""
    rules = ConfigValidator().add_rule("database.port", is_port, "must be a port")
    with pytest.raises(ConfigError, match=r"database\.port: must be a port"):
        ConfigManager(Settings, overrides={"database": {"port": 0}}, validator=rules).load()


def test_a_missing_key_is_an_error_and_what_is_encrypted_survives_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh key was made in each process, and logged."""
    with pytest.raises(EncryptionError, match="there is no key"):
        ConfigEncryption()
    monkeypatch.setenv("MAESTRO_ENCRYPTION_KEY", KEY)
    sealed = ConfigEncryption().encrypt("x", "a")
    assert ConfigEncryption().decrypt(sealed, "a") == "x"


def test_decryption_errors_are_not_swallowed_and_nothing_is_encrypted_twice() -> None:
    encryption = ConfigEncryption(KEY)
    sealed = encryption.encrypt_dict({"password": "x"})
    with pytest.raises(EncryptionError):
        ConfigEncryption(ConfigEncryption.generate_key()).decrypt_dict(sealed)
    assert encryption.encrypt_dict(sealed) == sealed
    assert encryption.rotate_key(ConfigEncryption.generate_key()).decrypt_dict(sealed) == {"password": "x"}


def test_no_deprecated_pydantic_is_used() -> None:
    program = (
        "import warnings; warnings.simplefilter('error')\n"
        "import maestro_core_config as m\n"
        "class S(m.BaseConfig):\n    a: int = m.Field(1, secret=True)\n"
        "print(S(a=2).dict(), m.ConfigManager(S).load())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "{'a': '***'} a='***'\n"


def test_from_env_reads_types_and_nesting(monkeypatch: pytest.MonkeyPatch) -> None:
    """It passed raw strings and ignored nesting."""
    monkeypatch.setenv("MAESTRO_DEBUG", "false")
    monkeypatch.setenv("MAESTRO_DATABASE__PORT", "6543")
    config = Settings.from_env()
    assert (config.debug, config.database.port) == (False, 6543)
    monkeypatch.setenv("OTHER_DATABASE__PORT", "1")
    assert Settings.from_env("OTHER_").database.port == 1


def test_failures_of_required_sources_are_raised_not_printed(
    write: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write("c.yaml", "name: [\n")
    for loader in (FileLoader("missing.yaml"), FileLoader(broken)):
        with pytest.raises(ConfigError, match=r"missing.yaml|c.yaml:2"):
            ConfigManager(Settings, loaders=[loader]).load()
    assert capsys.readouterr().out == ""


def test_an_environment_given_to_a_file_loader_is_refused() -> None:
    """ConfigManager itself passed (directory, environment), and the file was lost for it."""
    with pytest.raises(TypeError, match="give ConfigManager a profile"):
        FileLoader("config.yaml", "development")  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="no known format"):
        FileLoader("config")


def test_loading_before_logging_is_configured_works() -> None:
    """A lazy logger passed keyword fields to the standard library's, which raised TypeError."""
    program = (
        "import os; os.environ['MAESTRO_TYPO'] = '1'\n"
        "import maestro_core_config as m\n"
        "class S(m.BaseConfig):\n    type: int = 1\n"
        "print(m.ConfigManager(S).load().type)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"
    assert "did you mean MAESTRO_TYPE" in done.stderr


def test_layered_and_multi_file_loaders_merge_with_places(write: Callable[[str, str], Path]) -> None:
    one, two = write("one.yaml", "name: a\ndatabase: {host: x, port: 1}\n"), write("two.toml", "[database]\nport = 2\n")
    manager = ConfigManager(Settings, loaders=[MultiFileLoader([one, two])])
    assert manager.load().database == Database(host="x", port=2)
    assert (manager.explain("database.port").source, manager.explain("database.port").line) == (str(two), 2)
    assert (manager.explain("name").source, manager.explain("name").line) == (str(one), 1)
    layered = LayeredConfigLoader([FileLoader(one), EnvironmentLoader("X_", environ={"X_NAME": "b"})])
    assert layered.load().values == {"name": "b", "database": {"host": "x", "port": 1}}
    with pytest.raises(ConfigError, match="2 things are wrong"):
        MultiFileLoader([one.with_name("no.yaml"), one.with_name("nor.yaml")]).load()
    with pytest.raises(TypeError, match="give a list"):
        MultiFileLoader(str(one))


def test_models_are_immutable_so_that_a_secret_once_masked_stays_so() -> None:
    config = Settings(database=Database(password=SecretStr("hunter2")))
    assert config.dict()["database"]["password"] == "***"
    assert "hunter2" not in repr(config)
