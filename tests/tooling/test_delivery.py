"""One file into the index, whatever its answers; time is virtual, the index in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from factories import make_artifact, make_package
from memory_index import LOST, LOST_AFTER_STORING, Fault, MemoryIndex
from virtual_clock import VirtualClock

from tooling.effects.delivery import Courier
from tooling.errors import FailedError, StoppedError
from tooling.plan.outcomes import Outcome
from tooling.plan.retry import Backoff

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.effects.delivery import Delivered
    from tooling.model.artifact import Artifact
    from tooling.plan.snapshot import State

BUSY = Fault(status=503)
BUSY_AFTER_STORING = Fault(status=503, stored=True)
PATIENT = Backoff(base=1.0, cap=8.0, per_file=60.0, total=600.0)
LOG = make_package("core-logging")


@dataclass(slots=True, kw_only=True)
class HesitantIndex(MemoryIndex):
    """An index whose first answers to "do you have this file?" are these errors."""

    errors: list[FailedError] = field(default_factory=list)

    def find(self, artifact: Artifact) -> State:
        """Raise the next error; answer once there is none left."""
        if self.errors:
            self._note("find", artifact.filename)
            raise self.errors.pop(0)
        return MemoryIndex.find(self, artifact)


@pytest.fixture
def wheel(tmp_path: Path) -> Artifact:
    return make_artifact(LOG, content=b"a wheel", folder=tmp_path)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def deliver(
    artifact: Artifact, index: MemoryIndex, clock: VirtualClock, backoff: Backoff = PATIENT, *, stopped: bool = False
) -> tuple[Delivered, list[int]]:
    heard: list[int] = []
    courier = Courier(index=index, backoff=backoff, clock=clock, began=clock.now(), stopped=lambda: stopped)
    return courier.deliver(artifact, heard.append), heard


def words(index: MemoryIndex) -> list[str]:
    return [method for method, _ in index.calls]


def test_a_clear_yes_is_one_request_and_nothing_else(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex()
    delivered, heard = deliver(wheel, index, clock)
    assert (delivered.outcome, delivered.detail) == (Outcome.UPLOADED, "")
    assert words(index) == ["upload"]
    assert clock.sleeps == []
    assert sum(heard) == wheel.size


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(status=401, words="Unauthorized"), "IX06"),
        (Fault(status=403, words="Forbidden"), "IX08"),
        (Fault(status=403, words="you must accept the EULA"), "IX09"),
        (Fault(status=404, words="Not Found"), "IX12"),
        (Fault(status=413, words="Request Entity Too Large"), "IX18"),
        (Fault(status=410, words="Gone"), "IX21"),
        (Fault(status=422, words="Unprocessable"), "IX21"),
    ],
)
def test_a_clear_no_is_neither_retried_nor_questioned(
    fault: Fault, code: str, wheel: Artifact, clock: VirtualClock
) -> None:
    index = MemoryIndex(uploads={1: fault})
    with pytest.raises(FailedError) as caught:
        deliver(wheel, index, clock)
    assert caught.value.code == code
    assert caught.value.facts == {"status": fault.status}
    assert words(index) == ["upload"]
    assert clock.sleeps == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, None])
def test_trouble_that_can_pass_is_waited_out_asking_for_the_file_before_sending_it_again(
    status: int | None, wheel: Artifact, clock: VirtualClock
) -> None:
    index = MemoryIndex(uploads={1: Fault(status=status), 2: Fault(status=status)})
    delivered, heard = deliver(wheel, index, clock)
    assert (delivered.outcome, delivered.detail) == (Outcome.UPLOADED, "at attempt 3")
    assert words(index) == ["upload", "find", "upload", "find", "upload"]
    assert clock.sleeps == [0.5, 1.0]
    assert sum(heard) == wheel.size


@pytest.mark.parametrize("fault", [LOST_AFTER_STORING, BUSY_AFTER_STORING], ids=["connection broke", "503"])
def test_a_file_that_arrived_although_the_answer_was_lost_is_not_sent_twice(
    fault: Fault, wheel: Artifact, clock: VirtualClock
) -> None:
    index = MemoryIndex(uploads={1: fault})
    delivered, _ = deliver(wheel, index, clock)
    assert delivered.outcome is Outcome.UPLOADED
    assert "although the answer did not say so" in delivered.detail
    assert words(index) == ["upload", "find"]


def test_bytes_of_an_attempt_that_came_to_nothing_are_taken_back(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex(uploads={1: LOST_AFTER_STORING})
    _, heard = deliver(wheel, index, clock)
    assert heard == [wheel.size, -wheel.size]


def test_the_servers_own_wish_is_waited_for(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex(uploads={1: Fault(status=429, words="Slow down", headers={"retry-after": "7"})})
    deliver(wheel, index, clock)
    assert clock.sleeps == [7.5]


@pytest.mark.parametrize("dialect", ["datastore", "orient"])
class TestDuplicates:
    """A 400 that may be a duplicate is decided by asking for the file (law 5)."""

    def test_equal_bytes_count_as_published_by_the_other(
        self, dialect: str, wheel: Artifact, clock: VirtualClock
    ) -> None:
        index = MemoryIndex(dialect=dialect)  # type: ignore[arg-type]
        deliver(wheel, index, clock)
        delivered, _ = deliver(wheel, index, clock)
        assert delivered.outcome is Outcome.PRESENT
        assert "another publisher was faster" in delivered.detail
        assert words(index) == ["upload", "upload", "find"]
        assert clock.sleeps == []

    def test_other_bytes_are_an_error_that_says_what_to_do(
        self, dialect: str, wheel: Artifact, clock: VirtualClock
    ) -> None:
        index = MemoryIndex(dialect=dialect)  # type: ignore[arg-type]
        deliver(wheel, index, clock)
        other = make_artifact(LOG, content=b"other bytes", folder=wheel.path.parent)
        with pytest.raises(FailedError, match=wheel.filename) as caught:
            deliver(other, index, clock)
        assert caught.value.code == "PB05"
        assert "raise the version of core-logging" in caught.value.hint

    def test_an_absent_file_makes_the_400_what_it_says(
        self, dialect: str, wheel: Artifact, clock: VirtualClock
    ) -> None:
        index = MemoryIndex(policy="DENY", dialect=dialect)  # type: ignore[arg-type]
        with pytest.raises(FailedError) as caught:
            deliver(wheel, index, clock)
        assert caught.value.code == "IX17"
        assert words(index) == ["upload", "find"]

    def test_a_duplicate_of_our_own_lost_attempt_is_ours(
        self, dialect: str, wheel: Artifact, clock: VirtualClock
    ) -> None:
        """The first attempt arrives after we asked for it: the second is refused as a duplicate of it."""

        class Slow(MemoryIndex):
            def find(self, artifact: Artifact) -> State:
                state = super().find(artifact)
                if self.calls == [("upload", artifact.filename), ("find", artifact.filename)]:
                    self._keep(artifact, artifact.path.read_bytes(), "store it")
                return state

        index = Slow(dialect=dialect, uploads={1: LOST})  # type: ignore[arg-type]
        delivered, _ = deliver(wheel, index, clock)
        assert words(index) == ["upload", "find", "upload", "find"]
        assert delivered.outcome is Outcome.UPLOADED


def test_other_bytes_that_appear_while_we_wait_are_an_error_too(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex()
    deliver(wheel, index, clock)
    index.uploads = {2: LOST}
    with pytest.raises(FailedError, match="with other bytes"):
        deliver(make_artifact(LOG, content=b"other bytes", folder=wheel.path.parent), index, clock)


def test_patience_ends_inside_the_files_deadline_and_says_what_the_trouble_was(
    wheel: Artifact, clock: VirtualClock
) -> None:
    index = MemoryIndex(uploads=dict.fromkeys(range(1, 1000), BUSY))
    with pytest.raises(FailedError, match=r"in \d+ attempts: The index could not store") as caught:
        deliver(wheel, index, clock)
    assert caught.value.code == "PB04"
    assert f"in {words(index).count('upload')} attempts" in caught.value.message
    assert sum(clock.sleeps) <= PATIENT.per_file
    assert sum(clock.sleeps) > PATIENT.per_file - PATIENT.cap


def test_patience_ends_with_the_run_as_well(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex(uploads=dict.fromkeys(range(1, 1000), BUSY))
    with pytest.raises(FailedError, match="could not be uploaded"):
        deliver(wheel, index, clock, Backoff(base=1.0, cap=8.0, per_file=60.0, total=10.0))
    assert sum(clock.sleeps) <= 10.0


def test_a_server_that_wants_more_time_than_there_is_ends_it_at_once(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex(uploads={1: Fault(status=503, headers={"retry-after": "3600"})})
    with pytest.raises(FailedError, match="in 1 attempts"):
        deliver(wheel, index, clock)
    assert clock.sleeps == []


@pytest.mark.parametrize("code", ["IX02", "IX05", "IX20"])
@pytest.mark.parametrize("fault", [LOST, BUSY], ids=["connection broke", "503"])
def test_a_server_that_is_away_for_a_while_is_asked_until_it_is_back_and_nothing_is_sent_blindly(
    code: str, fault: Fault, wheel: Artifact, clock: VirtualClock
) -> None:
    away = [FailedError(code, "Nothing answers.", "Check it.") for _ in range(3)]
    index = HesitantIndex(uploads={1: fault}, errors=away)
    delivered, _ = deliver(wheel, index, clock)
    assert delivered.detail == "at attempt 2"
    assert words(index) == ["upload", "find", "find", "find", "find", "upload"]
    assert clock.sleeps == [0.5, 1.0, 2.0, 4.0]


def test_a_server_that_stays_away_is_given_up_in_time(wheel: Artifact, clock: VirtualClock) -> None:
    away = [FailedError("IX02", "Nothing answers.", "Check it.") for _ in range(100)]
    index = HesitantIndex(uploads={1: LOST}, errors=away)
    with pytest.raises(FailedError, match="Nothing answers") as caught:
        deliver(wheel, index, clock)
    assert caught.value.code == "PB04"
    assert sum(clock.sleeps) <= PATIENT.per_file
    assert words(index).count("upload") == 1


def test_a_question_that_is_refused_ends_it(wheel: Artifact, clock: VirtualClock) -> None:
    index = HesitantIndex(uploads={1: LOST}, errors=[FailedError("IX09", "Nobody accepted the terms.", "Do it.")])
    with pytest.raises(FailedError, match="Nobody accepted"):
        deliver(wheel, index, clock)
    assert words(index) == ["upload", "find"]


def test_a_user_who_wants_out_is_heard_between_two_attempts(wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex(uploads={1: BUSY})
    with pytest.raises(StoppedError, match="was given up between two attempts"):
        deliver(wheel, index, clock, stopped=True)
    assert words(index) == ["upload"]


def test_an_upload_that_ends_well_counts_even_when_the_user_wants_out(wheel: Artifact, clock: VirtualClock) -> None:
    delivered, _ = deliver(wheel, MemoryIndex(), clock, stopped=True)
    assert delivered.outcome is Outcome.UPLOADED


@pytest.mark.parametrize("faults", [{}, {1: LOST}, {1: BUSY_AFTER_STORING}, {1: BUSY, 2: LOST_AFTER_STORING}])
def test_no_projects_page_is_ever_read(faults: dict[int, Fault], wheel: Artifact, clock: VirtualClock) -> None:
    index = MemoryIndex(uploads=faults)
    deliver(wheel, index, clock)
    assert "project" not in words(index)
