"""The README's words on a fresh clone, by somebody who has Python, git and nothing of ours."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index
from publishers import ROOT, Finished, index_access

if TYPE_CHECKING:
    from collections.abc import Mapping

README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
CONSOLE = re.findall(r"^```console\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
PATIENCE = 600.0  # seconds after which a run hangs, also one that installs everything from afar on a busy machine
SERVING = re.compile(r"http://127\.0\.0\.1:[1-9]\d*(?=/)")

MASKS = (
    (re.compile(r"in \d+\.\d s\b"), "in # s"),
    (re.compile(r"\b\d+(\.\d)? (B|kB|MB)\b"), "# bytes"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "#hash"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d+"), "#port"),
    (re.compile(r"(?<!\S)/[\w./-]*\w"), "#path"),
    (re.compile(r"(?<=hatchling )[\d.]*\d"), "#version"),
    (re.compile(r"(?<=\S) {2,}"), "  "),
)
"""What differs from run to run or from release to release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A clone, and how its owner's shell is set up; `environment` is the virtual environment that is active."""

    folder: Path
    environment: Path
    home: Path
    umask: int = 0o022
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, script: str, **variables: str) -> subprocess.Popen[str]:
        """Begin a shell script in the clone; what it runs gets signals of its own."""
        return subprocess.Popen(
            ["/bin/sh", "-c", script],
            cwd=self.folder,
            env=_plain(self.home)
            | {"PATH": f"{self.environment / 'bin'}{os.pathsep}{_path()}", "VIRTUAL_ENV": str(self.environment)}
            | dict(self.variables)
            | variables,
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, **variables: str) -> Finished:
        """Run a shell script in the clone."""
        with self.start(script, **variables) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return Finished(code=process.returncode, out=out, err=err)


def _path() -> str:
    """The search path without the environment that these tests run in."""
    own = Path(sys.executable).parent
    return os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if Path(each) != own)


def _plain(home: Path) -> dict[str, str]:
    """A home, a language, and how this machine reaches its package index."""
    home.mkdir(parents=True, exist_ok=True)
    return index_access() | {"HOME": str(home), "PATH": _path(), "LANG": "C.UTF-8"}


def _cloned(folder: Path, home: Path, umask: int = 0o022) -> Path:
    command = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)]
    subprocess.run(command, env=_plain(home), umask=umask, check=True)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty virtual environment, made as people make them."""
    folder = tmp_path_factory.mktemp("environment") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], env=_plain(folder.parent / "home"), check=True)
    return folder


@pytest.fixture(scope="module")
def first(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, Finished]:
    """A clone in which the README's first command has been run, and what that said."""
    folder = tmp_path_factory.mktemp("first")
    home = folder / "home"
    clone = Clone(folder=_cloned(folder / "maestro-platform", home), environment=environment, home=home)
    return clone, clone.run(SHELL[0])


@pytest.fixture
def clone(first: tuple[Clone, Finished], tmp_path: Path) -> Clone:
    """Another clone, in which nothing was done yet, with an environment in which `invoke` is there."""
    clone, done = first
    assert done.code == 0, done.said
    return Clone(folder=_cloned(tmp_path / "clone", clone.home), environment=clone.environment, home=clone.home)


def _packages(clone: Clone) -> list[str]:
    return sorted(f"maestro-{each.parent.name}" for each in clone.folder.glob("packages/*/pyproject.toml"))


def _rows(done: Finished) -> list[tuple[str, str, str]]:
    """Package, kind and outcome of each line of the table."""
    found = re.findall(
        r"^(maestro-[\w-]+) +\S+ +(wheel|sdist) +(\w+) +[\d.]+ k?B +[0-9a-f]{12}$", done.out, re.MULTILINE
    )
    return sorted(found)


def test_the_first_command_publishes_everything(first: tuple[Clone, Finished]) -> None:
    clone, done = first
    names = _packages(clone)
    assert (done.code, done.err) == (0, ""), done.said
    assert _rows(done) == sorted((name, kind, "uploaded") for name in names for kind in ("wheel", "sdist"))
    assert f"\n{2 * len(names)} uploaded, in " in done.out


def test_publishing_again_finds_everything_present(first: tuple[Clone, Finished]) -> None:
    clone, _ = first
    again = clone.run(SHELL[0].split("&&")[1])
    names = _packages(clone)
    assert (again.code, again.err) == (0, ""), again.said
    assert _rows(again) == sorted((name, kind, "present") for name in names for kind in ("wheel", "sdist"))
    assert f"\n{2 * len(names)} present, in " in again.out
    left = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone.folder, capture_output=True, text=True, check=True
    )
    assert left.stdout == "", "what is made is ignored by git"


def test_each_package_installs_alone_in_every_way_and_all_of_it_imports(first: tuple[Clone, Finished]) -> None:
    clone, _ = first
    proof = clone.run("invoke verify --all --install --json")
    assert proof.code == 0, proof.said
    installs = json.loads(proof.out)["installs"]
    assert {f"maestro-{each['name']}" for each in installs} == set(_packages(clone))
    assert {each["outcome"] for each in installs} == {"proven"}


