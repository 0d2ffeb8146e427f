"""`invoke nexus.serve` and `nexus.status`: run the embedded index, look at any."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection

from tooling.faces.program import INDEX, JSON, command, print_error, print_json, the_index, the_settings, the_workspace
from tooling.localnexus import PORT

if TYPE_CHECKING:
    from tooling.localnexus import RunningIndex

_LAST_PORT = 65535
SERVE = {
    "port": "port to listen on; 0 takes any free one",
    "data": "folder of its files and its database (else MAESTRO_INDEX_DATA, .nexus)",
    "host": "address to listen on; any but this machine's own wants NEXUS_SECURITY_INITIAL_PASSWORD set",
}


@command(flags=SERVE)
def serve(_context: object, port: str = str(PORT), data: str | None = None, host: str = "127.0.0.1") -> None:
    """Keep the embedded index up, for installers and publishers on this machine."""
    from tooling.errors import UsageError
    from tooling.localnexus import IndexSettings
    from tooling.localnexus import serve as run

    number = int(port) if port.isdecimal() else -1
    if not 0 <= number <= _LAST_PORT:
        raise UsageError("ST02", f"The port cannot be {port!r}.", "Use a number from 0 (any free one) to 65535.")
    settings = the_settings(the_workspace(), data=data)
    folder = Path(data) if data else settings.data
    password = settings.password.reveal() if settings.password else os.environ.get("NEXUS_SECURITY_INITIAL_PASSWORD")
    run(
        IndexSettings(data=folder, port=number, host=host, password=password if host != "127.0.0.1" else None),
        started=_say_where,
    )


def _say_where(running: RunningIndex) -> None:
    """Print what installers and publishers need, now that the address is taken."""
    from tooling.localnexus import GROUP

    print(f"The embedded index, for development: {running.url}/ from {running.data}. Ctrl-C stops it.")
    print(f"  pip install --index-url {running.url}/repository/{GROUP}/simple/ NAME", flush=True)


@command(flags={key: INDEX[key] for key in ("url", "repository", "username")} | JSON)
def status(
    _context: object,
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    *,
    json: bool = False,
) -> int:
    """Say whether the index answers, takes these credentials, is writable, and can be installed from."""
    from tooling.effects.problems import problem
    from tooling.faces.live import watching

    settings = the_settings(the_workspace(), url=url, repository=repository, username=username)
    with watching(json=json) as watcher, the_index(settings, watcher) as connection:
        facts = connection.facts
        missing = connection.group_problem()
    exit_code = missing.exit_code if missing else 0
    if json:
        print_json(
            {
                "command": "nexus.status",
                "ok": missing is None,
                "exit_code": exit_code,
                "index": {"url": facts.url, "repository": facts.repository, "embedded": facts.embedded},
                "installs_from": facts.installs_from,
                "problems": [problem(missing)] if missing else [],
            }
        )
        return exit_code
    print(f"{facts.url} answers and takes uploads to {facts.repository or 'its root'}.")
    print(f"Installers read {facts.installs_from}")
    if missing is not None:
        print_error(missing)
    return exit_code


collection = Collection("nexus", serve, status)
