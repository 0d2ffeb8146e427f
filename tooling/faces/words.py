"""Numbers and tables as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNITS = ("B", "kB", "MB", "GB")
_THOUSAND = 1000


def size_in_words(size: int) -> str:
    """`24310` -> `24.3 kB` (SI units)."""
    value = float(size)
    for unit in _UNITS:
        if value < _THOUSAND or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _THOUSAND
    raise AssertionError(size)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align columns by their widest cell, two spaces apart."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
