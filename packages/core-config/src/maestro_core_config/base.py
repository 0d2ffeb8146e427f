"""What a configuration is made of: a frozen model that refuses what it does not know, and secrets that do not print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping  # noqa: TC003 - pydantic resolves annotations
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pydantic
from pydantic import BaseModel, ConfigDict
from pydantic_settings import SettingsConfigDict

from .fields import Field

if TYPE_CHECKING:
    import builtins

__all__ = ["PREFIX", "BaseConfig", "Field", "SecretStr"]

PREFIX = "MAESTRO_"
_STARS = "*" * 10


class SecretStr(pydantic.SecretStr):
    """A text that prints as ten stars, whatever its length; `get_secret_value()` gives it out."""

    def _display(self) -> str:
        return _STARS


class BaseConfig(BaseModel):
    """A section of configuration, or the whole: frozen, unknown keys refused, inputs kept out of error texts.

    Variables are `MAESTRO_` plus the path in upper case, sections joined by two underscores; another prefix is set by
    `model_config = SettingsConfigDict(env_prefix="SHOP_")`.
    """

    model_config: ClassVar[ConfigDict] = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
    )

    def validate_config(self) -> None:
        """Check what one field alone cannot: override it and raise ValueError; called at every load and reload."""

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        from .masking import shown_fields

        return shown_fields(self, super().__repr_args__())

    def get_secret_value(self, field: str) -> Any:
        """Return a field's value with its secret given out; `field` may be a dotted path.

        Raises:
            ConfigError: there is no such field.
        """
        from .errors import ConfigError
        from .masking import revealed
        from .paths import parse

        value: Any = self
        for part in parse(field):
            if not isinstance(value, BaseModel) or part not in type(value).model_fields:
                raise ConfigError(f"{type(self).__name__} has no field {field}; look at its model_fields.")
            value = getattr(value, part)
        return revealed(value)

    def dict(self, **_: Any) -> builtins.dict[str, Any]:
        """Return the values as plain JSON types, secrets as `***`."""
        from .masking import masked_values
        from .shape import shape_of

        return masked_values(shape_of(type(self)), self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a configuration of a mapping alone, without any other source.

        Raises:
            ConfigError: lists every wrong and every unknown field.
        """
        from .core import ConfigManager
        from .loaders import EnvironmentLoader

        alone = [EnvironmentLoader(environ={})]
        return ConfigManager(cls, loaders=alone, overrides=values, unknown="error").load()

    @classmethod
    def from_env(cls, prefix: str | None = None) -> Self:
        """Make a configuration of the environment alone, sections and types included.

        Raises:
            ConfigError: lists every wrong field with its variable.
        """
        from .core import ConfigManager
        from .loaders import EnvironmentLoader

        return ConfigManager(cls, loaders=[EnvironmentLoader(prefix=prefix)]).load()
