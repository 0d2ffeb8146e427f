"""What installers see: the pages of the group, waited for, as a server may take a moment to show what it has.

A group shows its members' pages, and keeps its own until it notices that a member's is newer (nexus-protocol 2.2, 3.6).
What an installer would say meanwhile, that there is no such version, is not told from a version that was never sent.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.effects.verification import FIRST_PAUSE, LAG, LONGEST_PAUSE
from tooling.errors import FailedError, MaestroError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tooling.effects.clock import Clock
    from tooling.model.artifact import Artifact
    from tooling.plan.snapshot import Project

_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallersView:
    """Pages as installers read them (`offered`), at the address `url`; waits at most `lag` seconds for all together."""

    offered: Callable[[str], Project]
    url: str
    clock: Clock
    lag: float = LAG

    def wait(self, artifacts: Iterable[Artifact]) -> dict[str, MaestroError]:
        """Wait until the pages list every artifact; return for each package that is not there to be installed why.

        A page that cannot be read (any code), lists other bytes (PB06) or lacks a file at the end of the wait (PB21).
        """
        waiting: dict[str, list[Artifact]] = {}
        for artifact in artifacts:
            waiting.setdefault(artifact.package, []).append(artifact)
        began, pause = self.clock.now(), FIRST_PAUSE
        errors: dict[str, MaestroError] = {}
        while True:
            found = self._missing(waiting)
            errors |= {name: each for name, each in found.items() if isinstance(each, MaestroError)}
            waiting = {name: each for name, each in found.items() if each and not isinstance(each, MaestroError)}
            if not waiting:
                return errors
            if self.clock.now() - began >= self.lag:
                return errors | {name: self._unseen(missing) for name, missing in waiting.items()}
            self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _missing(self, waiting: Mapping[str, Sequence[Artifact]]) -> dict[str, list[Artifact] | MaestroError]:
        def missing(artifacts: Sequence[Artifact]) -> list[Artifact] | MaestroError:
            try:
                page = self.offered(artifacts[0].distribution)
            except MaestroError as error:
                return error
            for artifact in artifacts:
                listed = page.files.get(artifact.filename)
                if listed is not None and listed.sha256 not in {None, artifact.sha256}:
                    return self._other_bytes(artifact)
            return [each for each in artifacts if each.filename not in page.files]

        with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="view") as pool:
            return dict(zip(waiting, pool.map(missing, waiting.values()), strict=True))

    def _other_bytes(self, artifact: Artifact) -> FailedError:
        return FailedError(
            "PB06",
            f"Installers that read {self.url} get other bytes of {artifact.filename} than the repository has.",
            "Ask an administrator which other member of the group has this version, and to put ours before it.",
        )

    def _unseen(self, missing: Sequence[Artifact]) -> FailedError:
        names = ", ".join(each.filename for each in missing)
        return FailedError(
            "PB21",
            f"The index has {names}, but installers that read {self.url} are not shown it, {self.lag:.0f} s later.",
            "Set NEXUS_GROUP to the group that joins the repository, or ask an administrator to make it a member.",
        )
