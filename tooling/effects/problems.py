"""Errors as reports carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tooling.errors import MaestroError


def problem(error: MaestroError) -> dict[str, str]:
    """Say an error as `code`, `message` and `hint`."""
    return {"code": error.code, "message": error.message, "hint": error.hint}
