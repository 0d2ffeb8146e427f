"""One load: layers are merged, decrypted and validated into a snapshot that never changes, or into one error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from .base import BaseConfig
from .encryption import ConfigEncryption, is_encrypted
from .errors import ConfigError, EncryptionError, Problem
from .layers import Precedence, lookup
from .masking import Mask, attributes, jsonable, leaf_values
from .merging import Fitted, fold, given
from .origin import Candidate, Origin, origin_of
from .paths import Path, parse, render
from .shape import is_section
from .suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from maestro_core_logging import Redactor

    from .shape import Node, Shape
    from .validation import ConfigValidator

__all__ = ["Snapshot", "resolve"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot(Generic[T]):
    """A valid configuration with all it was made of; `generation` counts the snapshots of a manager from 1."""

    config: T
    shape: Shape
    layers: tuple[Fitted, ...]
    mask: Mask
    generation: int = 1

    def leaves(self) -> dict[Path, Any]:
        """Return every setting's value by its path, secrets included."""
        return dict(leaf_values(self.shape.root, self.config))

    def origin(self, path: Path) -> Origin:
        """Explain one setting.

        Raises:
            ConfigError: there is no such setting, or it is a section.
        """
        leaves = self.leaves()
        if path not in leaves:
            raise ConfigError(_no_leaf(path, leaves))
        return self._origin(path, leaves[path])

    def origins(self) -> tuple[Origin, ...]:
        """Explain every setting, in the order of the model."""
        return tuple(self._origin(path, value) for path, value in self.leaves().items())

    def _origin(self, path: Path, value: Any) -> Origin:
        return origin_of(path, value, self._default(path, value), self.layers, self.mask)

    def _default(self, path: Path, value: Any) -> Candidate | None:
        node = self.shape.node(path)
        if node is None or node.info is None or node.required:
            return None
        said = value if node.info.default_factory is not None else node.info.default
        if not given(self.layers, path)[1]:
            said = value
        return Candidate(precedence=Precedence.DEFAULT, source="default", value=self.mask.shown(path, said))


def _no_leaf(path: Path, leaves: Mapping[Path, Any]) -> str:
    inside = [render(each) for each in leaves if each[: len(path)] == path]
    if inside:
        return f"{render(path) or 'this'} is a section; ask for one of {', '.join(inside)}."
    known = [render(each) for each in leaves]
    hint = did_you_mean(render(path), known, otherwise=f"the settings are {', '.join(known)}.")
    return f"{render(path)} is no setting; {hint}"


def resolve(
    shape: Shape,
    layers: tuple[Fitted, ...],
    *,
    encryption: ConfigEncryption | None,
    validator: ConfigValidator | None,
    redactor: Redactor | None,
    problems: list[Problem],
    generation: int,
) -> Snapshot[Any]:
    """Make a snapshot of layers, low to high.

    Raises:
        ConfigError: one, with `problems` and everything that is wrong with the values.
    """
    merged = fold(layers)
    problems = [*problems, *(problem for each in layers for problem in each.layer.problems)]
    opened = _decrypted(merged, encryption, layers, problems)
    mask = Mask(shape, redactor, opened)
    judge = _Judge(shape=shape, layers=layers, mask=mask, merged=merged)
    config: Any = None
    told = {problem.path for problem in problems if problem.path}
    try:
        config = adapter(shape.model).validate_python(merged, by_name=True, by_alias=False)
    except ValidationError as error:
        more = [judge.problem(each) for each in error.errors(include_url=False, include_input=False)]
        problems += [each for each in more if each.path not in told]
    else:
        problems += judge.own_checks(config, validator)
    if problems:  # raised out here, so that the error holds nothing of pydantic's, which knows the inputs
        raise ConfigError(problems=problems)
    return Snapshot(config=config, shape=shape, layers=layers, mask=mask, generation=generation)


@lru_cache(maxsize=256)
def adapter(model: Any) -> TypeAdapter[Any]:
    """Return pydantic's validator of a model."""
    return TypeAdapter(model)


def _decrypted(
    merged: dict[str, Any],
    encryption: ConfigEncryption | None,
    layers: tuple[Fitted, ...],
    problems: list[Problem],
) -> frozenset[Path]:
    """Decrypt in place what is encrypted; return where that was."""
    found = [*_encrypted(merged, ())]
    if not found:
        return frozenset()
    if encryption is None:
        try:
            encryption = ConfigEncryption()
        except EncryptionError as error:
            problems += [_placed(path, str(error), layers) for path, _, _ in found]
            return frozenset()
    for path, holder, key in found:
        try:
            holder[key] = encryption.decrypt(holder[key], path)
        except EncryptionError as error:
            problems.append(_placed(path, str(error).removeprefix(f"{render(path)}: "), layers))
    return frozenset(path for path, _, _ in found)


