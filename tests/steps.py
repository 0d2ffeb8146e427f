"""Deaths counted in steps, never timed: at step 1, 2, 3 … until somebody survives."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from publishers import Finished

KILLED = -signal.SIGKILL
AT_ONCE = 4
PATIENCE = 30.0  # seconds after which a process that was killed does live


def at_every_step(attempt: Callable[[int], Finished], *, first: int = 1) -> int:
    """Make attempts that end at step `first` and each later one until one survives, with code 0.

    Returns how many did not.
    """
    numbers = count(first)
    survived: dict[int, Finished] = {}

    def work() -> None:
        while not survived:
            step = next(numbers)
            finished = attempt(step)
            if finished.code != KILLED:
                survived[step] = finished

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        for done in [pool.submit(work) for _ in range(AT_ONCE)]:
            done.result()
    assert all(finished.code == 0 for finished in survived.values()), survived
    return min(survived) - first


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def all_end(pids: Iterable[int]) -> bool:
    """Wait until these processes have ended, which one that was sent SIGKILL does when its turn comes."""
    last = time.monotonic() + PATIENCE
    left = set(pids)
    while left and time.monotonic() < last:
        left = {pid for pid in left if lives(pid)}
        os.sched_yield()
    return not left
