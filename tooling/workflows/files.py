"""The generated files: their text, and how what stands in a repository differs from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.model.document import read_document
from tooling.model.manifest import MANIFEST
from tooling.workflows.github import github_files
from tooling.workflows.gitlab import gitlab_files
from tooling.workflows.pipelines import pipelines_of

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "invoke ci.generate"
_HEADING = (f"Made by `{COMMAND}`; edit tooling/workflows instead, `invoke ci.check` finds any difference.",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A file that is not what it would be made to be: `line` is the first that differs, from 1; None: no such file."""

    path: str
    line: int | None
    excerpt: str = ""

    @property
    def sentence(self) -> str:
        """What is the matter."""
        if self.line is None:
            return f"There is no {self.path}."
        return f"{self.path} is not what is generated."


def workflow_files(root: Path) -> dict[str, str]:
    """The text of every workflow file of the workspace at `root`, by path below it.

    Raises:
        UsageError: WS02 or WS03 when the root's `pyproject.toml` cannot be read.
    """
    pipelines = pipelines_of(read_document(root / MANIFEST))
    return github_files(pipelines, _HEADING) | gitlab_files(pipelines, _HEADING)


def drifts(root: Path) -> tuple[Drift, ...]:
    """Every workflow file below `root` that is missing or has another text."""
    found = ((path, wanted, _text(root / path)) for path, wanted in workflow_files(root).items())
    return tuple(_drift(path, wanted, text) for path, wanted, text in found if text != wanted)


def _text(path: Path) -> str | None:
    """The text with Unix line ends, as git may have changed them; None when there is no such file."""
    return path.read_bytes().decode("utf-8", errors="replace").replace("\r\n", "\n") if path.is_file() else None


def _drift(path: str, wanted: str, text: str | None) -> Drift:
    if text is None:
        return Drift(path=path, line=None)
    ours, theirs = wanted.splitlines(), text.splitlines()
    same = next((n for n, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other), None)
    line = min(len(ours), len(theirs)) if same is None else same
    return Drift(path=path, line=line + 1, excerpt=theirs[line].strip() if line < len(theirs) else "")
