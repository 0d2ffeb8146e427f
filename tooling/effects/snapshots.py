"""Asks the index about many projects at once, and learns every hash the plan has to compare."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tooling.errors import MaestroError, raise_all
from tooling.plan.snapshot import Project, Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from tooling.effects.ports import Index
    from tooling.model.artifact import Artifact

AT_ONCE = 16


def read_snapshot(index: Index, distributions: Collection[str], artifacts: Sequence[Artifact]) -> Snapshot:
    """Read the pages of `distributions` in parallel.

    Where a page lists one of `artifacts` without a SHA-256, the hash is learned another way (nexus-protocol 12.2).

    Raises:
        MaestroError: the index did not answer for some project; several different reasons come together.
    """
    mine: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        mine.setdefault(artifact.distribution, []).append(artifact)

    def read(distribution: str) -> Project | MaestroError:
        try:
            return _with_hashes(index, index.project(distribution), mine.get(distribution, ()))
        except MaestroError as error:
            return error

    names = sorted(distributions)
    if not names:
        return Snapshot()
    pool = ThreadPoolExecutor(max_workers=min(AT_ONCE, len(names)), thread_name_prefix="snapshot")
    try:
        answers = dict(zip(names, pool.map(read, names), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts it waits for no answer
    raise_all(_different(answer for answer in answers.values() if isinstance(answer, MaestroError)))
    return Snapshot(projects={name: answer for name, answer in answers.items() if isinstance(answer, Project)})


def _with_hashes(index: Index, project: Project, artifacts: Iterable[Artifact]) -> Project:
    files = dict(project.files)
    for artifact in artifacts:
        listed = files.get(artifact.filename)
        if listed is not None and listed.sha256 is None:
            sha256 = index.sha256_of(artifact.distribution, artifact.version, artifact.filename)
            files[artifact.filename] = replace(listed, sha256=sha256)
    return replace(project, files=files)


def _different(errors: Iterable[MaestroError]) -> list[MaestroError]:
    """One error of each code: a server that is away is away for every project alike."""
    return list({error.code: error for error in errors}.values())
