"""Writing a configuration to a file: in one step, for its owner's eyes, with secrets encrypted or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from .encryption import ConfigEncryption
from .errors import ConfigError, EncryptionError, MissingExtraError, Problem
from .masking import jsonable, leaf_values, nested, revealed
from .paths import render

if TYPE_CHECKING:
    from .masking import Mask
    from .paths import Path
    from .shape import Shape

__all__ = ["write_config"]


def write_config(file: FilePath, config: Any, *, shape: Shape, mask: Mask, encryption: ConfigEncryption | None) -> None:
    """Write a configuration as `.json`, `.yaml` or `.yml`, mode 0600.

    Raises:
        ConfigError: it holds secrets and there is no key to encrypt them with; nothing is written.
        ValueError: the suffix is another one.
        MissingExtraError: YAML without PyYAML, or secrets without cryptography.
    """
    pairs = [(path, _plain(value)) for path, value in leaf_values(shape.root, config)]
    secret = [(path, value) for path, value in pairs if mask.shown(path, value) != value]
    if secret and encryption is None:
        encryption = _key_for(secret)
    sealed = {path: encryption.encrypt(_text(value), path) for path, value in secret} if encryption else {}
    values = nested((path, sealed.get(path, value)) for path, value in pairs)
    _write(file, _rendered(file, values))


def _plain(value: Any) -> Any:
    return jsonable(revealed(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _key_for(secret: list[tuple[Path, Any]]) -> ConfigEncryption:
    try:
        return ConfigEncryption()
    except EncryptionError:
        message = "is a secret, and there is no key to encrypt it with; set MAESTRO_ENCRYPTION_KEY"
        raise ConfigError(problems=[Problem(path=render(path), message=message) for path, _ in secret]) from None


def _rendered(file: FilePath, values: dict[str, Any]) -> str:
    if file.suffix == ".json":
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    if file.suffix not in {".yaml", ".yml"}:
        raise ValueError(f"{file} cannot be written; name it .json, .yaml or .yml.")
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("Writing YAML", extra="yaml") from None
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def _write(file: FilePath, text: str) -> None:
    """Replace the file in one step: a reader finds the old text or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        FilePath(name).replace(file)
    except BaseException:
        FilePath(name).unlink(missing_ok=True)
        raise
