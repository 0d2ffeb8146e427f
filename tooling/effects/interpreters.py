"""Which Pythons this machine has, found without running any of them.

`PATH` is searched first, but not pyenv's shims: a shim exists for every version that pyenv knows and fails for those
that are not switched on. The versions themselves, under pyenv's root, are real.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def find_interpreter(version: str, environ: Mapping[str, str]) -> Path | None:
    """Find a Python of a minor version such as `3.12`; None if this machine has none. The running one goes first."""
    name = f"python{version}"
    running = version == f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = [Path(sys.base_prefix) / "bin"] if running else []
    folders += [Path(each) for each in environ.get("PATH", "").split(os.pathsep) if each]
    found = (folder / name for folder in folders if folder.name != "shims" and _runs(folder / name))
    versions = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    installed = sorted(filter(_runs, versions.glob(f"{version}.*/bin/{name}")), key=_patch, reverse=True)
    return next(found, next(iter(installed), None))


def _runs(interpreter: Path) -> bool:
    return interpreter.is_file() and os.access(interpreter, os.X_OK)


def _patch(interpreter: Path) -> tuple[int, ...]:
    """`…/versions/3.12.10/bin/python3.12` -> (3, 12, 10); development builds sort below releases."""
    parts = interpreter.parent.parent.name.split(".")
    return tuple(int(part) if part.isdecimal() else -1 for part in parts)
