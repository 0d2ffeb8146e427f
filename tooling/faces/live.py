"""How a run is shown while it goes on: a bar for each file on a terminal, a line for each event elsewhere."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from tooling.faces.words import size_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from tooling.effects.progress import Watcher
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.outcomes import Outcome


class Lines:
    """A watcher that writes one line per event; whole lines, whatever the threads do."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def says(self, line: str) -> None:
        """Write the sentence."""
        with self._lock:
            print(line, file=self._stream, flush=True)

    def built(self, package: Package, how: str) -> None:
        """Say how the package's artifacts were made."""
        self.says(f"built     {package.distribution} {package.version} ({how})")

    def uploading(self, artifact: Artifact) -> None:
        """Say nothing: the line that follows tells the result."""

    def sent(self, artifact: Artifact, size: int) -> None:
        """Say nothing: bytes are for bars."""

    def settled(self, artifact: Artifact, outcome: Outcome, detail: str) -> None:
        """Say what became of the file."""
        more = f" ({detail})" if detail else ""
        self.says(f"{outcome.value:<9} {artifact.filename}, {size_in_words(artifact.size)}{more}")

    def verified(self, name: str) -> None:
        """Say that the index shows the package as it was sent."""
        self.says(f"verified  {name}")


class Bars(Lines):
    """A watcher for terminals: lines scroll above, one bar for each file on its way stays below them.

    The display begins with the first file, so that it does not write over a prompt.
    """

    def __init__(self, progress: Progress) -> None:
        super().__init__(sys.stdout)
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def says(self, line: str) -> None:
        """Print above the bars, as it is."""
        self._progress.console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def uploading(self, artifact: Artifact) -> None:
        """Begin the file's bar."""
        self._progress.start()
        self._tasks[artifact.filename] = self._progress.add_task(artifact.filename, total=artifact.size)

    def sent(self, artifact: Artifact, size: int) -> None:
        """Move the file's bar."""
        self._progress.advance(self._tasks[artifact.filename], size)

    def settled(self, artifact: Artifact, outcome: Outcome, detail: str) -> None:
        """End the file's bar and say what became of it."""
        task = self._tasks.pop(artifact.filename, None)
        if task is not None:
            self._progress.remove_task(task)
        super().settled(artifact, outcome, detail)


@contextmanager
def watching(*, json: bool) -> Iterator[Watcher]:
    """Watch a run: bars on a terminal, lines elsewhere; with `json`, lines on standard error."""
    if json or not sys.stdout.isatty():
        yield Lines(sys.stderr if json else sys.stdout)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    progress = Progress(*columns, transient=True)
    try:
        yield Bars(progress)
    finally:
        progress.stop()
