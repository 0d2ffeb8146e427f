"""Explanations of the SV codes: the embedded index server."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {}
