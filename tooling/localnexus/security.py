"""Users, their passwords and privileges, and who is asking."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tooling.errors import UsageError
from tooling.localnexus.database import FILE, connect, prepare

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from tooling.localnexus.database import Database
    from tooling.localnexus.serving import RunningIndex

Action: TypeAlias = Literal["browse", "read", "add", "edit", "delete"]

ADMIN: Final = "admin"
ANONYMOUS: Final = "anonymous"
EVERYTHING: Final = "nx-all"
PASSWORD_FILE: Final = "admin.password"  # noqa: S105 - a file name
INITIAL_PASSWORD: Final = "NEXUS_SECURITY_INITIAL_PASSWORD"  # noqa: S105 - a variable's name

_ANONYMOUS_PRIVILEGES: Final = ("nx-repository-view-*-*-browse", "nx-repository-view-*-*-read")
_PRIVILEGE: Final = re.compile(
    r"nx-all|nx-repository-view-(\*|pypi)-(\*|[\w.][\w.-]*)-(\*|browse|read|add|edit|delete)", re.ASCII
)
COST: Final = 1 << 13
"""Work to hash a password that a person chose."""
_LEAST_COST: Final = 2
"""Work to hash a password of 122 random bits, which nobody can guess however fast the hash is."""
_REMEMBERED: Final = 256


class BadCredentialsError(Exception):
    """Credentials were sent and are wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sends a request, and what they may do."""

    userid: str
    privileges: frozenset[str]

    @property
    def anonymous(self) -> bool:
        """Whether no credentials were sent."""
        return self.userid == ANONYMOUS

    @property
    def administrator(self) -> bool:
        """Whether everything is allowed."""
        return EVERYTHING in self.privileges

    def may(self, action: Action, repository: str) -> bool:
        """Whether an action on a PyPI repository is allowed."""
        granting = {
            f"nx-repository-view-{form}-{name}-{verb}"
            for form, name in (("*", "*"), ("pypi", "*"), ("pypi", repository))
            for verb in ("*", action)
        }
        return self.administrator or not granting.isdisjoint(self.privileges)


class Security:
    """Logs callers in. A password that was right is remembered in memory, for hashing is slow on purpose."""

    def __init__(self, database: Database, *, anonymous: bool) -> None:
        self._database = database
        self._anonymous = anonymous
        self._key = secrets.token_bytes(32)
        self._right: set[bytes] = set()

    async def caller(self, authorization: str | None) -> Caller:
        """Return who sends this `Authorization` header; without one, or with another scheme, nobody in particular.

        Raises:
            BadCredentialsError: a header was sent and its user or password is wrong.
        """
        credentials = _basic(authorization)
        if credentials is None:
            return Caller(userid=ANONYMOUS, privileges=self._unnamed())
        userid, password = credentials
        row = self._database.row("SELECT * FROM users WHERE userid = ?", userid)
        if row is None or userid == ANONYMOUS or not await self._matches(row["secret"], password):
            raise BadCredentialsError(userid)
        return Caller(userid=userid, privileges=frozenset(json.loads(row["privileges"])))

    def remember(self, userid: str, password: str) -> None:
        """Take a password as right without hashing it: it was made or checked in this process."""
        row = self._database.row("SELECT secret FROM users WHERE userid = ?", userid)
        if row is not None:
            self._note(self._seal(row["secret"], password))

    def _unnamed(self) -> frozenset[str]:
        row = self._database.row("SELECT privileges FROM users WHERE userid = ?", ANONYMOUS)
        return frozenset(json.loads(row["privileges"])) if row and self._anonymous else frozenset()

    async def _matches(self, secret: str, password: str) -> bool:
        seal = self._seal(secret, password)
        if seal in self._right:
            return True
        right = await asyncio.to_thread(matches, secret, password)
        if right:
            self._note(seal)
        return right

    def _seal(self, secret: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{secret}\0{password}".encode(), "sha256")

    def _note(self, seal: bytes) -> None:
        if len(self._right) >= _REMEMBERED:
            self._right.clear()
        self._right.add(seal)


def add_user(where: Path | RunningIndex, userid: str, password: str, privileges: Iterable[str]) -> None:
    """Add a user, or change one, in a data folder; a running server notices at once.

    Args:
        where: the data folder, or the server that runs on it.
        userid: the name to log in with.
        password: the password to log in with.
        privileges: Nexus privilege ids: `nx-all`, or `nx-repository-view-pypi-<repository>-<action>` where repository
            and action (browse, read, add, edit, delete) may be `*`.

    Raises:
        UsageError: SV04, an empty or impossible name, an empty password or an unknown privilege.
    """
    wanted = sorted(set(privileges))
    if not re.fullmatch(r"[^\s:\x00-\x1f]+", userid) or not password:
        raise UsageError("SV04", f"The user {userid!r} cannot be made.", "Give a name without colons and a password.")
    if unknown := [name for name in wanted if not _PRIVILEGE.fullmatch(name)]:
        raise UsageError(
            "SV04",
            f"There is no privilege {unknown[0]!r}.",
            "Use nx-all or nx-repository-view-pypi-<repository>-<browse, read, add, edit, delete or *>.",
        )
    folder = where if isinstance(where, Path) else where.data
    connection = connect(folder / FILE)
    try:
        prepare(connection, folder)
        _save(connection, userid, hashed(password), wanted)
    finally:
        connection.close()


def first_start(folder: Path, database: Database, password: str | None) -> str | None:
    """Make the first users, or set the password that was asked for; return admin's password when it can be known.

    As in Nexus, the environment's initial password counts only on an empty folder, and a password that was made up
    stands in `admin.password` until it is changed.
    """
    return database.submit(lambda transaction: _first_start(folder, transaction.connection, password)).result()


def _first_start(folder: Path, connection: sqlite3.Connection, password: str | None) -> str | None:
    file = folder / PASSWORD_FILE
    row = connection.execute("SELECT secret FROM users WHERE userid = ?", (ADMIN,)).fetchone()
    if row is None:
        _save(connection, ANONYMOUS, "", _ANONYMOUS_PRIVILEGES)
        if chosen := password or os.environ.get(INITIAL_PASSWORD):
            _save(connection, ADMIN, hashed(chosen), [EVERYTHING])
            return chosen
        made = str(uuid.uuid4())
        _write_private(file, made)
        _save(connection, ADMIN, hashed(made, _LEAST_COST), [EVERYTHING])
        return made
    if password:
        if not matches(row["secret"], password):
            _save(connection, ADMIN, hashed(password), [EVERYTHING])
        file.unlink(missing_ok=True)
        return password
    known = file.read_text() if file.exists() else os.environ.get(INITIAL_PASSWORD, "")
    return known if known and matches(row["secret"], known) else None


def hashed(password: str, cost: int = COST) -> str:
    """Return what is kept of a password: cost, salt and scrypt hash. `cost` is scrypt's n, a power of two."""
    salt = secrets.token_bytes(16)
    return f"{cost}${salt.hex()}${_scrypt(password, salt, cost).hex()}"


def matches(secret: str, password: str) -> bool:
    """Whether a password is the one that `hashed` was given."""
    cost, salt, digest = secret.split("$")
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(salt), int(cost)).hex(), digest)


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1)


def _save(connection: sqlite3.Connection, userid: str, secret: str, privileges: Iterable[str]) -> None:
    connection.execute(
        "INSERT INTO users (userid, secret, privileges) VALUES (?, ?, ?) "
        "ON CONFLICT (userid) DO UPDATE SET secret = excluded.secret, privileges = excluded.privileges",
        (userid, secret, json.dumps(list(privileges))),
    )


def _write_private(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        userid, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadCredentialsError(ANONYMOUS) from error
    if not colon:
        raise BadCredentialsError(userid)
    return userid, password
