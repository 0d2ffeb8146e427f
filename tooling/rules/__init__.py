"""What every package must look like: one small rule each, with a code, a title and how to fix it."""

from __future__ import annotations

from tooling.rules.checking import Meaning, Report, catalogue, check
from tooling.rules.repository import readme_with_row
from tooling.rules.rule import Finding
from tooling.rules.subject import House

__all__ = ["Finding", "House", "Meaning", "Report", "catalogue", "check", "readme_with_row"]
