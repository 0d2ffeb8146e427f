"""What the pages show afterwards; time is virtual, the index in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from factories import make_artifact, make_artifacts, make_package
from memory_index import Fault, MemoryIndex
from virtual_clock import VirtualClock

from tooling.effects.verification import LAG, LONGEST_PAUSE, STALE, Verifier
from tooling.errors import FailedError, StoppedError

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.model.artifact import Artifact

LOG = make_package("core-logging")


@pytest.fixture
def artifacts(tmp_path: Path) -> list[Artifact]:
    return make_artifacts([LOG], tmp_path)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def sent(index: MemoryIndex, artifacts: list[Artifact]) -> MemoryIndex:
    """Return the index with the artifacts in it and its calls forgotten."""
    for artifact in artifacts:
        index.upload(artifact, lambda _size: None)
    index.calls.clear()
    return index


def with_stale_page(index: MemoryIndex, artifacts: list[Artifact]) -> MemoryIndex:
    """Return the index with a page that was kept before the last artifact arrived."""
    sent(index, artifacts[:-1])
    index.project(artifacts[0].distribution)
    kept = dict(index.store.pages[artifacts[0].distribution])
    sent(index, artifacts[-1:])
    index.store.pages[artifacts[0].distribution] = kept
    index.calls.clear()
    return index


def words(index: MemoryIndex) -> list[str]:
    return [method for method, _ in index.calls]


def test_a_page_that_shows_what_was_sent_is_read_once(artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = sent(MemoryIndex(), artifacts)
    assert Verifier(index=index, clock=clock).verify(artifacts) == ""
    assert words(index) == ["project"]
    assert clock.sleeps == []


def test_a_page_without_sha256_is_proven_another_way(artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = sent(MemoryIndex(md5_only=True), artifacts)
    assert Verifier(index=index, clock=clock).verify(artifacts) == ""
    assert words(index) == ["project", "sha256_of", "sha256_of"]


@pytest.mark.parametrize("md5_only", [False, True])
def test_another_hash_on_the_page_is_an_error_at_once(
    md5_only: bool, artifacts: list[Artifact], clock: VirtualClock, tmp_path: Path
) -> None:
    index = sent(MemoryIndex(md5_only=md5_only), [make_artifact(LOG, content=b"other bytes", folder=tmp_path)])
    with pytest.raises(FailedError, match=r"serves maestro_core_logging\S* with SHA-256 [0-9a-f]{12}, not") as caught:
        Verifier(index=index, clock=clock).verify(artifacts)
    assert caught.value.code == "PB06"
    assert caught.value.facts["expected"] == artifacts[0].sha256
    assert clock.sleeps == []


def test_an_index_that_is_slow_to_show_things_is_waited_for(artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = sent(MemoryIndex(lag=6, may_heal=False), artifacts)
    assert Verifier(index=index, clock=clock).verify(artifacts) == ""
    assert clock.sleeps == [0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_PAUSE]


def test_a_stale_page_is_healed_and_said(artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = with_stale_page(MemoryIndex(), artifacts)
    assert Verifier(index=index, clock=clock).verify(artifacts) == "its stale page was healed"
    assert words(index) == ["project", "find", "heal", "project"]
    assert clock.sleeps == []


def test_a_stale_page_that_may_not_be_healed_says_what_an_administrator_has_to_do(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    index = with_stale_page(MemoryIndex(may_heal=False), artifacts)
    with pytest.raises(FailedError) as caught:
        Verifier(index=index, clock=clock, lag=5.0).verify(artifacts)
    assert caught.value.code == "PB07"
    assert artifacts[-1].filename in caught.value.message
    assert artifacts[0].filename not in caught.value.message
    assert "delete the asset simple/maestro-core-logging/" in caught.value.hint
    assert words(index).count("heal") == 1
    assert sum(clock.sleeps) <= 5.0 + LONGEST_PAUSE


def test_who_may_not_heal_is_told_long_before_an_index_is_thought_to_have_lost_a_file(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    """Another page than the one that was kept would show up within moments."""
    index = with_stale_page(MemoryIndex(may_heal=False), artifacts)
    with pytest.raises(FailedError) as caught:
        Verifier(index=index, clock=clock).verify(artifacts)
    assert caught.value.code == "PB07"
    assert sum(clock.sleeps) <= STALE + LONGEST_PAUSE < LAG


def test_a_page_that_stays_stale_after_healing_is_given_up_in_time(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    class Stubborn(MemoryIndex):
        def heal(self, distribution: str) -> bool:
            self._note("heal", distribution)
            return True

    index = with_stale_page(Stubborn(), artifacts)
    with pytest.raises(FailedError) as caught:
        Verifier(index=index, clock=clock, lag=5.0).verify(artifacts)
    assert caught.value.code == "PB07"
    assert words(index).count("heal") == 1


def test_a_file_that_was_accepted_and_is_nowhere_is_said_after_the_wait(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    index = sent(MemoryIndex(), artifacts[:1])
    with pytest.raises(FailedError) as caught:
        Verifier(index=index, clock=clock, lag=5.0).verify(artifacts)
    assert caught.value.code == "PB08"
    assert artifacts[1].filename in caught.value.message
    assert "heal" not in words(index)
    assert 5.0 <= sum(clock.sleeps) <= 5.0 + LONGEST_PAUSE


def test_other_bytes_behind_a_page_that_does_not_list_them_are_said_at_once(
    artifacts: list[Artifact], clock: VirtualClock, tmp_path: Path
) -> None:
    index = with_stale_page(MemoryIndex(), artifacts)
    other = make_artifact(LOG, "sdist", b"other bytes", tmp_path)
    with pytest.raises(FailedError, match="with other bytes than were sent") as caught:
        Verifier(index=index, clock=clock).verify([artifacts[0], other])
    assert caught.value.code == "PB06"
    assert clock.sleeps == []


def test_a_user_who_wants_out_does_not_wait_and_is_told_what_is_not_known(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    index = sent(MemoryIndex(lag=3, may_heal=False), artifacts)
    with pytest.raises(StoppedError, match="the page does not list it yet") as caught:
        Verifier(index=index, clock=clock, stopped=lambda: True).verify(artifacts)
    assert caught.value.code == "PB09"
    assert clock.sleeps == []


def test_a_page_that_is_right_is_right_even_when_the_user_wants_out(
    artifacts: list[Artifact], clock: VirtualClock
) -> None:
    index = sent(MemoryIndex(), artifacts)
    assert Verifier(index=index, clock=clock, stopped=lambda: True).verify(artifacts) == ""


def test_a_page_that_cannot_be_read_is_no_empty_page(artifacts: list[Artifact], clock: VirtualClock) -> None:
    index = sent(MemoryIndex(reads={1: Fault(status=503)}), artifacts)
    with pytest.raises(FailedError) as caught:
        Verifier(index=index, clock=clock).verify(artifacts)
    assert caught.value.code == "IX20"
