"""What the tests of builds share: workspaces of one or two packages, git in them, a backend without requirements."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from workspaces import make_workspace

from tooling.effects.builder import CachedBuilder
from tooling.errors import MaestroError, ProblemsError
from tooling.model.manifest import read_package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package

EXTRAS = {"fast": ("orjson>=3; python_version<'3.13'",), "all": ("maestro-alpha[fast]", "rich[jupyter]>=13,<99")}
"""Optional requirements of a package `alpha`: with markers, with extras of others and of itself."""


def one_package(root: Path, **spec: object) -> Package:
    """Make a workspace whose only package is `alpha`, and read that."""
    make_workspace(root, {"alpha": spec})
    return read_package(root / "packages" / "alpha")


def builder_of(root: Path, **options: bool) -> CachedBuilder:
    """A builder that keeps everything inside the workspace."""
    return CachedBuilder(dist=root / "dist", cache=root / ".maestro" / "cache", **options)


def build(root: Path, *packages: Package, **options: bool) -> tuple[tuple[Artifact, ...], dict[str, str]]:
    """Build with a builder of the workspace; return the artifacts, and how each package came to be."""
    hows: dict[str, str] = {}
    artifacts = builder_of(root, **options).build(packages, lambda package, how: hows.update({package.name: how}))
    return artifacts, hows


def hashes(artifacts: tuple[Artifact, ...]) -> dict[str, str]:
    """File name to SHA-256."""
    return {artifact.filename: artifact.sha256 for artifact in artifacts}


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def errors_of(action: Callable[[], object]) -> tuple[MaestroError, ...]:
    """The errors an action raises, none when it succeeds."""
    try:
        action()
    except ProblemsError as several:
        return several.errors
    except MaestroError as error:
        return (error,)
    return ()


def git(folder: Path, *arguments: str) -> None:
    """Run git there as a user without any configuration."""
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "init.defaultBranch=main")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *identity, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def commit_all(root: Path) -> None:
    """Make the folder a repository with everything in it committed."""
    git(root, "init")
    git(root, "add", "--all")
    git(root, "commit", "--message", "All")


def in_child(action: Callable[[], object]) -> int:
    """Run the action in a forked child; its exit code: 0 returned, 1 raised, minus the signal that killed it."""
    return ended(start_child(action))


def start_child(action: Callable[[], object]) -> int:
    """Fork a child that runs the action and nothing after it; its process number."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            action()
            code = 0
        except BaseException as error:  # noqa: BLE001 - whatever it is, the child ends here
            print(error, file=sys.stderr)  # noqa: T201 - pytest shows it with the parent's failure
        finally:
            os._exit(code)
    return child


def ended(child: int) -> int:
    """Wait for a child; its exit code."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def with_own_backend(body: str = "") -> Mapping[str, object]:
    """A package spec whose backend lies in the package, requires nothing, and runs `body` before it builds."""
    return {"files": {"pyproject.toml": _MANIFEST, "backend/own.py": _BACKEND.replace("#BODY", body)}}


_MANIFEST = """\
[build-system]
requires = []
build-backend = "own"
backend-path = ["backend"]

[project]
name = "maestro-alpha"
version = "1.0.0"
readme = "README.md"
requires-python = ">=3.11"
"""

_BACKEND = """\
import base64, hashlib, io, json, os, sys, tarfile, zipfile
from pathlib import Path

METADATA = (
    "Metadata-Version: 2.4\\nName: maestro-alpha\\nVersion: 1.0.0\\nRequires-Python: >=3.11\\n"
    "Description-Content-Type: text/markdown\\n\\n# Alpha\\n"
)
INFO = "maestro_alpha-1.0.0.dist-info"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    seen = {}
    #BODY
    members = {
        "maestro_alpha/__init__.py": Path("src/maestro_alpha/__init__.py").read_text(),
        "maestro_alpha/seen.json": json.dumps(seen, sort_keys=True),
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = f"{INFO}/RECORD,,\\n"
    for name, text in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(text.encode())}\\n"
    with zipfile.ZipFile(Path(folder, "maestro_alpha-1.0.0-py3-none-any.whl"), "w") as archive:
        for name, text in {**members, f"{INFO}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return "maestro_alpha-1.0.0-py3-none-any.whl"


def build_sdist(folder, config_settings=None):
    with tarfile.open(Path(folder, "maestro_alpha-1.0.0.tar.gz"), "w:gz") as archive:
        for path in sorted(Path().rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.add(path, f"maestro_alpha-1.0.0/{path.as_posix()}")
        info = tarfile.TarInfo("maestro_alpha-1.0.0/PKG-INFO")
        info.size = len(METADATA.encode())
        archive.addfile(info, io.BytesIO(METADATA.encode()))
    return "maestro_alpha-1.0.0.tar.gz"
"""
