"""Errors as reports carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tooling.errors import MaestroError


def problem(error: MaestroError) -> dict[str, object]:
    """Say an error as `code`, `message` and `hint`, and `file` and `line` where there is a place."""
    place = {"file": str(error.place.file), "line": error.place.line} if error.place else {}
    return {"code": error.code, "message": error.message, "hint": error.hint, **place}
