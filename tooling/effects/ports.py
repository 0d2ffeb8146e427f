"""What we ask of the world, as protocols: concrete effects and stand-ins both satisfy them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.answers import Answer
    from tooling.plan.snapshot import IndexFile, Project, State


class Index(Protocol):
    """An index as a publisher needs it. Every method may be called from several threads at once.

    Reads retry what can pass by themselves; `upload` makes exactly one attempt. A method that cannot learn the answer
    raises `MaestroError`: no answer is never an empty answer.
    """

    def probe(self, *, uploading: bool = True) -> None:
        """Make sure, with one cheap request, that this is an index that would take our uploads, or would be read.

        Raises:
            UsageError: wrong credentials, no such repository, a group or proxy as target, not a Nexus server …
            FailedError: unreachable, TLS failure, starting up, read-only.
        """

    def project(self, distribution: str) -> Project:
        """Read a project's page; an absent project has no files."""

    def sha256_of(self, distribution: str, version: str, filename: str) -> str:
        """Learn a file's SHA-256 when the page does not say it: by REST, else by downloading (nexus-protocol 12.2)."""

    def fetch(self, distribution: str, version: str, filename: str, into: Path) -> None:
        """Download a published file to `into`, streamed."""

    def metadata(self, file: IndexFile) -> bytes | None:
        """Read a wheel's METADATA as the index serves it beside the wheel (PEP 658); None where it serves none."""

    def find(self, artifact: Artifact) -> State:
        """Ask for the file itself, never the page (nexus-protocol 12.1): present, absent or different."""

    def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        """Make one attempt to store the file; `sent` hears of the bytes handed to the network, in chunks.

        A connection that breaks is an `Answer` too, without a status.
        """

    def heal(self, distribution: str) -> bool:
        """Drop a project's cached page so that the next read rebuilds it; False where the rights do not allow it."""


class Builder(Protocol):
    """Makes the artifacts of packages; a package that cannot be built raises, together with all others that cannot."""

    def build(self, packages: Sequence[Package], built: Callable[[Package, str], None]) -> Iterable[Artifact]:
        """Return wheel then sdist for each package, checked; `built` hears of each package and how it was made.

        What `built` raises ends the build.
        """
