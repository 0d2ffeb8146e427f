"""One file into the index, however often that takes, and never twice.

After anything but a clear yes or no the index is asked for the file itself before another attempt is made: an answer
that was lost may have been a yes (law 4), and a 400 may mean that somebody else was faster (law 5). The project's page
is never read here (law 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import FailedError, StoppedError
from tooling.plan.answers import Answer, Meaning
from tooling.plan.outcomes import Outcome
from tooling.plan.retry import PASSING
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tooling.effects.clock import Clock
    from tooling.effects.ports import Index
    from tooling.model.artifact import Artifact
    from tooling.plan.retry import Backoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """How a file got there: uploaded by us, or found present; `detail` when it was not at the first attempt."""

    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Delivers files to one index. `began` is when the run began on `clock`; `stopped` says the user wants out."""

    index: Index
    backoff: Backoff
    clock: Clock
    began: float
    stopped: Callable[[], bool]

    def deliver(self, artifact: Artifact, sent: Callable[[int], None]) -> Delivered:
        """Upload until the index has the file.

        `sent` hears of the bytes handed to the network, and of as many taken back when an attempt came to nothing.

        Raises:
            FailedError: the index refuses the file, has other bytes under its name, or patience ran out.
            StoppedError: the user stopped the run between two attempts.
        """
        patience = _Patience(courier=self, filename=artifact.filename, first=self.clock.now())
        uploads, in_doubt = 0, False
        while True:
            uploads += 1
            answer = self._attempt(artifact, sent)
            if answer.meaning is Meaning.STORED:
                return Delivered(outcome=Outcome.UPLOADED, detail=f"at attempt {uploads}" if uploads > 1 else "")
            if answer.meaning is Meaning.REFUSED:
                raise _failed(answer)
            if answer.meaning is not Meaning.ASK:
                in_doubt = True
                patience.wait(answer.message, answer.retry_after)
            state = self._state(artifact, patience)
            if state is State.DIFFERENT:
                raise _other_bytes(artifact)
            if state is State.PRESENT:
                return _ours() if in_doubt else _theirs()
            if answer.meaning is Meaning.ASK:
                raise _failed(answer)

    def _attempt(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        handed = 0

        def count(size: int) -> None:
            nonlocal handed
            handed += size
            sent(size)

        answer = self.index.upload(artifact, count)
        if answer.meaning is not Meaning.STORED and handed:
            sent(-handed)
        return answer

    def _state(self, artifact: Artifact, patience: _Patience) -> State:
        """Ask for the file itself, however long a server that is away takes to come back."""
        while True:
            try:
                return self.index.find(artifact)
            except FailedError as error:
                if error.code not in PASSING:
                    raise
                patience.wait(error.message)


@dataclass(slots=True, kw_only=True)
class _Patience:
    """Waits between the attempts for one file, uploads and questions alike, and ends some time."""

    courier: Courier
    filename: str
    first: float
    failed: int = 0

    def wait(self, trouble: str, retry_after: float | None = None) -> None:
        """Pause after one more failed attempt; raise when there was the last, or the user wants out."""
        self.failed += 1
        clock = self.courier.clock
        now = clock.now()
        seconds = self.courier.backoff.pause(
            attempt=self.failed,
            draw=clock.draw(),
            retry_after=retry_after,
            spent=now - self.first,
            elapsed=now - self.courier.began,
        )
        if seconds is None:
            message = f"{self.filename} could not be uploaded in {self.failed} attempts: {trouble}"
            raise FailedError("PB04", message, "Look at the server, then run again: it continues where this stopped.")
        clock.sleep(seconds)
        if self.courier.stopped():
            message = f"{self.filename} was given up between two attempts: the run was stopped."
            raise StoppedError("PB09", message, "Run it again: it asks first whether the file arrived.")


def _failed(answer: Answer) -> FailedError:
    return FailedError(answer.code, answer.message, answer.hint, facts={"status": answer.status})


def _other_bytes(artifact: Artifact) -> FailedError:
    return FailedError(
        "PB05",
        f"{artifact.filename} is in the index with other bytes, put there while this run was going on.",
        f"Find out who published it, and raise the version of {artifact.package}.",
    )


def _ours() -> Delivered:
    return Delivered(outcome=Outcome.UPLOADED, detail="stored, although the answer did not say so")


def _theirs() -> Delivered:
    return Delivered(outcome=Outcome.PRESENT, detail="another publisher was faster, with the same bytes")
