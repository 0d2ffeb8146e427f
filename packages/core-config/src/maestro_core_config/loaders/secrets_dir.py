"""A folder with one file per secret, as Docker and Kubernetes mount them."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from maestro_core_config.errors import ConfigError, Problem
from maestro_core_config.formats import read_text
from maestro_core_config.layers import Layer, Position, Precedence
from maestro_core_config.variables import layer_of_variables

from .files import stamp

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from maestro_core_config.shape import Shape

__all__ = ["SecretsDirLoader"]


class SecretsDirLoader:
    """A folder whose files are named like settings: `database__password` sets `database.password`.

    A trailing line end is no part of the value. Names that begin with a dot are passed over, as Kubernetes keeps its
    own links there; files that belong to no setting are reported like unknown keys.

    Args:
        directory: the folder.
        required: whether its absence is an error.
        prefix: of the files' names, such as `MAESTRO_`.
    """

    precedence = Precedence.SECRETS

    def __init__(
        self, directory: str | os.PathLike[str] = "/run/secrets", required: bool = True, *, prefix: str = ""
    ) -> None:
        self.directory = FilePath(directory)
        self.required = required
        self.prefix = prefix
        self._shape: Shape | None = None

    def for_model(self, shape: Shape) -> SecretsDirLoader:
        """Return a loader that decodes by a model's types."""
        bound = SecretsDirLoader(self.directory, self.required, prefix=self.prefix)
        bound._shape = shape
        return bound

    def load(self) -> Layer:
        """Read the files.

        Raises:
            ConfigError: the folder is missing, a file cannot be read, or it is larger than 1 MiB or not UTF-8.
        """
        source = str(self.directory)
        if not self.directory.is_dir():
            if self.required:
                message = "the folder does not exist; mount it, or correct the path"
                raise ConfigError(problems=[Problem(path="", message=message, source=source)])
            return Layer(source, {})
        values = dict(self._contents())
        if self._shape is None:
            return Layer(source, values, {(name,): self._place(name) for name in values})
        return layer_of_variables(source, values, self._shape, self._place, prefix=self.prefix, all_ours=True)

    def fingerprint(self) -> object:
        """Return what changes when a file does."""
        return tuple((file.name, stamp(file)) for file in self._files())

    def _contents(self) -> Iterator[tuple[str, str]]:
        for file in self._files():
            text = read_text(file)
            if text is not None:
                yield file.name, text.removesuffix("\n").removesuffix("\r")

    def _files(self) -> list[FilePath]:
        try:
            found = sorted(self.directory.iterdir())
        except OSError:
            return []
        return [each for each in found if not each.name.startswith(".") and each.is_file()]

    def _place(self, name: str) -> Position:
        return Position(source=str(self.directory / name))
