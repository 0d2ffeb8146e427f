"""Runs `invoke` in a workspace as its user does: a process of its own, nothing of this machine's settings in sight."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0  # seconds after which a run hangs; none takes a tenth of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that is over; `code` is negative when a signal ended it."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it printed, in one line, for sentences that a terminal's width would cut."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def report(self) -> dict[str, Any]:
        """What `--json` printed."""
        told: dict[str, Any] = json.loads(self.out)
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A run under way."""

    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def wait(self) -> Finished:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return Finished(code=self.process.returncode, out=out, err=err)


def index_access() -> dict[str, str]:
    """How this machine fetches packages. UV_PYTHON is no part of that: Nox points uv at its own environment by it."""
    begins = ("PIP_", "UV_", "SSL_CERT_")
    return {name: value for name, value in os.environ.items() if name.startswith(begins) and name != "UV_PYTHON"}


def user_environment(home: Path, **variables: str) -> dict[str, str]:
    """The environment of a user whose home is the folder `home`, which also takes their temporary files."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    own = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": str(temporary),
    }
    libraries = {name: value for name, value in os.environ.items() if name.startswith("LD_")}
    return index_access() | libraries | own | variables


def start(workspace: Path, *words: str, environment: Mapping[str, str]) -> Running:
    """Begin `invoke` with `words` in the folder of a workspace."""
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", *words],
        cwd=workspace,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Running(process=process)


def run(workspace: Path, *words: str, environment: Mapping[str, str]) -> Finished:
    """Run `invoke` with `words` in the folder of a workspace."""
    return start(workspace, *words, environment=environment).wait()
