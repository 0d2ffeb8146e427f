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

        Raises:
            FailedError: the index refuses the file, has other bytes under its name, or patience ran out.
            StoppedError: the user stopped the run between two attempts.
        """
        first = self.clock.now()
        attempt = 0
        while True:
            attempt += 1
            answer = self.index.upload(artifact, sent)
            if answer.meaning is Meaning.STORED:
                return Delivered(outcome=Outcome.UPLOADED, detail=_tries(attempt))
            if answer.meaning is Meaning.REFUSED:
                raise FailedError(answer.code, answer.message, answer.hint, facts={"status": answer.status})
            if answer.meaning is not Meaning.ASK:
                self._wait(artifact, answer, attempt, first)
            found = self._found(artifact, answer)
            if found is not None:
                return found
            if answer.meaning is Meaning.ASK:
                raise FailedError(answer.code, answer.message, answer.hint, facts={"status": answer.status})

    def _wait(self, artifact: Artifact, answer: Answer, attempt: int, first: float) -> None:
        now = self.clock.now()
        seconds = self.backoff.pause(
            attempt=attempt,
            draw=self.clock.draw(),
            retry_after=answer.retry_after,
            spent=now - first,
            elapsed=now - self.began,
        )
        if seconds is None:
            message = f"{artifact.filename} could not be uploaded in {attempt} attempts: {answer.message}"
            raise FailedError("PB04", message, "Look at the server, then run again: it continues where this stopped.")
        self.clock.sleep(seconds)
        if self.stopped():
            raise StoppedError("PB09", f"{artifact.filename} was not uploaded: the run was stopped.", "Run it again.")

    def _found(self, artifact: Artifact, answer: Answer) -> Delivered | None:
        state = self.index.find(artifact)
        if state is State.DIFFERENT:
            message = f"{artifact.filename} is in the index with other bytes, put there while this run was going on."
            raise FailedError(
                "PB05", message, f"Find out who published it, and raise the version of {artifact.package}."
            )
        if state is not State.PRESENT:
            return None
        if answer.meaning is Meaning.ASK:
            return Delivered(outcome=Outcome.PRESENT, detail="another publisher was faster, with the same bytes")
        return Delivered(outcome=Outcome.UPLOADED, detail="stored, although the answer did not say so")


def _tries(attempt: int) -> str:
    return f"at attempt {attempt}" if attempt > 1 else ""
