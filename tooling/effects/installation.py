"""The proof a user cares about: a package installs from the index into a clean environment, and all of it imports.

uv makes the environments. The index's address, which may hold a password, reaches it through the environment and never
through a command line; so do requirements, through standard input. The download cache is new for every run, so that
what is installed is what the index serves now.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from tooling.effects import import_everything
from tooling.errors import FailedError
from tooling.plan.extras import excused_by
from tooling.plan.install_matrix import declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.model.package import Package
    from tooling.model.target import Credentials, Target
    from tooling.plan.install_matrix import Combination

PATIENCE = 600.0
"""Seconds after which one step hangs, also one that builds old requirements on a busy machine."""

_TAIL = 12
# Of uv's variables only those count that say how this machine reaches servers, and where public packages come from.
_REACHING = frozenset({"UV_HTTP_TIMEOUT", "UV_INSECURE_HOST", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"})
_PUBLIC = frozenset({"UV_DEFAULT_INDEX", "UV_INDEX_URL"})
_NOT_OURS = ("MAESTRO_", "NEXUS_", "PYTHON", "UV_", "VIRTUAL_ENV")
_FOR_IMPORTS = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH")  # what is imported is others' code: it is told no secret
_HINT = "Correct what it declares or imports, and publish a new version."
_HINT_LOWEST = "Raise the floor of the requirement that is too old, and publish a new version."


def _find_uv() -> str:
    from uv import find_uv_bin

    return find_uv_bin()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Installs from one index. `scratch` is a folder that the caller deletes; it holds the cache and environments.

    A step that takes longer than `patience` seconds has failed.
    """

    target: Target
    credentials: Credentials | None
    scratch: Path
    patience: float = PATIENCE
    # Found when the value is made, by one thread: Python's sysconfig is not ready for several that ask it first.
    _uv: str = field(default_factory=_find_uv, init=False)

    def prove(self, package: Package, combination: Combination, interpreter: Path) -> frozenset[str]:
        """Install the version this workspace has, in one way, and import every module of it.

        Return the modules that did not import and say themselves which extra they belong to (`excused_by`).

        Raises:
            FailedError: PB10 when it does not install, PB11 when a module does not import.
        """
        attempt = _Attempt(installation=self, package=package, combination=combination)
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix=package.name) as folder:
            python = Path(folder) / "environment"
            attempt.run("does not install", self._uv, "venv", "--quiet", "--python", str(interpreter), str(python))
            install = (self._uv, "pip", "install", "--quiet", "--python", str(python), *attempt.options)
            attempt.run("does not install", *install, "--requirements", "-", text=attempt.requirements)
            check = (self._uv, "pip", "check", "--quiet", "--python", str(python))
            attempt.run("does not fit its requirements", *check)
            return attempt.imported(python / "bin" / "python", Path(folder) / "failures.json")

    def environment(self) -> dict[str, str]:
        """The machine's environment without other people's index settings, and with ours.

        A group has public packages too, so it is the only index; a simple index has ours, and stands before the public
        one of this machine.
        """
        alone = self.target.kind == "nexus"
        wanted = _REACHING if alone else _REACHING | _PUBLIC
        kept = {name: value for name, value in os.environ.items() if name in wanted or not name.startswith(_NOT_OURS)}
        index = "UV_DEFAULT_INDEX" if alone else "UV_INDEX"
        ours: Mapping[str, str] = {
            index: self._address(),
            "UV_CACHE_DIR": str(self.scratch / "cache"),
            "UV_NO_CONFIG": "1",
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
        }
        return {**kept, **ours}

    def _address(self) -> str:
        parts = urlsplit(self.target.install_url)
        if self.credentials is None:
            return self.target.install_url
        user = f"{quote(self.credentials.username, safe='')}:{quote(self.credentials.password.reveal(), safe='')}"
        return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc}"))

    def without_secrets(self, text: str) -> str:
        """Hide the password; uv does so itself, what it runs may not."""
        if self.credentials is None:
            return text
        password = self.credentials.password.reveal()
        return text.replace(password, "***").replace(quote(password, safe=""), "***")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One package in one environment, and the words for what goes wrong with it."""

    installation: Installation
    package: Package
    combination: Combination

    @property
    def options(self) -> tuple[str, ...]:
        """Which file of the package is taken, and which versions of what it requires."""
        file = "--only-binary" if self.combination.kind == "wheel" else "--no-binary"
        return (file, self.package.distribution, "--resolution", self.combination.resolution)

    @property
    def requirements(self) -> str:
        """The package, pinned; for the lowest versions also what it declares, since uv lowers what is asked for."""
        lowest = self.combination.resolution == "lowest-direct"
        others = declared(self.package, self.combination.extras) if lowest else ()
        return "\n".join([self._wanted(), *map(str, others), ""])

    def imported(self, python: Path, told: Path) -> frozenset[str]:
        """Import everything; a module may fail only for want of an extra that is not asked for."""
        script = Path(import_everything.__file__).read_text(encoding="utf-8")
        words = (str(python), "-I", "-c", script, self.package.import_name, str(told))
        plain = {name: os.environ[name] for name in _FOR_IMPORTS if name in os.environ}
        environment = {**plain, "HOME": str(told.parent), "TMPDIR": str(told.parent)}
        self.run(
            "installs, but a module ends the process that imports it", *words, code="PB11", environment=environment
        )
        if not told.is_file():
            raise self._error("PB11", "installs, but a module ends the process that imports it", "nothing was said")
        failures: list[dict[str, Any]] = json.loads(told.read_text(encoding="utf-8"))
        excused = set()
        for failure in failures:
            text = str(failure["text"]) if failure["import_error"] else ""
            if not excused_by(self.package, self.combination.extras, text):
                raise self._error("PB11", "installs, but not all of it imports", str(failure["trace"]))
            excused.add(str(failure["module"]))
        return frozenset(excused)

    def run(
        self,
        what: str,
        *words: str,
        text: str = "",
        code: str = "PB10",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Run one step to its end, in the installer's environment unless another is given."""
        try:
            done = subprocess.run(
                words,
                env=environment or self.installation.environment(),
                cwd=self.installation.scratch,
                input=text,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=self.installation.patience,
            )
        except subprocess.TimeoutExpired:
            raise self._error(code, what, f"nothing came of it in {self.installation.patience:.0f} s") from None
        if done.returncode != 0:
            raise self._error(code, what, done.stderr or done.stdout)

    def _wanted(self) -> str:
        extra = f"[{self.combination.extra}]" if self.combination.extra else ""
        return f"{self.package.distribution}{extra}=={self.package.version}"

    def _error(self, code: str, what: str, said: str) -> FailedError:
        tail = "\n".join(self.installation.without_secrets(said).strip().splitlines()[-_TAIL:])
        facts = {
            "package": self.package.name,
            "python": self.combination.python,
            "extra": self.combination.extra,
            "resolution": self.combination.resolution,
            "kind": self.combination.kind,
        }
        message = f"{self._wanted()} {what} ({self.combination}):\n{tail}\n"
        hint = _HINT_LOWEST if self.combination.resolution == "lowest-direct" else _HINT
        return FailedError(code, message, hint, facts=facts)
