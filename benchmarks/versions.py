# /// script
# dependencies = ["griffe>=2.4"]
# ///
"""Versions: sizing all packages by their API beside one `griffe check` for each, and planning on growing graphs.

Whole processes are timed for the first, as a user would. Everything is published once to the embedded index, tagged,
and changed afterwards, so that both have two versions of each package to compare.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Row, interleave, report, rows
from packaging.version import Version

from tooling.model.versioning import Versioning
from tooling.model.workspace import Workspace, find_workspace
from tooling.plan.bumps import BumpRequest, make_bump_plan
from tooling.plan.evidence import Comparison, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from bump_workspaces import commit_all  # noqa: E402 - found through the line above
from originals import THIRTEEN, Packages, grown, runnable_workspace  # noqa: E402
from publishers import user_environment  # noqa: E402

MODULES_EACH = 13
MODULE = '''\
"""A module."""


def work(first: int, second: str = "", *, third: bool = False) -> str:
    """Work."""
    return f"{first}{second}{third}"


class Worker:
    """Works."""

    def run(self, times: int = 1) -> int:
        """Run."""
        return times
'''
TAG = "published"


class Bench:
    """Thirteen packages, published, and changed since in a way that breaks nothing."""

    def __init__(self, scratch: Path) -> None:
        filled: Packages = {name: {**spec, "files": _modules(name)} for name, spec in THIRTEEN.items()}
        self.root = runnable_workspace(scratch / "workspace", filled)
        self.env = user_environment(scratch / "home")
        commit_all(self.root)
        self.run(sys.executable, "-m", "invoke", "publish", "--all")
        self.run("git", "tag", TAG)
        for init in self.root.glob("packages/*/src/*/__init__.py"):
            text = init.read_text(encoding="utf-8").replace('["greet"]', '["greet", "wave"]')
            init.write_text(f'{text}\n\ndef wave() -> str:\n    """Wave."""\n    return ""\n', encoding="utf-8")
        for changelog in self.root.glob("packages/*/CHANGELOG.md"):
            text = changelog.read_text(encoding="utf-8")
            changelog.write_text(text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- `wave`.\n"), encoding="utf-8")
        commit_all(self.root)

    def run(self, *words: str) -> None:
        """Run a command to its end; one that fails ends the benchmark."""
        done = subprocess.run(words, cwd=self.root, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{words} failed:\n{done.stdout}\n{done.stderr}")

    def ours(self) -> None:
        """Size every package, and plan the edit."""
        self.run(sys.executable, "-m", "invoke", "bump", "--all", "--auto", "--dry-run")

    def griffe(self) -> None:
        """Compare each package with its tag."""
        for name in THIRTEEN:
            module = f"maestro_{name.replace('-', '_')}"
            self.run("griffe", "check", module, "--search", f"packages/{name}/src", "--against", TAG)


def _modules(name: str) -> dict[str, str]:
    folder = f"src/maestro_{name.replace('-', '_')}"
    return {f"{folder}/module_{number}.py": MODULE for number in range(MODULES_EACH)}


def sizing(scratch: Path, rounds: int) -> list[Row]:
    """`bump --auto --all` against one process of griffe for each package."""
    bench = Bench(scratch)
    medians = interleave({"ours": bench.ours, "griffe check, each": bench.griffe}, rounds=rounds)
    return rows("bump --auto --all, 13 packages", medians, ours="ours", targets={"griffe check, each": 0.3})


def planning(scratch: Path, rounds: int) -> list[Row]:
    """Plan a release that moves everything, in graphs of 13, 130 and 500 packages: per edge, it takes no longer.

    Small graphs are planned as often as makes up for their size, so that every contender works as long in each round.
    Linear growth gives 1 and noise around it; n log n would give 1.9 and 2.4, quadratic 10 and 38. Hence the target.
    """
    sizes = (13, 130, 500)
    spaces = {size: find_workspace(runnable_workspace(scratch / str(size), grown(size))) for size in sizes}
    times = {size: sizes[-1] // size for size in sizes}
    medians = interleave({str(size): _planner(spaces[size], times[size]) for size in sizes}, rounds=rounds, repeat=3)
    edges = {size: times[size] * sum(map(len, spaces[size].needs.values())) for size in sizes}
    return [
        Row(
            work=f"plan bumps of {size} packages, each edge",
            peer=f"of {sizes[0]} packages, each edge",
            ours_seconds=medians[str(size)] / edges[size],
            peer_seconds=medians[str(sizes[0])] / edges[sizes[0]],
            target=1.5,
        )
        for size in sizes[1:]
    ]


def _planner(workspace: Workspace, times: int) -> Callable[[], None]:
    def plan() -> None:
        for _ in range(times):
            _plan(workspace)

    return plan


def _plan(workspace: Workspace) -> None:
    """Bump what everything rests on, with every edge following."""
    released = Version("1.0.0")
    standing = Standing(
        published=frozenset({released}), comparison=Comparison(since=released), unreleased={"Added": "- More."}
    )
    first = tuple(name for name, needs in workspace.needs.items() if not needs)
    request = BumpRequest(packages=first, parts=("major",))
    known = dict.fromkeys(workspace.packages, standing)
    plan = make_bump_plan(workspace, request, Versioning(floor="latest"), known)
    assert len(plan.bumps) == len(workspace.packages)


def main() -> None:
    """Run the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="folder to write versions.json to")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("sizing", "planning"))
    words = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, part in {"sizing": sizing, "planning": planning}.items():
            if words.only in (None, name):
                (Path(folder) / name).mkdir()
                found += part(Path(folder) / name, words.rounds)
    report("versions", found, into=words.json)


if __name__ == "__main__":
    main()
