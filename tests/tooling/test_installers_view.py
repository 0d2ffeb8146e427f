"""What installers are shown, waited for on a clock of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from factories import listed, make_artifact, make_artifacts, make_package
from memory_index import Fault, MemoryIndex
from virtual_clock import VirtualClock

from tooling.effects.installers_view import InstallersView
from tooling.effects.verification import LONGEST_PAUSE
from tooling.plan.snapshot import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.model.artifact import Artifact

URL = "http://nexus/repository/pypi-group/simple/"
LOG, CACHE = make_package("core-logging"), make_package("cache")


@pytest.fixture
def artifacts(tmp_path: Path) -> list[Artifact]:
    return make_artifacts([LOG, CACHE], tmp_path)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def view(index: MemoryIndex, clock: VirtualClock, lag: float = 30.0) -> InstallersView:
    return InstallersView(offered=index.project, url=URL, clock=clock, lag=lag)


def with_files(index: MemoryIndex, artifacts: list[Artifact]) -> MemoryIndex:
    for artifact in artifacts:
        index.upload(artifact, lambda _size: None)
    index.calls.clear()
    return index


@pytest.mark.parametrize("md5_only", [False, True])
def test_what_is_shown_is_not_waited_for(md5_only: bool, artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = with_files(MemoryIndex(md5_only=md5_only), artifacts)
    assert view(index, clock).wait(artifacts) == {}
    assert clock.sleeps == []
    assert len(index.calls) == 2, "one page for each project"


def test_a_page_that_lags_is_waited_for_and_no_other_is_read_again(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    index = with_files(MemoryIndex(), artifacts[:2])
    index.lag = 6
    with_files(index, artifacts[2:])
    assert view(index, clock).wait(artifacts) == {}
    assert clock.sleeps == [0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_PAUSE]
    assert [subject for _, subject in index.calls].count(LOG.distribution) == 1


def test_the_wait_is_bounded_and_names_what_is_missing_and_where(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    index = with_files(MemoryIndex(), artifacts[:3])
    errors = view(index, clock, lag=5.0).wait(artifacts)
    assert {name: error.code for name, error in errors.items()} == {"cache": "PB21"}
    assert f"The index has {artifacts[3].filename}, but" in errors["cache"].message
    assert URL in errors["cache"].message
    assert artifacts[2].filename not in errors["cache"].message
    assert 5.0 <= sum(clock.sleeps) <= 5.0 + LONGEST_PAUSE


def test_other_bytes_from_another_member_are_said_at_once(
    artifacts: list[Artifact], clock: VirtualClock, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    index = with_files(MemoryIndex(), [make_artifact(LOG, content=b"other", folder=tmp_path / "other"), *artifacts[1:]])
    errors = view(index, clock).wait(artifacts)
    assert {name: error.code for name, error in errors.items()} == {"core-logging": "PB06"}
    assert artifacts[0].filename in errors["core-logging"].message
    assert clock.sleeps == []


def test_a_page_that_cannot_be_read_keeps_to_its_own(artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = with_files(MemoryIndex(reads={1: Fault(status=403)}), artifacts)
    errors = view(index, clock).wait(artifacts)
    assert [error.code for error in errors.values()] == ["IX08"]
    assert clock.sleeps == []


def test_a_page_without_hashes_is_believed_by_its_names(artifacts: list[Artifact], clock: VirtualClock) -> None:
    page = {each.filename: listed(each.filename) for each in artifacts}
    seen = InstallersView(offered=lambda name: Project(distribution=name, files=page), url=URL, clock=clock)
    assert seen.wait(artifacts) == {}
