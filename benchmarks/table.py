"""The measured ratios as the README shows them; `python benchmarks/table.py` prints the table to paste."""

from __future__ import annotations

import json
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


def table() -> str:
    """Make one Markdown table of all results, with when and on what each was measured above it."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
    origins = sorted({f"{each['date']} ({each['machine']})" for each in found.values()})
    lines = [
        f"Measured {'; '.join(origins)}. Time of ours over time of the peer's, both in the same run, medians.",
        "",
        "| Of | Work | Peer | Ratio | Target |",
        "| --- | --- | --- | --- | --- |",
    ]
    for subject, each in found.items():
        for row in each["rows"]:
            target = "-" if row["target"] is None else f"{row['target']:.3g}"
            missed = "" if row["met"] else ", missed"
            name = subject.replace("_", "-")
            lines.append(f"| {name} | {row['work']} | {row['peer']} | {row['ratio']:.3g} | {target}{missed} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
