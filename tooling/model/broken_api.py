"""A package whose public API broke while its version does not say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenApi:
    """`what` broke since the release `since`, as clauses; `least` is the smallest version that would tell it."""

    since: Version
    least: Version
    what: tuple[str, ...]
