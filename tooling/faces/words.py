"""Numbers and tables as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNITS = ("kB", "MB", "GB")
_THOUSAND = 1000


def size_in_words(size: int) -> str:
    """`24310` -> `24.3 kB` (SI units; the largest is GB)."""
    if size < _THOUSAND:
        return f"{size} B"
    value, units = size / _THOUSAND, iter(_UNITS)
    unit = next(units)
    while round(value, 1) >= _THOUSAND and (larger := next(units, None)):
        value, unit = value / _THOUSAND, larger
    return f"{value:.1f} {unit}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align columns by their widest cell, two spaces apart."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
