"""Typed, layered configuration that can explain every value and change safely while running."""

from __future__ import annotations

from typing import Any

from .base import BaseConfig, Field, SecretStr
from .core import ConfigManager, get_config
from .encryption import ConfigEncryption
from .errors import ConfigError, EncryptionError, MissingExtraError, Problem, SourceUnavailableError
from .events import ConfigEvent
from .layers import ConfigLoader, Layer, Position, Precedence
from .loaders import (
    ConsulLoader,
    DotEnvLoader,
    EnvironmentLoader,
    FileLoader,
    LayeredConfigLoader,
    MultiFileLoader,
    SecretsDirLoader,
    VaultLoader,
)
from .origin import Candidate, Origin
from .reload import Change, ReloadResult
from .validation import (
    ConfigValidator,
    is_email,
    is_in_range,
    is_non_empty,
    is_one_of,
    is_port,
    is_url,
    matches_pattern,
)

__all__ = [
    "BaseConfig",
    "Candidate",
    "Change",
    "ConfigEncryption",
    "ConfigError",
    "ConfigEvent",
    "ConfigLoader",
    "ConfigManager",
    "ConfigValidator",
    "ConsulLoader",
    "DotEnvLoader",
    "EncryptionError",
    "EnvironmentLoader",
    "Field",
    "FileLoader",
    "Layer",
    "LayeredConfigLoader",
    "MissingExtraError",
    "MultiFileLoader",
    "Origin",
    "Position",
    "Precedence",
    "Problem",
    "ReloadResult",
    "SecretStr",
    "SecretsDirLoader",
    "SourceUnavailableError",
    "VaultLoader",
    "get_config",
    "is_email",
    "is_in_range",
    "is_non_empty",
    "is_one_of",
    "is_port",
    "is_url",
    "matches_pattern",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-core-config")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
