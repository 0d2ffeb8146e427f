"""How a run is shown: lines, bars, and readers who leave."""

from __future__ import annotations

import io
import threading

import pytest
from factories import make_artifact, make_package
from rich.console import Console
from rich.progress import Progress

from tooling.faces.live import Bars, Lines, watching
from tooling.plan.outcomes import Outcome

LOG = make_package("core-logging")
WHEEL = make_artifact(LOG, content=b"x" * 2000)


def test_each_event_is_a_line() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    lines.says("a sentence [bold]as it is[/]")
    lines.built(LOG, "built in process")
    lines.uploading(WHEEL)
    lines.sent(WHEEL, 1000)
    lines.settled(WHEEL, Outcome.UPLOADED, "at attempt 2")
    lines.verified("core-logging")
    assert stream.getvalue().splitlines() == [
        "a sentence [bold]as it is[/]",
        "built     maestro-core-logging 1.0.0 (built in process)",
        f"uploaded  {WHEEL.filename}, 2.0 kB (at attempt 2)",
        "verified  core-logging",
    ]


def test_lines_of_many_threads_are_whole() -> None:
    stream = io.StringIO()
    lines, together = Lines(stream), threading.Barrier(8)

    def speak(letter: str) -> None:
        together.wait()
        for _ in range(50):
            lines.says(letter * 40)

    threads = [threading.Thread(target=speak, args=(letter,)) for letter in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = stream.getvalue().splitlines()
    assert len(written) == 400
    assert all(line == line[0] * 40 for line in written)


def test_bars_begin_with_the_first_file_and_are_gone_after_the_last() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=40)
    progress = Progress(console=console, transient=True, auto_refresh=False)
    bars = Bars(progress)
    bars.says("before: a line that is much longer than the terminal is wide, :smile: [red]and so on[/]")
    begun = [progress.live.is_started]
    bars.uploading(WHEEL)
    begun.append(progress.live.is_started)
    assert begun == [False, True]
    bars.sent(WHEEL, 2000)
    assert progress.tasks[0].completed == 2000
    bars.sent(WHEEL, -2000)
    assert progress.tasks[0].completed == 0
    bars.settled(WHEEL, Outcome.UPLOADED, "")
    assert progress.tasks == []
    progress.stop()
    assert (
        "before: a line that is much longer than the terminal is wide, :smile: [red]and so on[/]" in written.getvalue()
    )
    assert f"uploaded  {WHEEL.filename}, 2.0 kB" in written.getvalue()


def test_a_file_that_was_never_begun_ends_without_a_bar() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=100)
    Bars(Progress(console=console)).settled(WHEEL, Outcome.HELD, "not tried")
    assert "held" in written.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_for_programs_lines_go_to_standard_error(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with watching(json=as_json) as watcher:
        watcher.says("a sentence")
    out, err = capsys.readouterr()
    assert (out, err) == (("", "a sentence\n") if as_json else ("a sentence\n", ""))
