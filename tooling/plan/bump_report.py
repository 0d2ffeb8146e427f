"""What a bump did, or would do: the one value that people, programs and exit codes are served from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import RefusedError
from tooling.model.requirement_text import in_order
from tooling.plan.bump_edits import range_text

if TYPE_CHECKING:
    from tooling.plan.bump_edits import FileEdit
    from tooling.plan.bumps import Bump, BumpPlan
    from tooling.plan.publishing import Refusal
    from tooling.plan.ranges import RangeEdit


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpReport:
    """One run.

    `edits` are the files that were, or with `dry_run` would be, written; `finished` tells that an edit was found half
    done and was brought to its end, in which case there is no plan of this run. Paths are relative to the root.
    """

    plan: BumpPlan
    edits: tuple[FileEdit, ...] = ()
    dry_run: bool = False
    finished: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 all as wanted, 3 refused."""
        return RefusedError.exit_code if self.plan.refusals else 0

    @property
    def changed(self) -> tuple[str, ...]:
        """The paths that were written; none in a rehearsal or when it was refused."""
        if self.plan.refusals or self.dry_run:
            return ()
        return self.finished or tuple(edit.path for edit in self.edits)

    def as_json(self) -> dict[str, object]:
        """The object that `--json` prints."""
        return {
            "command": "bump",
            "ok": self.exit_code == 0,
            "exit_code": self.exit_code,
            "dry_run": self.dry_run,
            "packages": [_bump_json(bump) for bump in self.plan.bumps],
            "groups": [_group_json(owner, each) for owner, edits in self.plan.groups.items() for each in edits],
            "files": [edit.path for edit in self.edits],
            "finished": list(self.finished),
            "notes": list(self.plan.notes),
            "problems": [_problem_json(refusal) for refusal in self.plan.refusals],
        }


def _problem_json(refusal: Refusal) -> dict[str, object]:
    words = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
    return {**words, "package": refusal.package}


def _bump_json(bump: Bump) -> dict[str, object]:
    return {
        "name": bump.package,
        "from": str(bump.before),
        "to": str(bump.after),
        "why": [{"kind": reason.kind, "text": reason.text} for reason in bump.reasons],
        "requirements": [{**_range_json(edit), "extra": edit.need.extra} for edit in bump.ranges],
        "overridden": list(bump.overridden),
    }


def _group_json(owner: str, edit: RangeEdit) -> dict[str, object]:
    """One requirement of a dependency group: of which package (null: the root), from what to what, and why."""
    return {"name": owner or None, "group": edit.need.group, **_range_json(edit), "why": edit.why}


def _range_json(edit: RangeEdit) -> dict[str, object]:
    return {"package": edit.need.package, "from": in_order(edit.need.requirement), "to": range_text(edit)}
