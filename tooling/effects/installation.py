"""The proof a user cares about: each package installs from the index into a clean environment, and all of it imports.

uv makes the environments. The index's address, which may hold a password, reaches it through the environment and never
through a command line. The download cache is new for every run, so that what is installed is what the index serves now.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from tooling.errors import FailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.model.package import Package
    from tooling.model.target import Credentials, Target

_TAIL = 12
# Of uv's variables only those count that say how this machine reaches servers, and where public packages come from.
_REACHING = frozenset({"UV_HTTP_TIMEOUT", "UV_INSECURE_HOST", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"})
_PUBLIC = frozenset({"UV_DEFAULT_INDEX", "UV_INDEX_URL"})
_IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
root = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(root.__path__, root.__name__ + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def _find_uv() -> str:
    from uv import find_uv_bin

    return find_uv_bin()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Installs from one index. `scratch` is a folder that the caller deletes; it holds the cache and environments."""

    target: Target
    credentials: Credentials | None
    scratch: Path
    # Found when the value is made, by one thread: Python's sysconfig is not ready for several that ask it first.
    _uv: str = field(default_factory=_find_uv, init=False)

    def prove(self, package: Package) -> None:
        """Install the version this workspace has and import every module of it.

        Raises:
            FailedError: PB10 when it does not install, PB11 when a module does not import.
        """
        with tempfile.TemporaryDirectory(dir=self.scratch, prefix=package.name) as folder:
            python = Path(folder) / "bin" / "python"
            wanted = f"{package.distribution}=={package.version}"
            steps = (
                ("PB10", f"{wanted} does not install", [self._uv, "venv", "--quiet", folder]),
                (
                    "PB10",
                    f"{wanted} does not install",
                    [self._uv, "pip", "install", "--quiet", "--python", folder, wanted],
                ),
                (
                    "PB10",
                    f"{wanted} does not fit its requirements",
                    [self._uv, "pip", "check", "--quiet", "--python", folder],
                ),
                (
                    "PB11",
                    f"{wanted} installs, but not all of it imports",
                    [str(python), "-I", "-W", "error::SyntaxWarning", "-c", _IMPORT_EVERYTHING, package.import_name],
                ),
            )
            for code, what, words in steps:
                self._run(code, what, words)

    def _run(self, code: str, what: str, words: list[str]) -> None:
        done = subprocess.run(words, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        tail = "\n".join(self._without_secrets(done.stderr or done.stdout).strip().splitlines()[-_TAIL:])
        raise FailedError(code, f"{what}:\n{tail}\n", "Correct what it declares or imports, and publish a new version.")

    def _environment(self) -> dict[str, str]:
        """The machine's environment without other people's index settings, and with ours.

        A group has public packages too, so it is the only index; a simple index has ours, and stands before the public
        one of this machine.
        """
        alone = self.target.kind == "nexus"
        wanted = _REACHING if alone else _REACHING | _PUBLIC
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in wanted or not name.startswith(("UV_", "PYTHON", "VIRTUAL_ENV"))
        }
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

    def _without_secrets(self, text: str) -> str:
        """Hide the password; uv does so itself, what it runs may not."""
        if self.credentials is None:
            return text
        password = self.credentials.password.reveal()
        return text.replace(password, "***").replace(quote(password, safe=""), "***")
