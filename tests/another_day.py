"""`invoke bump` and `invoke release --push` on a day of choice, put together of what the commands themselves use.

The words are the day as ISO 8601 has it, `bump` or `release`, a package, and the part of its version.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from tooling.effects.progress import Silence
from tooling.effects.release import ReleaseRequest
from tooling.faces import release
from tooling.faces.bump import bump_request, the_bumping
from tooling.faces.program import the_settings, the_workspace

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str]) -> None:
    """Do it, and end the process as the command would."""
    day, verb, package, part = words
    today, workspace, watcher = date.fromisoformat(day), the_workspace(), Silence()
    settings = the_settings(workspace, url=None, repository=None, username=None)
    request = bump_request([package], [part], to=None, auto=False, override=None)
    if verb == "bump":
        bumped = the_bumping(workspace, settings, watcher).run(request, today=today)
        sys.exit(bumped.exit_code)
    wish = release._bump_wish(request, settings, watcher, changed=False)
    chosen = frozenset({package})
    asked = ReleaseRequest(packages=chosen, named=chosen, bump=replace(wish, today=today), push=True, ask_index=False)
    sys.exit(release._here(workspace, settings, watcher).run(asked).exit_code)
