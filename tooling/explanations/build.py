"""Explanations of the BD codes: building and checking artifacts."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {}
