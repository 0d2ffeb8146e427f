"""A plan to publish, as a value: what goes up in which order, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tooling.plan.snapshot import State, Unread

if TYPE_CHECKING:
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.snapshot import IndexFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One artifact and its state in the index; what is absent is to be uploaded."""

    artifact: Artifact
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPackage:
    """One package's files, wheel first, and which other packages of the plan have to be verified before it starts."""

    package: Package
    wave: int
    after: tuple[str, ...]
    files: tuple[PlannedFile, ...]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.package.name

    @property
    def to_upload(self) -> tuple[Artifact, ...]:
        """The artifacts the index lacks."""
        return tuple(each.artifact for each in self.files if each.state is State.ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reason not to start: `code` and words for an error; `filename` and `published` when one file is the reason."""

    package: str
    code: str
    message: str
    hint: str
    filename: str | None = None
    published: IndexFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Packages in publishing order, warnings as sentences, and refusals; any refusal means nothing is sent.

    While something is `unread`, it is not known whether there is reason for more refusals: read that and plan again.
    """

    packages: tuple[PlannedPackage, ...]
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unread: Unread = field(default_factory=Unread)

    @property
    def to_upload(self) -> tuple[Artifact, ...]:
        """Every artifact the index lacks, in order."""
        return tuple(artifact for package in self.packages for artifact in package.to_upload)

    def only_changed(self) -> Plan:
        """Leave out the packages that the index has as they are; nothing waits for those or is refused for them."""
        left = {each.name for each in self.packages if any(file.state is not State.PRESENT for file in each.files)}
        packages = tuple(
            replace(package, after=tuple(name for name in package.after if name in left))
            for package in self.packages
            if package.name in left
        )
        refusals = tuple(refusal for refusal in self.refusals if refusal.package in left)
        return replace(self, packages=packages, refusals=refusals)


def unknown(package: Package, what: str, reason: str, filename: str | None = None) -> Refusal:
    """Refuse to decide while the index does not say whether it has something."""
    return Refusal(
        package=package.name,
        code="PB02",
        message=f"The index did not say whether it has {what}: {reason.removesuffix('.')}.",
        hint="Nothing was sent; run again once the index answers.",
        filename=filename,
    )
