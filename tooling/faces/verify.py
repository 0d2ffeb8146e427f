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
    "exhaustive": "as --install, but every combination of these instead of a small choice",
    "from_tags": "instead, build every version the index has again from its tag, and compare",
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
    from_tags: bool = False,
    json: bool = False,
) -> int:
    """Compare what the index serves with what this source builds, or with its tags, and heal its stale pages."""
    from tooling.effects.proof import Proof
    from tooling.effects.tag_proof import TagProof
    from tooling.errors import UsageError
    from tooling.faces.live import watching

    if from_tags and (install or exhaustive):
        hint = "Run them one after the other: --install is about this source, --from-tags about every version."
        raise UsageError("PB27", "--from-tags and --install are two questions.", hint)
    workspace = the_workspace()
    packages = selected(workspace, package, everything=all_)
    settings = the_settings(workspace, url=url, repository=repository, username=username)
    with watching(json=json) as watcher:
        connection = the_index(settings, watcher, uploading=False)
        proof: Proof | TagProof
        if from_tags:
            proof = TagProof(workspace=workspace, connection=connection, watcher=watcher)
        else:
            proof = Proof(
                workspace=workspace,
                builder=the_builder(workspace, settings),
                connection=connection,
                watcher=watcher,
                install=install or exhaustive,
                exhaustive=exhaustive,
            )
        report = proof.run(packages)
    show(report, json=json)
    return report.exit_code