def test_clones_of_other_people_in_other_places_build_the_same_bytes(clone: Clone, tmp_path: Path) -> None:
    people = (
        Clone(
            folder=_cloned(tmp_path / "a", clone.home, umask=0o077),
            environment=clone.environment,
            home=clone.home,
            umask=0o077,
            variables={"TZ": "Asia/Kolkata", "LANG": "C"},
        ),
        Clone(
            folder=_cloned(tmp_path / "a much longer name/of a folder", clone.home, umask=0o002),
            environment=clone.environment,
            home=clone.home,
            umask=0o002,
            variables={"TZ": "America/St_Johns", "LC_ALL": "en_US.UTF-8"},
        ),
    )
    built = [json.loads(each.run("invoke build --all --json").out)["artifacts"] for each in people]
    one, other = ({Path(file["file"]).name: file["sha256"] for file in files} for files in built)
    assert len(one) == 2 * len(_packages(clone))
    assert one == other


def test_what_the_readme_shows_is_what_its_commands_print(clone: Clone) -> None:
    """Its console blocks, run in order; a mismatch shows all of them as they would be now."""
    assert CONSOLE
    actual = [_replayed(clone, block) for block in CONSOLE]
    shown = "\n".join(f"```console\n{block}```\n" for block in actual)
    assert [_comparable(each) for each in CONSOLE] == [_comparable(each) for each in actual], f"\n{shown}"


def _replayed(clone: Clone, block: str) -> str:
    """A block with its commands, and what they print now."""
    said = ""
    for command in re.findall(r"^\$ (.+)$", block, flags=re.MULTILINE):
        done = clone.run(command)
        assert done.code == 0, done.said
        said += f"$ {command}\n{done.out}{done.err}"
    return said.replace(str(clone.folder), "/home/you/maestro-platform")


def _comparable(block: str) -> list[list[str]]:
    """Paragraphs of lines, masked; the lines of progress, which come as things happen, in order of the alphabet."""
    masked = block
    for pattern, name in MASKS:
        masked = pattern.sub(name, masked)
    paragraphs = [paragraph.splitlines() for paragraph in masked.strip().split("\n\n")]
    return [sorted(lines) if lines[0].startswith("$ ") else lines for lines in paragraphs]


def test_the_commands_for_a_server_of_ones_own_fill_it(clone: Clone, tmp_path: Path) -> None:
    """The block that exports NEXUS_URL and the rest, with the values of a server that is there."""
    script = next(block for block in SHELL if "export NEXUS_URL" in block)
    with observed_index(tmp_path / "index") as index:
        for name, value in index.variables.items():
            script, replaced = re.subn(rf"(?m)^export {name}=.*$", f"export {name}={shlex.quote(value)}", script)
            assert replaced == 1
        done = clone.run(script)
        assert done.code == 0, done.said
        assert {name: len(files) for name, files in index.pages().items()} == dict.fromkeys(_packages(clone), 2)
    assert not (clone.folder / ".nexus").exists()


def test_what_a_publish_says_installs_from_the_index_that_is_kept_up(clone: Clone, tmp_path: Path) -> None:
    """`invoke nexus.serve`, the lines for pip and uv that a publish ended with, and Ctrl-C."""
    assert "invoke nexus.serve\n" in SHELL
    done = clone.run("invoke publish --all")
    lines = [line.strip() for line in done.out.splitlines() if " install --index-url " in line]
    assert [line.split()[0] for line in lines] == ["pip", "uv"], done.said
    serving = clone.start("exec invoke nexus.serve --port 0")
    try:
        assert serving.stdout is not None
        found = SERVING.search(serving.stdout.readline())
        assert found
        for number, line in enumerate(lines):
            _installs(clone, SERVING.sub(found[0], line), tmp_path / f"environment-{number}")
    finally:
        serving.send_signal(signal.SIGINT)
        _, said = serving.communicate(timeout=PATIENCE)
    assert (serving.returncode, said) == (0, "")


def _installs(clone: Clone, line: str, environment: Path) -> None:
    """Run it with an environment of its own active, where everything installed then imports."""
    uv = shlex.quote(str(clone.environment / "bin/uv"))
    made = clone.run(f"{uv} venv --quiet {shlex.quote(str(environment))}")
    assert made.code == 0, made.said
    active = {"VIRTUAL_ENV": str(environment), "PIP_PYTHON": str(environment / "bin/python"), "PIP_FIND_LINKS": ""}
    done = clone.run(line, **active)
    assert done.code == 0, done.said
    modules = ", ".join(name.replace("-", "_") for name in _packages(clone))
    imported = clone.run(f"{environment / 'bin/python'} -I -c 'import {modules}'")
    assert imported.code == 0, imported.said


def test_the_command_that_tests_everything_knows_every_package(clone: Clone) -> None:
    """Only listed here: its sessions are run by whoever runs these tests."""
    assert SHELL[1].endswith("&& nox -s test\n")
    listed = clone.run("nox -s test --list")
    assert listed.code == 0, listed.said
    for name in [*(each.removeprefix("maestro-") for each in _packages(clone)), "tooling"]:
        assert f"test({name})" in listed.out
