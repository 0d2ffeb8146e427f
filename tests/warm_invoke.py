"""`invoke` many times over without its start-up: a process with everything imported that forks a child for each run.

A child is a publisher like any other, with a process, working folder and environment of its own. It can be told to end
itself by SIGKILL right before its n-th step, as Python's audit events show them: a connection begun, a program
started, a file opened for writing, renamed, removed, a folder made. What happens in the folder for temporary files
does not count: its names are made up anew by each run, so no other can tell the difference.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from publishers import Finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ON_PATHS = frozenset(
    {"open", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "sqlite3.connect"}
)
_BUMP = ("griffe", "tomlkit")
_OTHERS = frozenset({"os.truncate", "socket.bind", "socket.connect", "subprocess.Popen"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmRun:
    """A run under way."""

    pid: int
    _answers: IO[str]
    _folder: Path

    def wait(self) -> Finished:
        """Wait for its end."""
        with self._answers:
            code = int(self._answers.readline())
        out, err = ((self._folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return Finished(code=code, out=out, err=err)

    @property
    def steps(self) -> int:
        """How many steps it took to its end; only of a run that was to die at a later one."""
        return int((self._folder / "steps").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmInvoke:
    """The process that forks; may be used from many threads at once."""

    process: subprocess.Popen[str]
    folder: Path
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def start(
        self,
        workspace: Path,
        *words: str,
        environment: Mapping[str, str],
        die_at: int | None = None,
        program: str | None = None,
    ) -> WarmRun:
        """Begin `invoke` with `words`; `die_at` is the step, from 1, before which it is killed.

        `program` is a module of the tests whose `main` takes the words instead.
        """
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        os.mkfifo(folder / "answers")
        asked = {
            "folder": str(folder),
            "workspace": str(workspace),
            "words": words,
            "die_at": die_at,
            "program": program,
        }
        with self._asking:
            assert self.process.stdin
            self.process.stdin.write(json.dumps({**asked, "environment": dict(environment)}) + "\n")
            self.process.stdin.flush()
        answers = (folder / "answers").open(encoding="utf-8")
        return WarmRun(pid=int(answers.readline()), _answers=answers, _folder=folder)

    def run(
        self,
        workspace: Path,
        *words: str,
        environment: Mapping[str, str],
        die_at: int | None = None,
        program: str | None = None,
    ) -> Finished:
        """Run what `start` begins to its end, or its death."""
        return self.start(workspace, *words, environment=environment, die_at=die_at, program=program).wait()


@contextmanager
def warm_invoke() -> Iterator[WarmInvoke]:
    """Lend a process that is ready to fork."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        process = subprocess.Popen([sys.executable, "-B", __file__], stdin=subprocess.PIPE, text=True)
        with process:
            yield WarmInvoke(process=process, folder=Path(folder))
            assert process.stdin
            process.stdin.close()


def _serve() -> None:
    """Fork for every line a keeper, which forks the publisher, and tells its process and then how it ended."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _keep(json.loads(line))


def _keep(asked: Mapping[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        _publish(asked)
    with Path(asked["folder"], "answers").open("w", encoding="utf-8") as answers:
        print(pid, file=answers, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=answers, flush=True)
    os._exit(0)


def _import_everything() -> None:
    import importlib
    import pkgutil

    import tooling

    for name in (
        "hatchling.build",
        "hatchling.builders.wheel",
        "hatchling.builders.sdist",
        "httpx2",
        "invoke.main",
        *_BUMP,
    ):
        importlib.import_module(name)
    for part in ("errors", "model", "plan", "effects", "explanations", "localnexus", "rules"):
        found = importlib.import_module(f"{tooling.__name__}.{part}")
        for module in pkgutil.iter_modules(getattr(found, "__path__", []), f"{found.__name__}."):
            importlib.import_module(module.name)


def _publish(asked: Mapping[str, Any]) -> None:
    """Be the publisher, and end as it ends; what it prints goes to two files."""
    import importlib

    import invoke.main

    os.chdir(asked["workspace"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    writing = os.O_WRONLY | os.O_CREAT
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, "out", writing), (2, "err", writing)):
        os.dup2(os.open(Path(asked["folder"], path), flags), number)
    if asked["die_at"] is not None:
        doom = _Doom(asked["die_at"])
        sys.addaudithook(doom)
        atexit.register(doom.tell, Path(asked["folder"], "steps"))
    if asked["program"] is not None:
        importlib.import_module(asked["program"]).main(asked["words"])
        sys.exit()
    sys.argv = ["invoke", *asked["words"]]
    invoke.main.program.run(sys.argv)
    sys.exit()


class _Doom:
    """An audit hook that ends the process before its n-th step."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._steps = itertools.count(1)
        self._temporary = tempfile.gettempdir()
        self._over = False
        self.taken = 0

    def tell(self, file: Path) -> None:
        """Write down how many steps were taken, which is none of them."""
        self._over = True
        file.write_text(str(self.taken), encoding="utf-8")

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._over and self._counts(event, arguments):
            step = next(self._steps)
            self.taken = max(step, self.taken)
            if step == self._step:
                os.kill(os.getpid(), signal.SIGKILL)

    def _counts(self, event: str, arguments: tuple[object, ...]) -> bool:
        if event in _OTHERS:
            return True
        if event not in _ON_PATHS or (event == "open" and not _is_for_writing(arguments[2])):
            return False
        path = Path(arguments[0]) if isinstance(arguments[0], str | Path) else None
        return path is not None and path.is_absolute() and not path.is_relative_to(self._temporary)


def _is_for_writing(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & _WRITING)


if __name__ == "__main__":
    _serve()
