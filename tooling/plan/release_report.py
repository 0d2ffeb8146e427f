"""What a release did to the repository and to the index: the one report that people and programs are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.plan.bump_report import BumpReport
    from tooling.plan.outcomes import Report
    from tooling.plan.releases import PlannedTag


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitResult:
    """The release's commit: its id (None: not made, this is a rehearsal), its message, and the files it changes."""

    id: str | None
    message: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """One run.

    `head` is the commit that the tags name; `bump` and `commit` are None where the versions that stand are taken;
    `pushed` are the branches and tags that went, or will go, to `remote`; `publication` is None where the index was not
    asked.
    """

    exit_code: int
    dry_run: bool
    head: str
    bump: BumpReport | None
    commit: CommitResult | None
    tags: tuple[PlannedTag, ...]
    remote: str | None
    pushed: tuple[str, ...]
    publication: Report | None
    warnings: tuple[str, ...] = ()
    problems: tuple[Mapping[str, object], ...] = ()

    def as_json(self) -> dict[str, object]:
        """The object that `--json` prints: what `publish` prints, and what became of commit and tags."""
        unasked: dict[str, object] = {"index": None, "seconds": 0.0, "packages": [], "installs": []}
        publication = self.publication.as_json() if self.publication else unasked
        return {
            **publication,
            "command": "release",
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "dry_run": self.dry_run,
            "bump": self.bump and self.bump.as_json()["packages"],
            "commit": self.commit
            and {"id": self.commit.id, "message": self.commit.message, "files": list(self.commit.files)},
            "tags": [
                {
                    "name": tag.name,
                    "package": tag.package.name,
                    "version": str(tag.package.version),
                    "state": tag.state.value,
                    "message": tag.message,
                }
                for tag in self.tags
            ],
            "remote": self.remote,
            "pushed": list(self.pushed),
            "warnings": list(self.warnings),
            "problems": [dict(each) for each in self.problems],
        }
