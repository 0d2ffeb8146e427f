"""Explanations of the PB codes: publishing and verifying."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {}
