"""A PostgreSQL for tests: on 127.0.0.1, with a password, and a database of its own for each test, from a template."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from services.programs import as_somebody, postgres_programs, within_reach
from services.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal", "max_wal_senders=0")


class PostgresServer(Server):
    """A running `postgres`.

    A durable one syncs what it commits; the other one need not even survive a kill in a state that can be read.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = postgres_programs()
        self._words, owner = as_somebody()
        self._settings = () if durable else _FORGETFUL
        super().__init__("postgres", ending="SIGQUIT")  # an immediate shutdown
        self._initialise(owner)
        self.start()

    def _initialise(self, owner: tuple[int, int] | None) -> None:
        password = self.folder / "password"
        password.write_text(self._password, encoding="ascii")
        if owner:
            os.chown(self.folder, *owner)
            os.chown(password, *owner)
            self._programs = within_reach(self._programs, self.folder)
        words = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"]
        data = self.folder / "data"
        self._guarded.finish([*self._words, self._programs / "initdb", f"--pgdata={data}", "--no-sync", *words])

    @property
    def dsn(self) -> str:
        """`postgresql://postgres:password@127.0.0.1:port/postgres`."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/postgres"

    def _command(self) -> list[object]:
        settings = (
            *("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", "shared_buffers=32MB"),
            *("dynamic_shared_memory_type=mmap", "max_connections=200", *self._settings),
        )
        options = [word for setting in settings for word in ("-c", setting)]
        return [*self._words, self._programs / "postgres", "-D", self.folder / "data", *options]

    def _answers(self) -> bool:
        try:
            run_sql(self.dsn, "SELECT 1", self._programs)
        except RuntimeError:
            return False
        return True


def run_sql(dsn: str, sql: str, programs: Path | None = None) -> str:
    """Run statements through psql, as one script that stops at its first error; what they print, unaligned.

    The password goes by the environment: a command line is for everybody to read.
    """
    parts = urlsplit(dsn)
    environment = {
        **os.environ,
        "PGHOST": parts.hostname or "127.0.0.1",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or "postgres"),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.strip("/") or "postgres",
        "PGCONNECT_TIMEOUT": "5",
    }
    command = [str((programs or postgres_programs()) / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    done = subprocess.run(command, input=sql, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"psql failed: {done.stderr.strip()}")
    return done.stdout.strip()


class Databases:
    """Gives out databases of one server; a template is made once per schema, and copied."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._run = secrets.token_hex(4)
        self._templates: set[str] = set()

    def template(self, schema: str) -> str:
        """The name of a database that holds `schema`, SQL; made at the first call."""
        name = f"template_{self._run}_{hashlib.sha256(schema.encode()).hexdigest()[:12]}"
        if name not in self._templates:
            run_sql(self._dsn, f"CREATE DATABASE {name}")
            self._templates.add(name)
            run_sql(self._at(name), schema)
        return name

    @contextlib.contextmanager
    def fresh(self, schema: str) -> Iterator[str]:
        """The DSN of a new database with that schema, dropped afterwards with whoever is connected to it."""
        name = f"test_{self._run}_{secrets.token_hex(6)}"
        run_sql(self._dsn, f"CREATE DATABASE {name} TEMPLATE {self.template(schema)}")
        try:
            yield self._at(name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop the templates."""
        for name in sorted(self._templates):
            self._drop(name)
        self._templates.clear()

    def _at(self, database: str) -> str:
        return urlunsplit(urlsplit(self._dsn)._replace(path=f"/{database}"))

    def _drop(self, name: str) -> None:
        with contextlib.suppress(RuntimeError):  # killed by the test: its data are thrown away as a whole
            run_sql(self._dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
