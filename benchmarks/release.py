# /// script
# dependencies = ["build>=1.2", "twine>=6.2", "uv>=0.9"]
# ///
"""The main job beside the tools people use for it today: thirteen packages, twenty-six files, one server for all.

Whole processes are timed, as a user would. The server is the embedded index, run by this process, so that every
contender talks to the same one; a new empty one for each timed upload.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from harness import Row, interleave, report, rows

from tooling.localnexus import Faults, IndexSettings, running_index

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from originals import THIRTEEN, grown  # noqa: E402 - found through the line above
from workspaces import make_workspace  # noqa: E402

PASSWORD = "benchmark"  # noqa: S105 - of a server that lives for a minute
MODULES_EACH = 13
_PERSON = ("NAME", "EMAIL")


class Bench:
    """A workspace in a scratch folder, a server to publish to, and the commands of every contender."""

    def __init__(self, scratch: Path, graph: dict[str, dict[str, object]], *, delay: float = 0.0) -> None:
        self.workspace = make_workspace(scratch / "workspace", _filled(graph))
        shutil.copy(ROOT / "tasks.py", self.workspace)
        self.packages = sorted(path.parent for path in self.workspace.glob("packages/*/pyproject.toml"))
        manifest = self.workspace / "pyproject.toml"
        members = '\n[tool.uv.workspace]\nmembers = ["packages/*"]\n'
        sources = "\n[tool.uv.sources]\n" + "".join(f"maestro-{name} = {{ workspace = true }}\n" for name in graph)
        manifest.write_text(manifest.read_text(encoding="utf-8") + members + sources, encoding="utf-8")
        self._scratch = scratch
        self._delay = delay
        self._server = ExitStack()
        self.env = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NEXUS", "UV_"))
        }

    def close(self) -> None:
        """Stop the server."""
        self._server.close()

    def fresh_index(self) -> None:
        """Put an empty index in the place of the last one."""
        self._server.close()
        data = Path(tempfile.mkdtemp(dir=self._scratch))
        faults = Faults(delay_seconds=self._delay)
        index = self._server.enter_context(running_index(IndexSettings(data=data, password=PASSWORD, faults=faults)))
        url = f"{index.url}/repository/pypi-hosted/"
        self.env |= {
            "NEXUS_URL": index.url,
            "NEXUS_USERNAME": "admin",
            "NEXUS_PASSWORD": PASSWORD,
            "TWINE_REPOSITORY_URL": url,
            "TWINE_USERNAME": "admin",
            "TWINE_PASSWORD": PASSWORD,
            "UV_PUBLISH_URL": url,
            "UV_PUBLISH_USERNAME": "admin",
            "UV_PUBLISH_PASSWORD": PASSWORD,
            "UV_PUBLISH_CHECK_URL": f"{url}simple/",
        }

    def run(self, *words: str, cwd: Path | None = None, without: str = "") -> None:
        """Run a command to its end; one that fails ends the benchmark."""
        env = {name: value for name, value in self.env.items() if name != without}
        done = subprocess.run(words, cwd=cwd or self.workspace, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{words} failed:\n{done.stdout}\n{done.stderr}")

    def invoke(self, *words: str) -> None:
        """Run our command."""
        self.run(sys.executable, "-m", "invoke", *words)

    def repository(self) -> None:
        """Make the workspace a repository with a remote that has its commit."""
        remote = tempfile.mkdtemp(dir=self._scratch)
        self.env |= {f"GIT_{who}_{what}": "bench@example.com" for who in ("AUTHOR", "COMMITTER") for what in _PERSON}
        self.run("git", "init", "--quiet", "--bare", remote)
        for words in (
            ("init", "--quiet", "--initial-branch=main"),
            ("add", "--all"),
            ("commit", "--quiet", "--message=All"),
            ("remote", "add", "origin", remote),
            ("push", "--quiet", "origin", "main"),
        ):
            self.run("git", *words)

    def uv_build(self) -> None:
        """Build all members of the workspace the way uv does."""
        self.run("uv", "build", "--all-packages", "--quiet", "--out-dir", "peer")

    def uv_publish(self, *, check: bool = False) -> None:
        """Upload what uv built."""
        self.run("uv", "publish", "--quiet", *self._peer_files(), without="" if check else "UV_PUBLISH_CHECK_URL")

    def python_build(self) -> None:
        """Build each package with `python -m build`."""
        for package in self.packages:
            self.run(sys.executable, "-m", "build", "--outdir", "../../peer", cwd=package)

    def twine_upload(self) -> None:
        """Upload with twine what was built."""
        self.run(sys.executable, "-m", "twine", "upload", "--non-interactive", *self._peer_files())

    def _peer_files(self) -> list[str]:
        return sorted(str(path) for path in (self.workspace / "peer").glob("*-*"))


def _filled(graph: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """Give each package a dozen modules more, so that there is something to build."""
    text = '"""A module."""\n\nVALUE = 1\n' * 40
    return {
        name: {
            **spec,
            "files": {
                f"src/maestro_{name.replace('-', '_')}/module_{number}.py": text for number in range(MODULES_EACH)
            },
        }
        for name, spec in graph.items()
    }


def building(bench: Bench, rounds: int) -> list[Row]:
    """Build everything, warm: nothing of ours is taken from the cache."""
    medians = interleave(
        {
            "ours": lambda: bench.invoke("build", "--all", "--rebuild"),
            "ours, unchanged": lambda: bench.invoke("build", "--all"),
            "uv build --all-packages": bench.uv_build,
            "python -m build, each": bench.python_build,
        },
        rounds=rounds,
    )
    targets = {"uv build --all-packages": 0.10, "python -m build, each": 0.02}
    return rows("build all, warm", medians, ours="ours", targets=targets) + rows(
        "build all, unchanged", medians, ours="ours, unchanged", targets=targets
    )


def publishing(bench: Bench, rounds: int) -> list[Row]:
    """Build, check, upload and verify to an empty index."""

    def before() -> None:
        bench.fresh_index()
        for folder in ("dist", "peer", ".maestro"):
            shutil.rmtree(bench.workspace / folder, ignore_errors=True)

    def by_uv() -> None:
        bench.uv_build()
        bench.uv_publish()

    def by_twine() -> None:
        bench.python_build()
        bench.twine_upload()

    medians = interleave(
        {
            "ours": lambda: bench.invoke("publish", "--all"),
            "uv build + uv publish": by_uv,
            "python -m build + twine upload": by_twine,
        },
        rounds=rounds,
        before=before,
    )
    targets = {"uv build + uv publish": 0.25, "python -m build + twine upload": 0.03}
    return rows("build, check, upload, verify", medians, ours="ours", targets=targets)


def again(bench: Bench, rounds: int) -> list[Row]:
    """Publish again with nothing changed; the peer is given its built files."""
    bench.fresh_index()
    bench.invoke("publish", "--all")
    shutil.rmtree(bench.workspace / "peer", ignore_errors=True)
    shutil.copytree(bench.workspace / "dist", bench.workspace / "peer")
    medians = interleave(
        {
            "ours": lambda: bench.invoke("publish", "--all"),
            "uv publish --check-url": lambda: bench.uv_publish(check=True),
        },
        rounds=rounds,
    )
    return rows("publish again, nothing changed", medians, ours="ours", targets={"uv publish --check-url": 1.0})


def latency(bench: Bench, rounds: int) -> list[Row]:
    """Upload built files to a server that takes 100 ms for every answer."""
    bench.fresh_index()
    bench.invoke("build", "--all")
    shutil.copytree(bench.workspace / "dist", bench.workspace / "peer", dirs_exist_ok=True)
    medians = interleave(
        {"ours": lambda: bench.invoke("publish", "--all"), "uv publish": bench.uv_publish},
        rounds=rounds,
        before=bench.fresh_index,
    )
    return rows("upload at 100 ms latency", medians, ours="ours", targets={"uv publish": 0.40})


def rehearsing(bench: Bench, rounds: int) -> list[Row]:
    """Rehearse a release, with its commit, tags and rules, beside the rehearsal of a publication alone."""
    bench.fresh_index()
    bench.repository()
    medians = interleave(
        {
            "ours": lambda: bench.invoke("release", "--all", "--push", "--dry-run"),
            "publish --all --dry-run": lambda: bench.invoke("publish", "--all", "--dry-run"),
        },
        rounds=rounds,
    )
    return rows("release --dry-run", medians, ours="ours", targets={"publish --all --dry-run": 1.5})


def starting(bench: Bench, scratch: Path, rounds: int) -> list[Row]:
    """Start-up, as everyone feels it."""
    (scratch / "empty").mkdir()
    (scratch / "empty" / "tasks.py").write_text(
        "from invoke import task\n\n@task\ndef nothing(c):\n    pass\n", encoding="utf-8"
    )
    medians = interleave(
        {
            "invoke --list": lambda: bench.run(sys.executable, "-m", "invoke", "--list", cwd=ROOT),
            "nox --list": lambda: bench.run(sys.executable, "-m", "nox", "--list", cwd=ROOT),
            "of an almost empty tasks.py": lambda: bench.run(
                sys.executable, "-m", "invoke", "--list", cwd=scratch / "empty"
            ),
        },
        rounds=rounds,
    )
    peer = {"of an almost empty tasks.py": 1.5}
    return rows("invoke --list", medians, ours="invoke --list", targets=peer) + rows(
        "nox --list", medians, ours="nox --list", targets=peer
    )


def scaling(scratch: Path, rounds: int) -> list[Row]:
    """From 13 to 130 to 500 packages, published to an empty index: at most linear."""
    seconds: dict[int, float] = {}
    for size in (len(THIRTEEN), 130, 500):
        bench = Bench(scratch / str(size), grown(size))
        try:
            medians = interleave(
                {"ours": lambda bench=bench: bench.invoke("publish", "--all")},  # type: ignore[misc]
                rounds=rounds,
                before=lambda bench=bench: _empty(bench),  # type: ignore[misc]
            )
        finally:
            bench.close()
        seconds[size] = medians["ours"] / size
    first = len(THIRTEEN)
    return [
        Row(
            work=f"publish {size} packages, each",
            peer=f"publish {first} packages, each",
            ours_seconds=seconds[size],
            peer_seconds=seconds[first],
            target=1.0,
        )
        for size in (130, 500)
    ]


def _empty(bench: Bench) -> None:
    bench.fresh_index()
    for folder in ("dist", ".maestro"):
        shutil.rmtree(bench.workspace / folder, ignore_errors=True)


def main() -> None:
    """Run the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="folder to write release.json to")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", choices=("building", "publishing", "again", "latency", "rehearsing", "starting", "scaling")
    )
    words = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        scratch = Path(folder)
        bench, slow = Bench(scratch / "near", THIRTEEN), Bench(scratch / "far", THIRTEEN, delay=0.1)
        parts: dict[str, Callable[[], list[Row]]] = {
            "building": lambda: building(bench, words.rounds),
            "publishing": lambda: publishing(bench, words.rounds),
            "again": lambda: again(bench, words.rounds),
            "latency": lambda: latency(slow, words.rounds),
            "rehearsing": lambda: rehearsing(bench, words.rounds),
            "starting": lambda: starting(bench, scratch, words.rounds),
            "scaling": lambda: scaling(scratch, max(1, words.rounds // 2)),
        }
        try:
            for name, part in parts.items():
                if words.only in (None, name):
                    found += part()
        finally:
            bench.close()
            slow.close()
    report("release", found, into=words.json)


if __name__ == "__main__":
    main()
