"""Builds with hatchling in this process, as its own PEP 517 hooks do, but for a folder that is named.

The hooks take the working folder for the project, and that belongs to every thread of the process; the builders below
them take a path. The variables they read (SOURCE_DATE_EPOCH, HATCH_*) are held still while one build at a time runs.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

from tooling.effects.source_tree import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.model.artifact import Kind

_ONE_AT_A_TIME = threading.Lock()


def build_in_process(source: Path, into: Path, kinds: tuple[Kind, ...]) -> tuple[Path, ...]:
    """Build the project in `source` into the folder `into`, one file for each kind, in that order.

    Raises whatever hatchling raises for a project it cannot build; where it would end the process, a `RuntimeError`.
    """
    from hatchling.builders.sdist import SdistBuilder
    from hatchling.builders.wheel import WheelBuilder

    builders = {"wheel": WheelBuilder, "sdist": SdistBuilder}
    made = []
    with _ONE_AT_A_TIME, _fixed_variables():
        for kind in kinds:
            try:
                files = builders[kind](str(source)).build(directory=str(into), versions=["standard"])
                made.append(Path(next(files)))
            except SystemExit as error:
                message = f"hatchling gave up with exit code {error.code}"
                raise RuntimeError(message) from error
            except BaseException as error:
                _discard_unfinished(error)
                raise
    return tuple(made)


@contextmanager
def _fixed_variables() -> Iterator[None]:
    names = [name for name in os.environ if name.startswith("HATCH_") or name == "SOURCE_DATE_EPOCH"]
    before = {name: os.environ.pop(name) for name in names}
    os.environ["SOURCE_DATE_EPOCH"] = str(EPOCH)
    try:
        yield
    finally:
        del os.environ["SOURCE_DATE_EPOCH"]
        os.environ.update(before)


def _discard_unfinished(error: BaseException) -> None:
    """Close and remove the archive that was being written: hatchling leaves it among the system's temporary files."""
    from hatchling.builders.sdist import SdistArchive
    from hatchling.builders.wheel import WheelArchive

    for frame, _ in walk_tb(error.__traceback__):
        archive = frame.f_locals.get("archive")
        if isinstance(archive, SdistArchive | WheelArchive):
            with suppress(OSError):  # what is still in its buffer may have no room either
                archive.fd.close()
            Path(archive.path).unlink(missing_ok=True)
