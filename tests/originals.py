"""Workspaces to copy for a test that publishes, with what an undisturbed publisher makes of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observed_index import observed_index
from publishers import ROOT, user_environment
from workspaces import make_workspace

if TYPE_CHECKING:
    from pathlib import Path

    from observed_index import Pages
    from warm_invoke import WarmInvoke

Packages = dict[str, dict[str, object]]

ONE: Packages = {"core-logging": {}}
THREE: Packages = {
    "core-logging": {},
    "core-config": {"needs": ("core-logging",)},
    "core-api": {"needs": ("core-config",), "extras": {"log": ("core-logging",)}},
}
THIRTEEN: Packages = {
    "core-logging": {},
    "resilience": {},
    "cache": {"needs": ("resilience",)},
    "core-config": {"needs": ("core-logging",)},
    "monitoring": {"needs": ("core-logging",)},
    "core-db": {"needs": ("core-logging", "resilience"), "extras": {"cache": ("cache",)}},
    "audit-logger": {"needs": ("core-logging",), "extras": {"postgres": ("core-db",)}},
    "core-messaging": {"needs": ("core-logging", "resilience"), "extras": {"outbox": ("core-db",)}},
    "service-registry": {"needs": ("core-logging", "resilience"), "extras": {"postgres": ("core-db",)}},
    "test-result-aggregator": {"extras": {"postgres": ("core-db",)}},
    "core-auth": {"needs": ("core-logging", "cache"), "extras": {"db": ("core-db",), "audit": ("audit-logger",)}},
    "test-adapters": {"needs": ("test-result-aggregator", "resilience")},
    "core-api": {
        "needs": ("core-logging", "core-config", "resilience", "cache", "monitoring"),
        "extras": {"auth": ("core-auth",), "db": ("core-db",)},
    },
}


def grown(size: int) -> Packages:
    """The graph of thirteen again and again, under numbered names, until there are `size` packages."""
    graph: Packages = {}
    copy = 0
    while len(graph) < size:
        ending = f"-{copy}" if copy else ""
        for name, spec in list(THIRTEEN.items())[: size - len(graph)]:
            graph[name + ending] = {"needs": tuple(f"{need}{ending}" for need in spec.get("needs", ()))}  # type: ignore[attr-defined]
        copy += 1
    return graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A workspace: `source` was never built, `built` was; `pages` are what publishing it leads to."""

    source: Path
    built: Path
    pages: Pages

    @property
    def files(self) -> int:
        """How many files an index has to accept."""
        return sum(map(len, self.pages.values()))


def make_original(folder: Path, packages: Packages, warm: WarmInvoke) -> Original:
    """Make the workspace, and publish a copy of it to an index that nothing is wrong with."""
    source = runnable_workspace(folder / "source", packages)
    built = copied(source, folder / "built")
    with observed_index(folder / "index") as index:
        done = warm.run(built, "publish", "--all", environment=user_environment(folder / "home", **index.variables))
        assert done.code == 0, done.said
        pages = index.pages()
    assert {name: len(files) for name, files in pages.items()} == {f"maestro-{name}": 2 for name in packages}
    return Original(source=source, built=built, pages=pages)


def runnable_workspace(folder: Path, packages: Packages) -> Path:
    """Make a workspace in which `invoke` finds its commands."""
    workspace = make_workspace(folder, packages)
    shutil.copy(ROOT / "tasks.py", workspace)
    return workspace


def copied(workspace: Path, to: Path) -> Path:
    """Copy a workspace with all that is in it."""
    shutil.copytree(workspace, to)
    return to
