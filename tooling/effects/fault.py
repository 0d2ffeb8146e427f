"""One thing that is wrong with an artifact."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The `code` of its kind, `what` is wrong as a clause without a full stop, and the `remedy` as a sentence."""

    code: str
    what: str
    remedy: str
