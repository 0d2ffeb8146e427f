"""A value that must not be seen: it has to be asked for by name, and shows as stars everywhere else."""

from __future__ import annotations


class Secret:
    """Wraps a password. `str`, `repr`, f-strings, logs and JSON encoders never show it; `reveal()` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        """Stars, whatever the value."""
        return "***"

    def __eq__(self, other: object) -> bool:
        """Compare by value."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self._value)
