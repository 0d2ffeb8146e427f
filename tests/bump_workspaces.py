"""A repository under git whose packages are published to an index in memory, to be bumped."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from memory_index import MemoryIndex
from packaging.version import Version
from workspaces import make_workspace

from tooling.effects.builder import CachedBuilder
from tooling.effects.bumping import Bumping
from tooling.effects.progress import Silence
from tooling.model.versions import read_parts
from tooling.model.workspace import find_workspace
from tooling.plan.bumps import BumpRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tooling.effects.ports import Index
    from tooling.plan.bump_report import BumpReport

TODAY = date(2026, 11, 28)
IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")


def commit_all(root: Path, message: str = "change") -> None:
    """Commit everything, and make the repository if there is none."""
    if not (root / ".git").exists():
        subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    subprocess.run(["git", *IDENTITY, "commit", "--quiet", "--allow-empty", "-m", message], cwd=root, check=True)


@dataclass(slots=True)
class Clone:
    """The repository at `root`, and the index its packages go to (None: there never was one)."""

    root: Path
    index: MemoryIndex | None = field(default_factory=MemoryIndex)

    @classmethod
    def of(cls, root: Path, packages: Mapping[str, Mapping[str, object]]) -> Clone:
        """Write and commit packages."""
        make_workspace(root, packages)
        commit_all(root)
        return cls(root)

    def publish(self, *names: str) -> None:
        """Put the packages, or all, into the index as they are."""
        assert self.index is not None
        workspace = find_workspace(self.root)
        packages = [each for each in workspace.packages.values() if not names or each.name in names]
        for artifact in self.builder(self.root / "dist").build(packages, lambda _package, _how: None):
            self.index.upload(artifact, lambda _size: None)

    def write(self, path: str, old: str, new: str) -> None:
        """Replace text in a file, which has to hold it, and commit."""
        file = self.root / path
        text = file.read_bytes().decode()
        assert old in text
        file.write_bytes(text.replace(old, new).encode())
        commit_all(self.root)

    def tell(self, name: str, entry: str = "- Something.") -> None:
        """Say something under Unreleased."""
        self.write(f"packages/{name}/CHANGELOG.md", "## [Unreleased]\n", f"## [Unreleased]\n\n{entry}\n")

    def bump(self, *packages: str, part: str = "", **words: Any) -> BumpReport:
        """Bump the packages, on the day these tests were written for."""
        run = {key: words.pop(key) for key in ("changed", "dry_run") if key in words}
        if "to" in words:
            words["to"] = Version(words["to"])
        request = BumpRequest(packages=packages, parts=read_parts(part.split()), **words)
        return self.bumping().run(request, today=TODAY, **run)

    def bumping(self) -> Bumping:
        """What `bump` runs."""
        return Bumping(
            workspace=find_workspace(self.root), reading=self._reading, builder_in=self.builder, watcher=Silence()
        )

    def builder(self, dist: Path) -> CachedBuilder:
        """A builder that leaves its artifacts in `dist`."""
        return CachedBuilder(dist=dist, cache=self.root / ".maestro/cache")

    def diff(self) -> list[str]:
        """The lines that changed since the last commit, each with its file."""
        words = ["git", "diff", "--unified=0", "--no-color"]
        told = subprocess.run(words, cwd=self.root, check=True, capture_output=True, text=True).stdout
        file, found = "", []
        for line in told.splitlines():
            if line.startswith("+++ "):
                file = line.removeprefix("+++ b/")
            elif line[0] in "+-" and not line.startswith("--- "):
                found.append(f"{file}: {line}")
        return found

    def files(self) -> dict[str, bytes]:
        """Every file that is committed, by its path."""
        told = subprocess.run(["git", "ls-files"], cwd=self.root, check=True, capture_output=True, text=True).stdout
        return {path: (self.root / path).read_bytes() for path in told.splitlines()}

    @contextmanager
    def _reading(self) -> Iterator[Index | None]:
        yield self.index
