"""Asks the index about many projects at once, and learns every hash the plan has to compare."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tooling.errors import MaestroError, raise_all
from tooling.plan.snapshot import Project, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from tooling.effects.ports import Index
    from tooling.model.artifact import Artifact

AT_ONCE = 16


def read_snapshot(index: Index, distributions: Collection[str], artifacts: Sequence[Artifact]) -> Snapshot:
    """Read the pages of `distributions`, and learn every hash of `artifacts` that they do not tell."""
    return learn_hashes(index, read_pages(index, distributions), artifacts)


def read_pages(index: Index, distributions: Collection[str]) -> Snapshot:
    """Read the pages of `distributions` in parallel.

    Raises:
        MaestroError: the index did not answer for some project; several different reasons come together.
    """
    return Snapshot(projects=_each(sorted(distributions), index.project))


def learn_hashes(index: Index, snapshot: Snapshot, artifacts: Sequence[Artifact]) -> Snapshot:
    """Where a page lists one of `artifacts` without a SHA-256, learn it another way (nexus-protocol 12.2).

    Raises:
        MaestroError: as `read_pages` does.
    """
    untold: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        listed = snapshot.projects[artifact.distribution].files.get(artifact.filename)
        if listed is not None and listed.sha256 is None:
            untold.setdefault(artifact.distribution, []).append(artifact)

    def learn(distribution: str) -> Project:
        project = snapshot.projects[distribution]
        files = dict(project.files)
        for each in untold[distribution]:
            sha256 = index.sha256_of(each.distribution, each.version, each.filename)
            files[each.filename] = replace(files[each.filename], sha256=sha256)
        return replace(project, files=files)

    return replace(snapshot, projects={**snapshot.projects, **_each(list(untold), learn)})


def _each(names: Sequence[str], ask: Callable[[str], Project]) -> dict[str, Project]:
    """Ask about every name at once; whoever interrupts that waits for no answer."""
    if not names:
        return {}

    def answer(name: str) -> Project | MaestroError:
        try:
            return ask(name)
        except MaestroError as error:
            return error

    pool = ThreadPoolExecutor(max_workers=min(AT_ONCE, len(names)), thread_name_prefix="snapshot")
    try:
        answers = dict(zip(names, pool.map(answer, names), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    raise_all(_different(each for each in answers.values() if isinstance(each, MaestroError)))
    return {name: each for name, each in answers.items() if isinstance(each, Project)}


def _different(errors: Iterable[MaestroError]) -> list[MaestroError]:
    """One error of each code: a server that is away is away for every project alike."""
    return list({error.code: error for error in errors}.values())
