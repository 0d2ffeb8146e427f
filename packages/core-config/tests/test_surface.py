"""Every name users know imports and works, or raises an error that names what replaces it."""

from __future__ import annotations

import importlib
import importlib.metadata
import pickle
import pkgutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import maestro_core_config as mcc
import pytest
from maestro_core_config import ConfigError, ConfigManager, MissingExtraError, Problem, errors
from maestro_core_config.formats import parse_text

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = {
    "maestro_core_config": [
        *("ConfigManager", "BaseConfig", "SecretStr", "EnvironmentLoader", "FileLoader", "VaultLoader"),
        *("ConsulLoader", "ConfigEncryption", "ConfigValidator", "is_port", "is_url", "is_email", "is_in_range"),
        *("is_one_of", "is_non_empty", "matches_pattern", "get_config", "Field", "MultiFileLoader"),
        *("SecretsDirLoader", "LayeredConfigLoader", "ConfigLoader", "Layer"),
    ],
    "maestro_core_config.base": ["BaseConfig", "SecretStr", "Field"],
    "maestro_core_config.core": ["ConfigManager", "get_config"],
    "maestro_core_config.encryption": ["ConfigEncryption"],
    "maestro_core_config.loaders": [
        *("ConfigLoader", "EnvironmentLoader", "FileLoader", "MultiFileLoader", "LayeredConfigLoader"),
        *("VaultLoader", "ConsulLoader"),
    ],
    "maestro_core_config.validation": ["ConfigValidator", "is_port", "is_url", "is_email", "is_non_empty"],
}
METHODS = {
    mcc.ConfigManager: ("load", "save", "reload", "get_schema", "validate_schema"),
    mcc.BaseConfig: ("dict", "get_secret_value", "validate_config", "from_dict", "from_env"),
    mcc.ConfigEncryption: (
        *("encrypt", "decrypt", "encrypt_dict", "decrypt_dict", "rotate_key", "get_key", "generate_key"),
    ),
    mcc.ConfigValidator: ("add_rule", "validate", "validate_safe"),
}


class Settings(mcc.BaseConfig):
    """A configuration with a section."""

    port: int = 1


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in KNOWN.items() for name in names])
def test_a_known_name_imports(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is not None


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in METHODS.items() for name in names])
def test_a_known_method_is_there(kind: type, name: str) -> None:
    assert callable(getattr(kind, name))


def test_a_dropped_name_says_on_import_what_replaces_it() -> None:
    with pytest.raises(ImportError, match="maestro-config encrypt"):
        exec("from maestro_core_config.encryption import encrypt_config_file")  # noqa: S102 - what users write


@pytest.mark.parametrize("name", ["vault_url", "vault_token", "enable_encryption"])
def test_a_dropped_argument_says_what_replaces_it(name: str) -> None:
    arguments: dict[str, Any] = {name: "x"}
    with pytest.raises(TypeError, match=rf"{name} is no argument.*(VaultLoader|encryption=)"):
        ConfigManager(Settings, **arguments)


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="polling is no argument"):
        ConfigManager(Settings, polling=1)


def test_all_is_sorted_and_holds_the_public_names() -> None:
    assert mcc.__all__ == sorted(mcc.__all__)
    assert all(hasattr(mcc, name) for name in mcc.__all__)


def test_every_module_imports() -> None:
    for module in pkgutil.walk_packages(mcc.__path__, "maestro_core_config."):
        importlib.import_module(module.name)


def test_the_version_is_that_of_the_metadata() -> None:
    assert mcc.__version__ == importlib.metadata.version("maestro-core-config")
    with pytest.raises(AttributeError, match="no_such_name"):
        mcc.no_such_name  # noqa: B018 - reading it is the test


def test_importing_starts_nothing_prints_nothing_and_loads_no_extra() -> None:
    program = (
        "import logging, os, sys, threading; before = dict(os.environ), list(logging.root.handlers)\n"
        "import maestro_core_config, maestro_core_config.cli\n"
        "assert before == (dict(os.environ), list(logging.root.handlers))\n"
        "import maestro_core_logging; assert not maestro_core_logging.is_configured()\n"
        "print(threading.active_count(), sorted({'yaml', 'cryptography', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1 []\n", "")


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_carries_what_a_server_needs_and_survives_pickling(name: str) -> None:
    kind = getattr(errors, name)
    if kind is Problem:
        return
    error = kind("Reading YAML", extra="yaml") if kind is MissingExtraError else kind("a sentence")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    for each in (error, copy):
        assert isinstance(each, ConfigError)
        assert isinstance(each, ValueError)
        assert str(each) == str(error)
        assert (each.code.islower(), 400 <= each.http_status < 600, each.retry_after) == (True, True, None)
        assert each.problems == error.problems


def test_every_error_has_a_code_of_its_own() -> None:
    kinds = [kind for name in errors.__all__ if hasattr(kind := getattr(errors, name), "code")]
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("module", "extra", "use"),
    [
        ("yaml", "yaml", lambda: parse_text("a: 1", ".yaml", "x")),
        ("yaml", "yaml", lambda: write_yaml("c.yaml")),
        (
            "cryptography.hazmat.primitives.ciphers.aead",
            "crypto",
            lambda: mcc.ConfigEncryption(mcc.ConfigEncryption.generate_key()).encrypt("x", "a"),
        ),
        ("httpx2", "vault", lambda: ConfigManager(Settings, loaders=[vault_that_may_be_absent()]).load()),
        ("httpx2", "consul", lambda: mcc.ConsulLoader().load()),
    ],
)
def test_a_missing_extra_ends_in_the_command_that_installs_it(
    module: str, extra: str, use: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        use()
    assert isinstance(caught.value, ImportError)
    assert str(caught.value).endswith(f'run: pip install "maestro-core-config[{extra}]"')


def write_yaml(name: str) -> None:
    manager = ConfigManager(Settings)
    manager.load()
    manager.save(path=name)


def vault_that_may_be_absent() -> mcc.VaultLoader:
    return mcc.VaultLoader("http://localhost:1", "t", "p", optional=True)
