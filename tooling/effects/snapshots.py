"""Asks the index about many projects at once, and learns every hash the plan has to compare."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tooling.errors import FailedError, MaestroError, StoppedError, raise_all
from tooling.plan.snapshot import Project, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tooling.effects.ports import Index
    from tooling.model.artifact import Artifact

AT_ONCE = 16


def read_snapshot(index: Index, distributions: Collection[str], artifacts: Sequence[Artifact]) -> Snapshot:
    """Read the pages of `distributions`, and learn every hash of `artifacts` that they do not tell."""
    return learn_hashes(index, read_pages(index, distributions), artifacts)


def read_pages(index: Index, distributions: Collection[str]) -> Snapshot:
    """Read the pages of `distributions` in parallel; what is not answered for is unknown, with the reason.

    Raises:
        MaestroError: the index did not answer for any project; several different reasons come together.
        StoppedError: the user stopped it.
    """
    return _told(_each(sorted(distributions), index.project))


def learn_hashes(index: Index, snapshot: Snapshot, artifacts: Sequence[Artifact]) -> Snapshot:
    """Where a page lists one of `artifacts` without a SHA-256, learn it another way (nexus-protocol 12.2).

    Raises:
        MaestroError: as `read_pages` does.
    """
    untold: dict[str, list[Artifact]] = {}
    for artifact in artifacts:
        project = snapshot.projects.get(artifact.distribution)
        listed = project.files.get(artifact.filename) if project else None
        if listed is not None and listed.sha256 is None:
            untold.setdefault(artifact.distribution, []).append(artifact)

    def learn(distribution: str) -> Project:
        project = snapshot.projects[distribution]
        files = dict(project.files)
        for each in untold[distribution]:
            sha256 = index.sha256_of(each.distribution, each.version, each.filename)
            files[each.filename] = replace(files[each.filename], sha256=sha256)
        return replace(project, files=files)

    learned = _told(_each(list(untold), learn))
    return Snapshot(
        projects={**{name: each for name, each in snapshot.projects.items() if name not in untold}, **learned.projects},
        unknown={**snapshot.unknown, **learned.unknown},
    )


def complete(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot, for whoever has nothing to decide without all of it.

    Raises:
        FailedError: VS16, for each project that the index did not answer for.
    """
    hint = "Nothing was written; run again once the index answers."
    raise_all(
        FailedError("VS16", f"The index did not say what it has of {name}: {reason.removesuffix('.')}.", hint)
        for name, reason in snapshot.unknown.items()
    )
    return snapshot


def _each(names: Sequence[str], ask: Callable[[str], Project]) -> dict[str, Project | MaestroError]:
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
        return dict(zip(names, pool.map(answer, names), strict=True))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _told(answers: Mapping[str, Project | MaestroError]) -> Snapshot:
    """What was answered, and the reasons for the rest; raise those where nothing was, or the user wants out."""
    projects = {name: each for name, each in answers.items() if isinstance(each, Project)}
    errors = {name: each for name, each in answers.items() if isinstance(each, MaestroError)}
    raise_all(each for each in errors.values() if isinstance(each, StoppedError))
    if not projects:
        raise_all(_different(errors.values()))
    return Snapshot(projects=projects, unknown={name: each.message for name, each in errors.items()})


def _different(errors: Iterable[MaestroError]) -> list[MaestroError]:
    """One error of each code: a server that is away is away for every project alike."""
    return list({error.code: error for error in errors}.values())
