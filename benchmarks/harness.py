"""Measures our way and the peers' ways side by side, so that a ratio survives a noisy machine.

Every round runs each contender once, in turn; a row compares medians of the same rounds. Each benchmark script builds
a list of `Row` and hands it to `report`, which prints a table and writes JSON when asked to.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison: medians in seconds per unit of work; `target` is the highest ratio accepted (None: report)."""

    work: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    target: float | None

    @property
    def ratio(self) -> float:
        """Our median over the peer's: below 1 we are faster."""
        return self.ours_seconds / self.peer_seconds

    @property
    def met(self) -> bool:
        """Whether the ratio is within the target; a row without a target is always met."""
        return self.target is None or self.ratio <= self.target


def interleave(
    contenders: Mapping[str, Callable[[], None]],
    *,
    rounds: int = 5,
    repeat: int = 1,
    before: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Run each contender `repeat` times a round, all of them in every round; return the median seconds per call.

    The first round warms up and is not counted. The collector is off inside a timed stretch, for all alike. `before`
    runs ahead of every stretch and is not timed: it puts the world back to where each contender has to begin.
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for counted in range(rounds + 1):
        for name, work in contenders.items():
            before()
            seconds = _timed(work, repeat) / repeat
            if counted:
                samples[name].append(seconds)
    return {name: statistics.median(values) for name, values in samples.items()}


def _timed(work: Callable[[], None], repeat: int) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        for _ in range(repeat):
            work()
        return time.perf_counter() - start
    finally:
        gc.enable()


def rows(work: str, medians: Mapping[str, float], *, ours: str, targets: Mapping[str, float | None]) -> list[Row]:
    """Turn medians into rows: `ours` against every peer that `targets` names."""
    return [
        Row(work=work, peer=peer, ours_seconds=medians[ours], peer_seconds=medians[peer], target=target)
        for peer, target in targets.items()
    ]


def report(subject: str, results: Sequence[Row], *, into: Path | None = None) -> None:
    """Print the rows; with `into`, also write `<into>/<subject>.json`."""
    print(f"\n{subject}")
    for row in results:
        wanted = "no target" if row.target is None else f"target {row.target:g}, {'met' if row.met else 'MISSED'}"
        print(
            f"  {row.work:<44} {row.ours_seconds * 1e6:>12.2f} us   "
            f"{row.peer:<34} {row.peer_seconds * 1e6:>12.2f} us   {row.ratio:>7.3f} x  ({wanted})"
        )
    sys.stdout.flush()
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        measured = [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in results]
        body = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine, "rows": measured}
        (into / f"{subject}.json").write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
