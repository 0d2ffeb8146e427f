"""Where a setting's value comes from, and what else would have been there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .merging import given
from .paths import Path, render

if TYPE_CHECKING:
    from .layers import Precedence
    from .masking import Mask
    from .merging import Fitted, Said

__all__ = ["Candidate", "Origin", "origin_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What one source says about a setting.

    `precedence` is its place in the order, `value` what it says, `***` for a secret; `line` counts from 1.
    """

    precedence: Precedence
    source: str
    value: Any
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source}:{self.line}"
        if self.variable is not None:
            where = f"{self.variable} in {where}" if self.line is not None else f"{self.variable} ({where})"
        return f"{json.dumps(self.value, ensure_ascii=False, default=str)} from {where}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A setting explained: its `value` in force, `***` when secret, who won, and what it `shadowed`, high to low."""

    path: str
    value: Any
    winner: Candidate
    shadowed: tuple[Candidate, ...]
    secret: bool

    @property
    def source(self) -> str:
        """The winner's source."""
        return self.winner.source

    @property
    def line(self) -> int | None:
        """The winner's line."""
        return self.winner.line

    @property
    def variable(self) -> str | None:
        """The winner's variable."""
        return self.winner.variable

    def __str__(self) -> str:
        lines = [f"{self.path} = {self.winner}"]
        lines += [f"  over {each} ({each.precedence.name.lower()})" for each in self.shadowed]
        return "\n".join(lines)


def origin_of(path: Path, value: Any, default: Candidate | None, layers: tuple[Fitted, ...], mask: Mask) -> Origin:
    """Explain one setting from the layers it was made of."""
    found, alive = given(layers, path)
    said = [_candidate(path, each, mask) for each in found]
    winners, cut_off = said[:alive], said[alive:]
    rest = [*winners[1:], *cut_off, *([default] if default is not None else [])]
    winner = winners[0] if winners else default
    if winner is None:  # computed by a validator or a default of the section around it
        winner = _computed(path, value, mask)
    if not winners and default is not None:
        rest = cut_off
    return Origin(
        path=render(path),
        value=mask.shown(path, value),
        winner=winner,
        shadowed=tuple(rest),
        secret=mask.is_secret(path),
    )


def _candidate(path: Path, said: Said, mask: Mask) -> Candidate:
    place = said.layer.position(said.at)
    holds_secrets = said.at != path and mask.has_secrets_below(said.at)
    return Candidate(
        precedence=said.layer.precedence,
        source=place.source,
        value=mask.replacement if holds_secrets else mask.shown(path, said.raw),
        line=place.line,
        variable=place.variable,
    )


def _computed(path: Path, value: Any, mask: Mask) -> Candidate:
    from .layers import Precedence

    return Candidate(precedence=Precedence.DEFAULT, source="default", value=mask.shown(path, value))
