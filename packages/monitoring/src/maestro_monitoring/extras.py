"""Optional libraries, imported at first use."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingExtraError

__all__ = ["found", "required"]


def required(module: str, extra: str) -> Any:
    """Import a module that an extra brings; without it `MissingExtraError`, whose text is the command to run."""
    imported = found(module)
    if imported is None:
        raise MissingExtraError(f'pip install "maestro-monitoring[{extra}]"', module=module, extra_name=extra)
    return imported


def found(module: str) -> Any:
    """Import a module if it is installed; None if it, or the package it is in, is not."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module + ".").startswith(error.name + "."):
            raise  # something else is missing, inside of it
        return None
