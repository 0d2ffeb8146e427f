"""Proof, after a package's last file, that its page shows what was sent; and a cure for pages that stayed stale.

Nexus builds a project's page on the first read after an upload, and a page built while an upload is under way can be
kept without that file for good (nexus-protocol 12.1). Asking for the file itself tells a stale page from a lost file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import FailedError, StoppedError
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tooling.effects.clock import Clock
    from tooling.effects.ports import Index
    from tooling.model.artifact import Artifact

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0
LAG = 30.0
STALE = 5.0
"""Seconds after which a page that lacks a file the index has is stale, for whom may not heal it; until then it lags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Compares pages with artifacts, waiting at most `lag` seconds for an index that is slow to show things."""

    index: Index
    clock: Clock
    lag: float = LAG
    stopped: Callable[[], bool] = lambda: False

    def verify(self, artifacts: Sequence[Artifact]) -> str:
        """Wait until the page of the artifacts' one distribution lists each with its hash; return what had to be done.

        Raises:
            FailedError: a file is listed with another hash, is not in the index, or the page stays stale.
            StoppedError: the user stopped the run before the page listed all.
        """
        began, pause = self.clock.now(), FIRST_PAUSE
        healed: bool | None = None
        while True:
            missing = self._missing(artifacts)
            if not missing:
                return "its stale page was healed" if healed else ""
            stale = self._is_stale(missing)
            if stale and healed is None:
                healed = self.index.heal(missing[0].distribution)
                if healed:
                    continue
            if self.stopped():
                raise _unverified(missing)
            lag = min(self.lag, STALE) if stale and healed is False else self.lag
            if self.clock.now() - began >= lag:
                raise _stale(missing) if stale else _lost(missing)
            self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _missing(self, artifacts: Sequence[Artifact]) -> list[Artifact]:
        project = self.index.project(artifacts[0].distribution)
        missing = []
        for artifact in artifacts:
            listed = project.files.get(artifact.filename)
            if listed is None:
                missing.append(artifact)
                continue
            sha256 = listed.sha256 or self.index.sha256_of(artifact.distribution, artifact.version, artifact.filename)
            if sha256 != artifact.sha256:
                raise _other_bytes(artifact, f"with SHA-256 {sha256[:12]}, not {artifact.sha256[:12]}", sha256)
        return missing

    def _is_stale(self, missing: Sequence[Artifact]) -> bool:
        states = {artifact: self.index.find(artifact) for artifact in missing}
        for artifact, state in states.items():
            if state is State.DIFFERENT:
                raise _other_bytes(artifact, "with other bytes than were sent")
        return State.PRESENT in states.values()


def _other_bytes(artifact: Artifact, how: str, sha256: str | None = None) -> FailedError:
    return FailedError(
        "PB06",
        f"The index serves {artifact.filename} {how}.",
        f"Find out who published it, and raise the version of {artifact.package}.",
        facts={"expected": artifact.sha256, "found": sha256},
    )


def _unverified(missing: Sequence[Artifact]) -> StoppedError:
    names = ", ".join(each.filename for each in missing)
    message = f"{names} was sent, but the page does not list it yet: the run was stopped."
    return StoppedError("PB09", message, "Run it again.")


def _stale(missing: Sequence[Artifact]) -> FailedError:
    names, project = ", ".join(each.filename for each in missing), missing[0].distribution
    return FailedError(
        "PB07",
        f"The index has {names}, but its page does not list it: the page is stale.",
        f"Ask an administrator to delete the asset simple/{project}/ of the repository (Browse, or DELETE "
        "/service/rest/v1/assets/ID); the next read rebuilds it. Any further upload to the project does too.",
    )


def _lost(missing: Sequence[Artifact]) -> FailedError:
    names = ", ".join(each.filename for each in missing)
    return FailedError(
        "PB08",
        f"The index accepted {names}, but does not show it.",
        "Run again; if it stays so, look at the server's log.",
    )
