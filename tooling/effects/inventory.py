"""What the index has of each package, in a word: for people who look, so nothing that is missing here stops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.effects.snapshots import read_snapshot
from tooling.errors import MaestroError
from tooling.plan.snapshot import Project, Snapshot, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.effects.ports import Builder
    from tooling.effects.progress import Watcher
    from tooling.effects.published import Opening
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package

_GRAVEST_FIRST = (State.UNKNOWN, State.DIFFERENT, State.ABSENT, State.PRESENT)


def take_inventory(
    builder: Builder,
    packages: Sequence[Package],
    opening: Opening | None,
    watcher: Watcher,
) -> dict[str, str]:
    """Return each package's state: `absent`, `partial` (some files), `present`, `different`, `unknown`, `not built`.

    `opening` begins to look at the index; None: there is none yet, so everything is absent.
    """
    artifacts = _artifacts(builder, packages, watcher)
    built = [artifact for found in artifacts.values() for artifact in found]
    snapshot = _snapshot(opening, watcher, packages, built)
    return {each.name: _in_a_word(artifacts[each.name], each.distribution, snapshot) for each in packages}


def _artifacts(builder: Builder, packages: Sequence[Package], watcher: Watcher) -> dict[str, tuple[Artifact, ...]]:
    """Build one by one, so that a broken package hides no other."""
    found: dict[str, tuple[Artifact, ...]] = {}
    for package in packages:
        try:
            found[package.name] = tuple(builder.build([package], lambda _package, _how: None))
        except MaestroError as error:
            watcher.says(str(error))
            found[package.name] = ()
    return found


def _snapshot(
    opening: Opening | None,
    watcher: Watcher,
    packages: Sequence[Package],
    artifacts: Sequence[Artifact],
) -> Snapshot | None:
    """Read the index; None when it does not answer."""
    names = [package.distribution for package in packages]
    if opening is None:
        return Snapshot(projects={name: Project(distribution=name) for name in names})
    try:
        with opening() as connection:
            snapshot = read_snapshot(connection.index, names, artifacts)
    except MaestroError as error:
        watcher.says(str(error))
        return None
    for name, reason in snapshot.unknown.items():
        watcher.says(f"{name}: {reason}")
    return snapshot


def _in_a_word(artifacts: Sequence[Artifact], distribution: str, snapshot: Snapshot | None) -> str:
    if not artifacts:
        return "not built"
    if snapshot is None:
        return State.UNKNOWN.value
    states = {snapshot.state(distribution, each.filename, each.sha256) for each in artifacts}
    if states == {State.ABSENT, State.PRESENT}:
        return "partial"
    return next(state for state in _GRAVEST_FIRST if state in states).value
