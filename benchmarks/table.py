"""The measured ratios as the documents show them: `python benchmarks/table.py tooling` or `packages`, to paste.

The root README shows those of the tooling, `benchmarks/README.md` those of the packages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = ("tooling", "packages")


def table(part: str) -> str:
    """Make one Markdown table of all results of a part, with when and on what each was measured above it."""
    packages = {path.parent.name for path in HERE.parent.glob("packages/*/pyproject.toml")}
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((HERE / "results").glob("*.json"))
        if (path.stem in packages) == (part == "packages")
    }
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
            lines.append(f"| {subject} | {row['work']} | {row['peer']} | {row['ratio']:.3g} | {target}{missed} |")
    return "\n".join(lines)


if __name__ == "__main__":
    (part,) = sys.argv[1:] or ("",)
    if part not in PARTS:
        sys.exit(f"Say which part: {' or '.join(PARTS)}.")
    print(table(part))
