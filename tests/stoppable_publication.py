"""A program that publishes and is interrupted: `python stoppable_publication.py FOLDER MODE`.

It says what it is doing on standard output and waits there until it is told to go on:

    finish   uploading, until a line comes on standard input
    abandon  uploading, until the connection is cut
    look     reading pages, until the connection is cut
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from factories import make_package
from fake_publication import Stage
from invoke.context import Context
from invoke.exceptions import Exit
from memory_index import MemoryIndex

from tooling.errors import StoppedError
from tooling.faces.live import Lines
from tooling.faces.program import command
from tooling.faces.publish import show

if TYPE_CHECKING:
    from collections.abc import Callable

    from tooling.model.artifact import Artifact
    from tooling.plan.answers import Answer
    from tooling.plan.snapshot import Project


@dataclass(slots=True, kw_only=True)
class WaitingIndex(MemoryIndex):
    """Waits inside its first upload, or inside the reading of a page."""

    mode: str
    cut: threading.Event = field(default_factory=threading.Event)

    def project(self, distribution: str) -> Project:
        """Read a page, in its time."""
        if self.mode == "look":
            self._wait("looking")
        return MemoryIndex.project(self, distribution)

    def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        """Take a file, in its time."""
        if self.mode == "finish":
            print("uploading", flush=True)  # noqa: T201 - it is what the test waits for
            sys.stdin.readline()
        if self.mode == "abandon":
            self._wait("uploading")
        return MemoryIndex.upload(self, artifact, sent)

    def _wait(self, doing: str) -> None:
        print(doing, flush=True)  # noqa: T201 - it is what the test waits for
        self.cut.wait()
        raise StoppedError("IX27", "A request was cut off.", "Run again.")


@command(flags={"json": "as publish has it"})
def publish(_context: object, *, json: bool = False) -> int:
    """Publish two packages, one after the other."""
    folder, mode = sys.argv[1:]
    index = WaitingIndex(mode=mode)
    packages = [make_package("core-logging"), make_package("resilience", needs=["maestro-core-logging>=1.0"])]
    stage = Stage(folder=Path(folder), packages=packages, index=index, watcher=Lines(sys.stderr))
    stage.connect.abandon = index.cut.set
    report = stage.run()
    show(report, json=json)
    return report.exit_code


if __name__ == "__main__":
    try:
        publish(Context(), json=True)
    except Exit as end:
        sys.exit(end.code)
