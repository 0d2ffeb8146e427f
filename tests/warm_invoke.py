"""`invoke` many times over without its start-up: a process with everything imported that forks a child for each run.

A child is a publisher like any other, with a process, working folder and environment of its own. It can be told to end
itself by SIGKILL right before its n-th step, counted by Python's audit events: files opened for writing, renamed,
removed, folders made, connections begun, programs started.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from publishers import Finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STEPS = frozenset(
    {
        *("os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
        *("socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen"),
    }
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRun:
    """A run under way; one at a time."""

    pid: int
    _answers: IO[str]
    _folder: Path

    def wait(self) -> Finished:
        """Wait for its end."""
        code = int(json.loads(self._answers.readline())["code"])
        out, err = ((self._folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return Finished(code=code, out=out, err=err)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmInvoke:
    """The process that forks."""

    process: subprocess.Popen[str]
    folder: Path

    def start(self, workspace: Path, *words: str, environment: Mapping[str, str], die_at: int | None = None) -> WarmRun:
        """Begin `invoke` with `words`; `die_at` is the step, from 1, before which it is killed."""
        assert self.process.stdin
        assert self.process.stdout
        asked = {"folder": str(workspace), "words": words, "environment": dict(environment), "die_at": die_at}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        pid = int(json.loads(self.process.stdout.readline())["pid"])
        return WarmRun(pid=pid, _answers=self.process.stdout, _folder=self.folder)

    def run(self, workspace: Path, *words: str, environment: Mapping[str, str], die_at: int | None = None) -> Finished:
        """Run `invoke` with `words` to its end, or its death."""
        return self.start(workspace, *words, environment=environment, die_at=die_at).wait()


@contextmanager
def warm_invoke() -> Iterator[WarmInvoke]:
    """Lend a process that is ready to fork."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-B", __file__, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            yield WarmInvoke(process=process, folder=Path(folder))
            assert process.stdin
            process.stdin.close()


def _serve(folder: Path) -> None:
    """Fork for every line; what a child prints goes to two files in `folder`."""
    _import_everything()
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(folder, asked)
        _tell(pid=pid)
        _tell(code=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _import_everything() -> None:
    import importlib
    import pkgutil

    import invoke.main

    import tooling

    for name in ("hatchling.build", "hatchling.builders.wheel", "hatchling.builders.sdist", "httpx2", "keyring"):
        importlib.import_module(name)
    for part in ("errors", "model", "plan", "effects", "explanations", "localnexus", "rules"):
        found = importlib.import_module(f"{tooling.__name__}.{part}")
        for module in pkgutil.iter_modules(getattr(found, "__path__", []), f"{found.__name__}."):
            importlib.import_module(module.name)
    assert invoke.main.program


def _become(folder: Path, asked: Mapping[str, Any]) -> None:
    """Be the publisher, and end as it ends."""
    import invoke.main

    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, folder / "out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, folder / "err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(path, flags), number)
    if asked["die_at"] is not None:
        sys.addaudithook(_Doom(asked["die_at"]))
    sys.argv = ["invoke", *asked["words"]]
    sys.exit(invoke.main.program.run(sys.argv))


class _Doom:
    """An audit hook that ends the process before its n-th step."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._steps = itertools.count(1)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
        if (writes or event in STEPS) and next(self._steps) == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


def _tell(**facts: int) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
