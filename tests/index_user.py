"""A program that uses the embedded index of a folder: `python index_user.py FOLDER`.

It says `ours URL` or `theirs URL` once it has one. For each line on standard input it reads a page with its credentials
and says the status; at the end of the input it gives the index back and says `done`.
"""

from __future__ import annotations

import base64
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.embedded import embedded_index

if TYPE_CHECKING:
    from tooling.effects.embedded import Lent


def status_of(lent: Lent) -> int:
    """Read the list of projects as the user whose credentials were lent; wrong ones would be answered 401."""
    request = urllib.request.Request(f"{lent.url}/repository/pypi-hosted/simple/")  # noqa: S310 - it is on this machine
    pair = f"{lent.credentials.username}:{lent.credentials.password.reveal()}"
    request.add_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            return int(reply.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - it is what the test waits for


if __name__ == "__main__":
    with embedded_index(Path(sys.argv[1]), None, say) as lent:
        say(f"{'ours' if lent.ours else 'theirs'} {lent.url}")
        for _ in sys.stdin:
            say(str(status_of(lent)))
    say("done")
