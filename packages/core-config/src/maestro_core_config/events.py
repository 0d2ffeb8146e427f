"""How a manager is watched: `subscribe` to what happens, without a dependency on any monitoring library."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a field's type
from dataclasses import dataclass, field

__all__ = ["ConfigEvent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEvent:
    """One thing that happened: `kind` is `config.<what>` such as `config.applied`, `name` the model's.

    `data` holds numbers and texts, never a value of a setting.
    """

    kind: str
    name: str
    data: Mapping[str, int | float | str] = field(default_factory=dict)
