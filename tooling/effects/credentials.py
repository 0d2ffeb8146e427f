"""Whose password to send: the environment first, then the places where people already keep one, last a prompt.

Order (product.md section 9): environment -> the address itself -> keyring -> netrc -> `.pypirc` -> a prompt on a
terminal. A source that cannot be read counts as having nothing, except that a malformed file is said.
"""

from __future__ import annotations

import configparser
import getpass
import netrc
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tooling.errors import UsageError
from tooling.model.secret import Secret
from tooling.model.target import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tooling.model.settings import Settings
    from tooling.model.target import Target


def prompt_on_terminal(question: str) -> str | None:
    """Ask without echo; None where nobody can answer, or ended the input instead."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    try:
        return getpass.getpass(question, stream=sys.stderr)
    except EOFError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSources:
    """The places to look in; `home` is where `.netrc` and `.pypirc` stand, `ask` returns None if nobody answers."""

    environ: Mapping[str, str]
    home: Path
    ask: Callable[[str], str | None] = prompt_on_terminal

    def find(self, settings: Settings, target: Target, in_address: Credentials | None) -> Credentials | None:
        """Return the first credentials found for `target`; None for an index that may want none (kind `simple`).

        Raises:
            UsageError: ST05 when a Nexus server is to be written to and no password is anywhere.
        """
        found = self.known(settings, target, in_address)
        if found is not None or target.kind == "simple":
            return found
        return self._asked(settings.username, target)

    def known(self, settings: Settings, target: Target, in_address: Credentials | None) -> Credentials | None:
        """Return the first credentials found for `target` without asking anybody; None when there are none."""
        if settings.password is not None and settings.username is not None:
            return Credentials(username=settings.username, password=settings.password)
        if in_address is not None:
            return in_address
        return next(self._kept(settings.username, target), None)

    def _kept(self, username: str | None, target: Target) -> Iterator[Credentials]:
        for source in (self._from_keyring, self._from_netrc, self._from_pypirc):
            found = source(username, target)
            if found is not None and (username is None or found.username == username):
                yield found

    def _asked(self, username: str | None, target: Target) -> Credentials:
        user = username or "admin"
        answer = self.ask(f"Password of {user} at {target.base}: ")
        if not answer:
            missing = f"password of {username}" if username else "user with a password"
            raise UsageError(
                "ST05",
                f"There is no {missing} for {target.base}.",
                "Set NEXUS_USERNAME and NEXUS_PASSWORD (environment or .env), or keep them in keyring or netrc.",
            )
        return Credentials(username=user, password=Secret(answer))

    def _from_keyring(self, username: str | None, target: Target) -> Credentials | None:
        import keyring

        try:
            found = keyring.get_credential(target.upload_url, username)
        except Exception:  # noqa: BLE001 - a backend raises whatever its platform does: locked, no session bus …
            return None
        if not (found and found.username and found.password):
            return None
        return Credentials(username=found.username, password=Secret(found.password))

    def _from_netrc(self, _username: str | None, target: Target) -> Credentials | None:
        path = Path(self.environ.get("NETRC") or self.home / ".netrc")
        if not path.is_file():
            return None
        try:
            entry = netrc.netrc(str(path)).authenticators(urlsplit(target.base).hostname or "")
        except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
            raise _unreadable(path, "netrc") from None
        if entry is None or not (entry[0] and entry[2]):
            return None
        return Credentials(username=entry[0], password=Secret(entry[2]))

    def _from_pypirc(self, _username: str | None, target: Target) -> Credentials | None:
        """Find the section whose `repository` is our upload address; `%` in a password is a `%`."""
        path = self.home / ".pypirc"
        if not path.is_file():
            return None
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            raise _unreadable(path, ".pypirc") from None
        for section in parser.sections():
            table = parser[section]
            if table.get("repository", "").rstrip("/") == target.upload_url.rstrip("/") and table.get("password"):
                return Credentials(username=table.get("username", "admin"), password=Secret(table["password"]))
        return None


def _unreadable(path: Path, kind: str) -> UsageError:
    """Name the file and nothing of what is in it: the parsers' own messages quote lines, and so passwords."""
    return UsageError("ST06", f"{path} cannot be read as a {kind} file.", "Correct it, or set NEXUS_PASSWORD.")
