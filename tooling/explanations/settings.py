"""Explanations of the ST codes: settings, credentials and selection."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {}