def _encrypted(value: Any, path: Path) -> list[tuple[Path, Any, Any]]:
    """Return the path of each encrypted text, with the collection that holds it and its key there."""
    found: list[tuple[Path, Any, Any]] = []
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        if isinstance(each, (dict, list)):
            found += _encrypted(each, (*path, str(key)))
        elif is_encrypted(each):
            found.append(((*path, str(key)), value, key))
    return found


def _placed(path: Path, message: str, layers: tuple[Fitted, ...]) -> Problem:
    """Return a problem with the place of the source that wins at its path."""
    for length in range(len(path), 0, -1):
        found, alive = given(layers, path[:length])
        if alive:
            place = found[0].layer.position(path)
            return Problem(
                path=render(path), message=message, source=place.source, line=place.line, variable=place.variable
            )
    return Problem(path=render(path), message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Turns what pydantic and validators say into problems with places and without secrets."""

    shape: Shape
    layers: tuple[Fitted, ...]
    mask: Mask
    merged: Mapping[str, Any]

    def problem(self, error: Any) -> Problem:
        """Return the problem of one error of pydantic."""
        if error["type"] == "missing":
            return self._missing((*self._path(error["loc"][:-1]), str(error["loc"][-1])))
        path = self._path(error["loc"])
        return _placed(path, self._message(path, error), self.layers)

    def _missing(self, path: Path) -> Problem:
        node = self.shape.node(path)
        if node is None or "*" in node.path:  # in an item of a list or a mapping, which has its place
            return replace(_placed(path[:-1], "is required", self.layers), path=render(path))
        variable = self.shape.variable(path)
        return Problem(path=render(path), message=f"is required; set it in a file, or by the variable {variable}")

    def own_checks(self, config: Any, validator: ConfigValidator | None) -> list[Problem]:
        """Return what `validate_config` of the model and its sections and the validator's rules find."""
        found: list[Problem] = []
        for path, section in _sections(config, ()):
            try:
                section.validate_config()
            except ConfigError as error:
                found += error.problems
            except (ValueError, AssertionError) as error:
                found.append(_placed(path, self._scrubbed(str(error)), self.layers))
        if validator is not None:
            for each in validator.problems(config):
                found.append(_placed(parse(each.path), self._scrubbed(each.message), self.layers))
        return found

    def _message(self, path: Path, error: Any) -> str:
        if self.mask.is_secret(path):
            return f"is not valid ({error['type']}); it is a secret, so nothing more is said"
        text = str(error["msg"])
        return self._scrubbed(text.removeprefix("Value error, ").removeprefix("Assertion failed, "))

    def _scrubbed(self, text: str) -> str:
        """Take out of a text that others have written what the policy knows, and every secret value literally."""
        for secret in self._secrets():
            for form in {secret, repr(secret)[1:-1], jsonable(secret)}:
                text = text.replace(form, self.mask.replacement)
        return self.mask.text(text)

    def _secrets(self) -> list[str]:
        """Return the texts of all secrets that any layer holds, the longest first."""
        found: set[str] = set()
        for values in (self.merged, *(each.values for each in self.layers)):
            for path, value in _scalars(values, ()):
                told = value is None or isinstance(value, bool) or not str(value)
                if not told and self.mask.is_secret(path):
                    found.add(str(value))
        return sorted(found, key=len, reverse=True)

    def _path(self, loc: tuple[Any, ...]) -> Path:
        """Return the path that an error is about: its location without the names of types and unions in it."""
        path: Path = ()
        node: Node | None = self.shape.root
        for part in loc:
            key = str(part)
            child = node.child(key) if node is not None else None
            if child is None and lookup(self.merged, (*path, key), None) is None:
                continue
            path = (*path, child.path[-1] if child is not None and child.path[-1] != "*" else key)
            node = child
        return path


def _sections(value: Any, path: Path) -> Iterator[tuple[Path, BaseConfig]]:
    """Yield a configuration and the sections in it that can check themselves."""
    if isinstance(value, BaseConfig):
        yield path, value
    pairs: Iterable[tuple[Any, Any]] = ()
    if is_section(type(value)):
        pairs = attributes(value)
    elif isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    for key, each in pairs:
        yield from _sections(each, (*path, str(key)))


def _scalars(value: Any, path: Path) -> list[tuple[Path, Any]]:
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        return [(path, value)]
    return [each for key, below in pairs for each in _scalars(below, (*path, str(key)))]
