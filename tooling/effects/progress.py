"""What happens, told as it happens: the port between the work and whoever watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.outcomes import Outcome


class Watcher(Protocol):
    """Hears of every step; calls come from several threads, and a step is told before the next one begins."""

    def says(self, line: str) -> None:
        """Hear a sentence about the run as a whole."""

    def built(self, package: Package, how: str) -> None:
        """Hear that the artifacts of a package are made and checked, and how (`cached`, `in process` …)."""

    def uploading(self, artifact: Artifact) -> None:
        """Hear that a file is on its way."""

    def sent(self, artifact: Artifact, size: int) -> None:
        """Hear that `size` more bytes were handed to the network; negative when an attempt starts over."""

    def settled(self, artifact: Artifact, outcome: Outcome, detail: str) -> None:
        """Hear what became of a file."""

    def verified(self, name: str) -> None:
        """Hear that the index shows a package as it was sent."""


class Silence:
    """A watcher that says nothing."""

    def says(self, line: str) -> None:
        """Ignore it."""

    def built(self, package: Package, how: str) -> None:
        """Ignore it."""

    def uploading(self, artifact: Artifact) -> None:
        """Ignore it."""

    def sent(self, artifact: Artifact, size: int) -> None:
        """Ignore it."""

    def settled(self, artifact: Artifact, outcome: Outcome, detail: str) -> None:
        """Ignore it."""

    def verified(self, name: str) -> None:
        """Ignore it."""
