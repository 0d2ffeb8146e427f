"""The stack of sources of one manager: which there are, in what order, and what reading all of them gives."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, MissingExtraError, Problem, SourceUnavailableError
from .formats import SUFFIXES
from .layers import ConfigLoader, Layer, Position, Precedence
from .loaders import EnvironmentLoader, FileLoader
from .loaders.remote import RemoteLoader
from .merging import Fitted, Unknown, fit
from .suggestions import did_you_mean

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from .shape import Shape

__all__ = ["Sources", "sources_for"]

_BASES = ("base", "default", "config", "settings")
_TRIES = 5


class Sources:
    """Loaders, low to high. `seen` is the fingerprint of what was read last. Not for several threads at once."""

    def __init__(
        self,
        shape: Shape,
        loaders: Sequence[ConfigLoader],
        overrides: Mapping[str, Any],
        *,
        strange: Unknown | None,
        strict: bool,
    ) -> None:
        self._shape = shape
        self._loaders = tuple(sorted(loaders, key=precedence_of))
        self._override = Layer("override", overrides)
        self._strange = strange
        self._strict = strict
        self._answered: set[int] = set()
        self.seen: object = None

    def fingerprint(self) -> object:
        """Return what changes when reading again is worth it."""
        return tuple(each.fingerprint() if hasattr(each, "fingerprint") else None for each in self._loaders)

    def read(self) -> tuple[tuple[Fitted, ...], list[Problem]]:
        """Read every source; files that change meanwhile are read again, so that what is read belongs together."""
        for _ in range(_TRIES):
            self.seen = self.fingerprint()
            stamps = self._stamps()
            layers, problems = self._once()
            if stamps == self._stamps():
                return layers, problems
        message = "the files change faster than they can be read; write them less often, each in one step"
        return layers, [Problem(path="", message=message)]

    def _stamps(self) -> list[object]:
        local = [each for each in self._loaders if not isinstance(each, RemoteLoader)]
        return [each.fingerprint() for each in local if hasattr(each, "fingerprint")]

    def _once(self) -> tuple[tuple[Fitted, ...], list[Problem]]:
        layers: list[Fitted] = []
        problems: list[Problem] = []
        for number, loader in enumerate(self._loaders):
            try:
                layers.append(fit(loader.load(), precedence_of(loader), self._shape))
                self._answered.add(number)
            except MissingExtraError:
                raise
            except SourceUnavailableError as error:
                if number in self._answered or not getattr(loader, "optional", False):
                    problems += error.problems
                else:
                    layers.append(_absent(loader, error))
            except ConfigError as error:
                problems += error.problems
            except Exception as error:  # noqa: BLE001 - a foreign loader's fault is a fault of the configuration
                message = f"{type(loader).__name__} failed with {type(error).__name__}; see what it needs"
                problems.append(Problem(path="", message=message))
        layers.append(fit(self._override, Precedence.OVERRIDE, self._shape))
        if self._strange is not None:
            layers[-1] = _noting(layers[-1], self._strange)
        if self._strict:
            problems += [_problem(each) for layer in layers for each in layer.unknown]
        return tuple(layers), problems


def _absent(loader: ConfigLoader, error: SourceUnavailableError) -> Fitted:
    """Return the empty layer of an optional source that is not there, which says so."""
    name = str(getattr(loader, "name", type(loader).__name__))
    note = Unknown(name=name, position=Position(source=name), hint=error.problems[0].message, kind="source")
    return Fitted(layer=Layer(name, {}), precedence=precedence_of(loader), values={}, unknown=(note,))


def _noting(layer: Fitted, note: Unknown) -> Fitted:
    from dataclasses import replace

    return replace(layer, unknown=(*layer.unknown, note))


def _problem(unknown: Unknown) -> Problem:
    return Problem(path="", message=str(unknown))


def precedence_of(loader: ConfigLoader) -> Precedence:
    """Return where a loader's values stand; one that does not say is taken for a remote source."""
    return Precedence(getattr(loader, "precedence", Precedence.REMOTE))


def sources_for(
    shape: Shape,
    *,
    loaders: Sequence[ConfigLoader] | None,
    files: Sequence[str | os.PathLike[str]],
    profile: str | None,
    config_dir: str | os.PathLike[str] | None,
    overrides: Mapping[str, Any],
    strict: bool,
    misses_profile: bool,
) -> Sources:
    """Put the stack together; see `ConfigManager` for the arguments. `misses_profile`: a profile needs a file.

    Raises:
        TypeError: a loader has no `load`, or `files` is one path.
        ValueError: the profile is no name.
    """
    if isinstance(files, (str, bytes)) or hasattr(files, "__fspath__"):
        raise TypeError(f"files={files!r} is one path; give a list of them.")
    if hasattr(loaders, "__fspath__") or hasattr(loaders, "encode"):  # what the first platform took here
        raise TypeError(f"loaders={loaders!r} is no list of loaders; a folder of files is given as config_dir=.")
    given = list(loaders or ())
    for each in given:
        if isinstance(each, type) or not isinstance(each, ConfigLoader):
            raise TypeError(f"{each!r} is no loader; give an object with a method load() that returns a Layer.")
    if profile is not None and (not profile or not profile.replace("-", "").replace("_", "").isalnum()):
        raise ValueError(f"profile={profile!r} is no name; use letters, digits, - and _.")
    base = [FilePath(each) for each in files] + (_bases(FilePath(config_dir)) if config_dir is not None else [])
    stack: list[ConfigLoader] = [FileLoader(each) for each in base]
    wanted = [each.with_suffix(f".{profile}{each.suffix}") for each in base] if profile is not None else []
    if config_dir is not None and profile is not None:
        wanted += [FilePath(config_dir) / f"{profile}{suffix}" for suffix in SUFFIXES]
    stack += [FileLoader(each, required=False, precedence=Precedence.PROFILE) for each in wanted]
    if not any(precedence_of(each) is Precedence.ENVIRONMENT for each in given):
        given.append(EnvironmentLoader())
    stack += given
    bound = [each.for_model(shape) if hasattr(each, "for_model") else each for each in stack]
    strange = _strange_profile(profile, base, wanted) if profile and wanted and misses_profile else None
    return Sources(shape, bound, overrides, strange=strange, strict=strict)


def _bases(folder: FilePath) -> list[FilePath]:
    """Return the base files of a folder as the first platform had it.

    Raises:
        ConfigError: the folder does not exist.
    """
    if not folder.is_dir():
        message = "the folder of configuration files does not exist; create it, or correct config_dir"
        raise ConfigError(problems=[Problem(path="", message=message, source=str(folder))])
    return [file for name in _BASES for suffix in SUFFIXES if (file := folder / f"{name}{suffix}").is_file()]


def _strange_profile(profile: str, base: Sequence[FilePath], wanted: Sequence[FilePath]) -> Unknown | None:
    """Return the note that no file belongs to a profile: its name may be misspelt."""
    if any(each.is_file() for each in wanted):
        return None
    there = {
        file.stem.removeprefix(f"{each.stem}.")
        for each in base
        for file in each.parent.glob(f"{each.stem}.*{each.suffix}")
        if file.stem != each.stem
    }
    files = ", ".join(map(str, wanted[:3]))
    hint = did_you_mean(profile, there, otherwise=f"looked for {files}.")
    return Unknown(name=profile, position=Position(source=files), hint=hint, kind="profile")
