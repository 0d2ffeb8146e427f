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
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.base_prefix) / "bin" / f"python{version}"
    name = f"python{version}"
    for folder in map(Path, environ.get("PATH", "").split(os.pathsep)):
        if folder.name != "shims" and os.access(folder / name, os.X_OK):
            return folder / name
    versions = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    installed = sorted(versions.glob(f"{version}.*/bin/{name}"), key=_patch)
    return installed[-1] if installed else None


def _patch(interpreter: Path) -> tuple[int, ...]:
    """`…/versions/3.12.10/bin/python3.12` -> (3, 12, 10); development builds sort below releases."""
    parts = interpreter.parent.parent.name.split(".")
    return tuple(int(part) if part.isdecimal() else -1 for part in parts)
