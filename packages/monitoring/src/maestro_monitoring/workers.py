"""Several worker processes as one service: prometheus-client's multiprocess files, kept few and free of the dead.

Every worker writes its numbers to files in PROMETHEUS_MULTIPROC_DIR, which have to be there before prometheus-client is
imported, and whoever is scraped adds them up. Here the files of workers that have ended, killed ones too, are joined
into one per kind before each scrape, so that totals stay right and no pile grows. All of it happens under one file
lock, and a merge that is cut off at any instant is finished by the next scrape.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

__all__ = ["clear_worker_files", "collect_workers", "worker_files"]

_ARCHIVE = "0"  # no process has it, so no worker's file is called so
_JOURNAL = "maestro-merge.json"
_LOCK = "maestro-scrape.lock"

Entry = tuple[float, float]  # a value, and when it was set, as gauges of the mode `mostrecent` keep it


def _added(one: Entry, other: Entry) -> Entry:
    return one[0] + other[0], 0.0


def _later(one: Entry, other: Entry) -> Entry:
    return max(one, other, key=itemgetter(1))


_JOINED: dict[str, Callable[[Entry, Entry], Entry]] = {
    **dict.fromkeys(("counter", "histogram", "summary", "gauge_sum"), _added),
    "gauge_max": max,
    "gauge_min": min,
    "gauge_mostrecent": _later,
}
"""How the files of workers that have ended become one, by kind. Gauges of the mode `all` stay as they are: each
worker's value is a series of its own."""


def worker_files() -> Path | None:
    """The folder of the workers' files; None when there is one process only."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


def clear_worker_files(folder: Path | str | None = None) -> None:
    """Make the folder, and empty it of what an earlier run has left; to be called by the parent before any worker runs.

    Args:
        folder: PROMETHEUS_MULTIPROC_DIR when None; ValueError when that is not set either.
    """
    chosen = worker_files() if folder is None else Path(folder)
    if chosen is None:
        raise ValueError("PROMETHEUS_MULTIPROC_DIR is not set; set it for the parent and all its workers.")
    chosen.mkdir(parents=True, exist_ok=True)
    with _locked(chosen):
        for path in [*chosen.glob("*.db"), *chosen.glob("*.draft"), chosen / _JOURNAL]:
            path.unlink(missing_ok=True)


def collect_workers(folder: Path) -> list[Metric]:
    """The metrics of all workers together; those of dead ones are in counters, histograms and summaries for ever."""
    with _locked(folder):
        _finish_merge(folder)
        _bury(folder)
        merge: Any = MultiProcessCollector.merge  # prometheus-client's types end here
        return list(merge([str(path) for path in _written(folder)]))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; the system lets go of the lock of one that is killed."""
    with (folder / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _written(folder: Path) -> list[Path]:
    """The files that hold something: one that its worker has only just opened has no length yet."""
    return [path for path in sorted(folder.glob("*.db")) if _size(path)]


def _size(path: Path) -> int:
    """A server of workers may have its own hook that removes files, so 0 for one that is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _bury(folder: Path) -> None:
    """Forget live gauges of workers that have ended, and join their other files."""
    gone = [path for path in sorted(folder.glob("*.db")) if not _is_alive(path.stem.rpartition("_")[2])]
    for path in gone:
        if path.name.startswith("gauge_live") or not _size(path):
            path.unlink(missing_ok=True)
    dead = [path for path in gone if path.exists()]
    merged = {kind: [path for path in dead if path.name.startswith(f"{kind}_")] for kind in _JOINED}
    if any(merged.values()):
        _merge(folder, {kind: paths for kind, paths in merged.items() if paths})


def _is_alive(pid: str) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not."""
    if pid == _ARCHIVE or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:1]
    except OSError:
        return True  # no /proc here
    return state != [b"Z"]


def _merge(folder: Path, dead: dict[str, list[Path]]) -> None:
    """Add the files of the dead to the archives. What the journal names is done, whatever happens from there on."""
    file: Any = MmapedDict
    for kind, paths in dead.items():
        archive, draft = _archive(folder, kind), folder / f"{kind}.draft"
        entries: dict[str, Entry] = {}
        for path in [archive, *paths] if archive.exists() else paths:
            for key, value, at, _ in file.read_all_values_from_file(str(path)):
                entries[key] = _JOINED[kind](entries[key], (value, at)) if key in entries else (value, at)
        draft.unlink(missing_ok=True)
        written = file(str(draft))
        for key, entry in entries.items():
            written.write_value(key, *entry)
        written.close()
    journal = folder / f"{_JOURNAL}.draft"
    journal.write_text(json.dumps({kind: [path.name for path in paths] for kind, paths in dead.items()}))
    journal.replace(folder / _JOURNAL)
    _finish_merge(folder)


def _finish_merge(folder: Path) -> None:
    """Put drafts in place of archives and remove what they contain; from any point at which it was cut off."""
    journal = folder / _JOURNAL
    if not journal.exists():
        return
    for kind, names in json.loads(journal.read_text()).items():
        with contextlib.suppress(FileNotFoundError):  # done before
            (folder / f"{kind}.draft").replace(_archive(folder, kind))
        for name in names:
            (folder / name).unlink(missing_ok=True)
    journal.unlink()


def _archive(folder: Path, kind: str) -> Path:
    return folder / f"{kind}_{_ARCHIVE}.db"
