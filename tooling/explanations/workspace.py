"""Explanations of the WS codes: the workspace and its packages."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {}
