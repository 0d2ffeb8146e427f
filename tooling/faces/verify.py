"""`invoke verify`: the index serves what this source builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.faces.program import INDEX, JSON, SELECTION, command, selected, the_builder, the_settings, the_workspace
from tooling.faces.publish import show

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = {
    **SELECTION,
    **INDEX,
    "install": "also install each from the index in a clean environment, and import every module",
    **JSON,
}


@command(flags=FLAGS, repeatable=("package",))
def verify(
    _context: object,
    package: Sequence[str],
    url: str | None = None,
    repository: str | None = None,
    username: str | None = None,
    *,
    all_: bool = False,
    install: bool = False,
    json: bool = False,
) -> int:
    """Compare what the index serves with what this source builds, and heal its stale pages."""
    from tooling.effects.connection import connect
    from tooling.effects.credentials import CredentialSources
    from tooling.effects.proof import Proof
    from tooling.faces.live import watching

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_)
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    sources = CredentialSources(environ=os.environ, home=Path.home())
    with watching(json=json) as watcher:
        proof = Proof(
            workspace=workspace,
            builder=the_builder(workspace, settings),
            connection=connect(settings, sources, watcher),
            watcher=watcher,
            install=install,
        )
        report = proof.run(packages)
    show(report, json=json)
    return report.exit_code
