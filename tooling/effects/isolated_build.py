"""Builds in an environment made for one package, through the `build` project: for backends and hooks we do not know.

The backend runs as a child process that sees the package's files, what its build requires, and an environment of a few
fixed variables: not our working folder, not `sys.path`, no credentials.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tooling.effects.source_tree import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from build.env import DefaultIsolatedEnv

    from tooling.model.artifact import Kind

_KEPT = ("HOME", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT", "USERPROFILE")


class EnvironmentUnavailableError(Exception):
    """The environment for the build could not be made; the text is what the installer said."""


class BackendFailedError(Exception):
    """The backend could not build the project; the text is what it printed."""


def build_isolated(source: Path, into: Path, kinds: tuple[Kind, ...], hatchling: str) -> tuple[Path, ...]:
    """Build the project in `source` into the folder `into`, one file for each kind, in that order.

    Each kind is built from a copy of its own, so that neither finds what the other left. A build that asks for
    hatchling gets the version `hatchling`, where it accepts that.

    Raises:
        EnvironmentUnavailableError: the environment could not be made or filled.
        BackendFailedError: the backend is missing, raised, or ended badly.
    """
    from build import BuildBackendException, BuildException
    from build.env import DefaultIsolatedEnv

    try:
        with DefaultIsolatedEnv(installer="uv" if _has_uv() else "pip", path=str(into / "environment")) as environment:
            return tuple(_build(source, into, kind, environment, hatchling) for kind in kinds)
    except BuildBackendException as error:
        raise BackendFailedError(_output(error.exception) or str(error.exception)) from error
    except BuildException as error:
        raise BackendFailedError(str(error)) from error


def _build(source: Path, into: Path, kind: Kind, environment: DefaultIsolatedEnv, hatchling: str) -> Path:
    from build import ProjectBuilder

    scratch = into / f"scratch-{kind}"
    scratch.mkdir()
    copy = into / f"source-{kind}"
    shutil.copytree(source, copy)

    def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        subprocess.run(
            cmd,
            cwd=cwd,
            env=_fixed_environment(scratch) | dict(extra_environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )

    project = ProjectBuilder.from_isolated_env(environment, copy, run)
    _install(environment, project.build_system_requires, hatchling)
    _install(environment, project.get_requires_for_build(kind), hatchling)
    return Path(project.build(kind, into))


def _install(environment: DefaultIsolatedEnv, requires: Iterable[str], hatchling: str) -> None:
    """Install what the build asks for.

    Hatchling writes its own version into every wheel, and neither isolation nor time must change the bytes.
    """
    wanted = set(requires)
    for requirement in map(Requirement, tuple(wanted)):
        if canonicalize_name(requirement.name) == "hatchling" and requirement.specifier.contains(hatchling):
            wanted.add(f"hatchling=={hatchling}")
    try:
        environment.install(wanted)
    except subprocess.CalledProcessError as error:
        raise EnvironmentUnavailableError(_output(error) or str(error)) from error


def _has_uv() -> bool:
    return find_spec("uv") is not None or shutil.which("uv") is not None


def _fixed_environment(scratch: Path) -> dict[str, str]:
    fixed = {"LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": str(EPOCH), "TMPDIR": str(scratch), "TZ": "UTC"}
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | fixed


def _output(error: Exception) -> str:
    """What a failed program printed; empty when the error is of another kind."""
    if not isinstance(error, subprocess.CalledProcessError):
        return ""
    printed = [stream for stream in (error.stdout, error.stderr) if stream]
    return "\n".join(stream.decode(errors="replace") if isinstance(stream, bytes) else stream for stream in printed)
