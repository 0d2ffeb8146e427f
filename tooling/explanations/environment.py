"""Explanations of the EN codes: programs and environments on this machine."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {}
