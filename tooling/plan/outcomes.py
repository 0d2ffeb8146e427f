"""What happened to each file and package, and the one report that people, programs and exit codes are made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tooling.plan.install_matrix import Combination


class Outcome(Enum):
    """What became of a file, gravest first; a package takes the gravest of its files."""

    FAILED = "failed"
    REFUSED = "refused"
    HELD = "held"
    UPLOADED = "uploaded"
    PLANNED = "planned"
    PRESENT = "present"


def gravest(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the gravest outcome; `present` for none."""
    found = set(outcomes)
    return next((outcome for outcome in Outcome if outcome in found), Outcome.PRESENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One file: lower-case hex `sha256`, `size` in bytes, and `detail`, a sentence where there is something to say."""

    file: str
    sha256: str
    size: int
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageResult:
    """One package of the run."""

    name: str
    distribution: str
    version: str
    wave: int
    files: tuple[FileResult, ...]

    @property
    def outcome(self) -> Outcome:
        """The gravest of its files."""
        return gravest(each.outcome for each in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallResult:
    """One clean environment: which package in which way, whether that was `proven`, and in `detail` why not."""

    name: str
    distribution: str
    version: str
    combination: Combination
    proven: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """Where the run looked: shown URL (never with user info), repository, whether it is the embedded index.

    `installs_from` is the simple index an installer reads.
    """

    url: str
    repository: str | None
    embedded: bool
    installs_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run.

    `problems` are `code`, `message` and `hint` of all that went wrong, with `file` and `line` where there is a place.
    `exit_code`: 0 all as wanted, 1 something failed, 2 wrong usage, 3 refused before anything was sent, 130 stopped.
    """

    command: str
    exit_code: int
    index: IndexFacts | None
    dry_run: bool
    seconds: float
    packages: tuple[PackageResult, ...] = ()
    installs: tuple[InstallResult, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[Mapping[str, object], ...] = ()

    def as_json(self) -> dict[str, object]:
        """The object that `--json` prints."""
        index = self.index
        return {
            "command": self.command,
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "index": index and {"url": index.url, "repository": index.repository, "embedded": index.embedded},
            "dry_run": self.dry_run,
            "seconds": round(self.seconds, 3),
            "packages": [_package_json(package) for package in self.packages],
            "installs": [_install_json(install) for install in self.installs],
            "warnings": list(self.warnings),
            "problems": [dict(each) for each in self.problems],
        }


def _package_json(package: PackageResult) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "wave": package.wave,
        "outcome": package.outcome.value,
        "artifacts": [
            {
                "file": each.file,
                "sha256": each.sha256,
                "size": each.size,
                "outcome": each.outcome.value,
                "detail": each.detail,
            }
            for each in package.files
        ],
    }


def _install_json(install: InstallResult) -> dict[str, object]:
    return {
        "name": install.name,
        "version": install.version,
        "python": install.combination.python,
        "extra": install.combination.extra,
        "resolution": install.combination.resolution,
        "kind": install.combination.kind,
        "outcome": "proven" if install.proven else "failed",
        "detail": install.detail,
    }
