"""`invoke verify`: the index serves what this source builds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.faces.program import (
    INDEX,
    JSON,
    SELECTION,
    command,
    selected,
    the_builder,
    the_index,
    the_settings,
    the_workspace,
)
from tooling.faces.publish import show

if TYPE_CHECKING:
    from collections.abc import Sequence

FLAGS = {
    **SELECTION,
    **INDEX,
    "install": "also install each from the index in clean environments: every Python at hand, every extra, lowest and "
    "highest requirements, wheel and sdist; import every module",
    "exhaustive": "with --install, every combination of these instead of a small choice",
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
    exhaustive: bool = False,
    json: bool = False,
) -> int:
    """Compare what the index serves with what this source builds, and heal its stale pages."""
    from tooling.effects.proof import Proof
    from tooling.faces.live import watching

    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_)
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    with watching(json=json) as watcher:
        proof = Proof(
            workspace=workspace,
            builder=the_builder(workspace, settings),
            connection=the_index(settings, watcher, uploading=False),
            watcher=watcher,
            install=install,
            exhaustive=exhaustive,
        )
        report = proof.run(packages)
    show(report, json=json)
    return report.exit_code
