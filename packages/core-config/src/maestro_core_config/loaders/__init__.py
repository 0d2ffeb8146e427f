"""The sources a configuration is read from."""

from __future__ import annotations

from maestro_core_config.layers import ConfigLoader, Layer, Position, Precedence

from .consul import ConsulLoader
from .environment import DotEnvLoader, EnvironmentLoader
from .files import FileLoader, LayeredConfigLoader, MultiFileLoader
from .secrets_dir import SecretsDirLoader
from .vault import VaultLoader

__all__ = [
    "ConfigLoader",
    "ConsulLoader",
    "DotEnvLoader",
    "EnvironmentLoader",
    "FileLoader",
    "Layer",
    "LayeredConfigLoader",
    "MultiFileLoader",
    "Position",
    "Precedence",
    "SecretsDirLoader",
    "VaultLoader",
]
