"""A field as pydantic has it, with what a configuration adds: its variable, its secrecy, whether it may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pydantic

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = ["Field", "Marks", "marks_of"]

_SECRET, _RELOAD, _ENV = "x-secret", "x-reload", "x-env"


def Field(  # noqa: N802 - the name pydantic's users know
    default: Any = ...,
    *,
    env: str | None = None,
    secret: bool = False,
    reload: Literal["dynamic", "restart"] = "dynamic",
    **pydantic_arguments: Any,
) -> Any:
    """Describe a field; everything else is handed to `pydantic.Field`.

    Args:
        default: the value when no source has one; left out, the field is required.
        env: the exact name of the variable, in place of the one derived from prefix and path.
        secret: its value is never shown; names that the redaction policy knows and secret types are secrets anyway.
        reload: `restart` means that a running process cannot take a new value: such a reload changes nothing.
        pydantic_arguments: constraints, description, default_factory, alias and so on.

    Raises:
        ValueError: `reload` is neither of the two, or `env` is no name of a variable.
        TypeError: `json_schema_extra` is a function; give a dict.
    """
    if reload not in {"dynamic", "restart"}:
        raise ValueError(f"reload={reload!r} is not valid; use 'dynamic' or 'restart'.")
    if env is not None and (not env or not env.isprintable() or "=" in env or " " in env):
        raise ValueError(f"env={env!r} is no name of a variable; use letters, digits and underscores.")
    extra = pydantic_arguments.pop("json_schema_extra", None) or {}
    if callable(extra):
        raise TypeError("json_schema_extra must be a dict here; the field's own marks are kept in it.")
    marks: dict[str, Any] = {_SECRET: True, "writeOnly": True} if secret else {}
    if reload == "restart":
        marks[_RELOAD] = reload
    if env is not None:
        marks[_ENV] = env
    if marks or extra:
        pydantic_arguments["json_schema_extra"] = {**extra, **marks}
    if "default_factory" in pydantic_arguments and default is ...:
        return pydantic.Field(**pydantic_arguments)
    return pydantic.Field(default, **pydantic_arguments)


class Marks:
    """What `Field` noted on a field; plain pydantic fields and dataclass metadata give the same marks."""

    __slots__ = ("env", "restart", "secret")

    def __init__(self, *, env: str | None, secret: bool, restart: bool) -> None:
        self.env = env
        self.secret = secret
        self.restart = restart


def marks_of(info: FieldInfo, metadata: Any = None) -> Marks:
    """Read the marks of a field, or of a dataclass field's `metadata` with the keys `env`, `secret` and `reload`."""
    extra: Any = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    metadata = metadata or {}
    return Marks(
        env=extra.get(_ENV) or metadata.get("env"),
        secret=bool(extra.get(_SECRET) or metadata.get("secret")),
        restart="restart" in {extra.get(_RELOAD), metadata.get("reload")},
    )
