"""What every mistake has to end in: its exit code, its code, a sentence, an explanation, and an index left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from publishers import ROOT

from tooling.explanations import catalogue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from observed_index import ObservedIndex
    from publishers import Finished
    from warm_invoke import WarmInvoke


@dataclass(frozen=True, slots=True, kw_only=True)
class Bystander:
    """A user who makes mistakes in a workspace, against an index that shall not notice."""

    workspace: Path
    index: ObservedIndex
    warm: WarmInvoke
    user: Callable[..., dict[str, str]]

    def refused(self, *words: str, exit_code: int, code: str, says: str, **variables: str) -> Finished:
        """Run `invoke publish` with `words` (default: --all) and these variables beside the index's own."""
        pages, accepted = self.index.pages(), self.index.traffic.accepted
        environment = self.user(**{**self.index.variables, **variables})
        done = self.warm.run(self.workspace, "publish", *(words or ("--all",)), environment=environment)
        assert f"{code}: " in done.said, done.said
        assert says in done.said
        assert done.code == exit_code, done.said
        assert f"More: invoke explain {code}" in done.said
        assert str(ROOT / "tooling") not in done.said, "a traceback of ours"
        assert code in catalogue(), f"`invoke explain {code}` knows nothing"
        assert (self.index.pages(), self.index.traffic.accepted) == (pages, accepted), "something was uploaded"
        return done

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace `old` by `new` in a file of the workspace."""
        file = self.workspace / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
