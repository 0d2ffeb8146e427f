"""The manager: loads, explains, reloads and watches the configuration of a process."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace
from functools import lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from maestro_core_logging import get_logger

from .errors import ConfigError
from .events import Subscribers
from .masking import Mask, default_redactor, jsonable, leaf_values, masked_values, nested, revealed
from .paths import parse
from .reload import ReloadResult, compared
from .saving import write_config
from .schema import schema_without_secrets
from .shape import shape_of
from .snapshot import Snapshot, adapter, resolve
from .sources import sources_for
from .watching import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from maestro_core_logging import Redactor

    from .encryption import ConfigEncryption
    from .events import ConfigEvent
    from .layers import ConfigLoader
    from .merging import Unknown
    from .origin import Origin
    from .paths import Path
    from .validation import ConfigValidator

__all__ = ["ConfigManager", "get_config"]

T = TypeVar("T")
_COUNTS = ("loads", "applied", "unchanged", "rejected", "restart_required")
_REPLACED = {
    "vault_url": "give loaders=[VaultLoader(url, token, path)]",
    "vault_token": "give loaders=[VaultLoader(url, token, path)]",
    "enable_encryption": "encrypted values are recognised by themselves; leave it out, or give encryption=",
}


class ConfigManager(Generic[T]):
    """The configuration of a process: read once, explained on demand, changed as a whole or not at all.

    Sources win in this order, low to high: the model's defaults, base files, files of the profile, remote sources, a
    folder of secrets, `.env`, the environment, `overrides`. Mappings merge deeply, lists replace.

    Every method may be called from any thread. `load` and `reload` read files and servers: in a coroutine use `aload`
    and `areload`, which do that in a thread.

    Args:
        config_class: a `BaseConfig`, another pydantic model, or a dataclass.
        loaders: further sources; the environment is read unless one of them reads it. Each stands at its kind's place
            in the order, whatever its place in this list; within a kind the later wins.
        files: base files; `config.production.yaml` beside `config.yaml` belongs to the profile `production`.
        profile: whose files are read on top; None: none.
        poll_interval: seconds between looks at the files while watching.
        prefix: of variables; None is the model's own `env_prefix`, or `MAESTRO_`.
        overrides: values that win over everything.
        encryption: the keys for encrypted values; None reads `MAESTRO_ENCRYPTION_KEY` when one is met.
        validator: rules for every load.
        unknown: `warn` logs keys and variables that belong to no setting, `error` refuses them, `ignore` leaves them to
            `warnings`, where all of them are.
        redactor: the policy for what is shown; None is the house's.
        config_dir: a folder of files named base, default, config, settings or like the profile, as the first platform
            had it; the profile is then that of the variable `ENVIRONMENT`, or `development`, unless it is given.
        environment: another name for `profile`, as the first platform had it.
        dropped: arguments of the first platform that are refused with what replaces them.

    Raises:
        TypeError: the model is none, a loader is none, or an argument is not known.
        ValueError: a file's format is not known, or a number is out of range.
        ConfigError: `config_dir` does not exist.
    """

    def __init__(
        self,
        config_class: type[T],
        loaders: Sequence[ConfigLoader] | None = None,
        files: Sequence[str | os.PathLike[str]] = (),
        profile: str | None = None,
        poll_interval: float = 2.0,
        *,
        prefix: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        encryption: ConfigEncryption | None = None,
        validator: ConfigValidator | None = None,
        unknown: Literal["warn", "error", "ignore"] = "warn",
        redactor: Redactor | None = None,
        config_dir: str | os.PathLike[str] | None = None,
        environment: str | None = None,
        **dropped: Any,
    ) -> None:
        for name in dropped:
            raise TypeError(f"{name} is no argument of ConfigManager: {_REPLACED.get(name, 'see its docstring')}.")
        if not poll_interval > 0:
            raise ValueError(f"poll_interval={poll_interval!r} must be above zero seconds; pass a larger number.")
        if unknown not in {"warn", "error", "ignore"}:
            raise ValueError(f"unknown={unknown!r} is not valid; use 'warn', 'error' or 'ignore'.")
        self._shape = shape_of(config_class, prefix)
        adapter(self._shape.model)  # a type that pydantic cannot validate fails here, not at the first load
        chosen = profile if profile is not None else environment
        self._profile = os.environ.get("ENVIRONMENT", "development") if config_dir and chosen is None else chosen
        self._config_dir = config_dir
        self._sources = sources_for(
            self._shape,
            loaders=loaders,
            files=files,
            profile=self._profile,
            config_dir=config_dir,
            overrides=overrides or {},
            strict=unknown == "error",
            misses_profile=chosen is not None,
        )
        self._logs_unknown = unknown == "warn"
        self._encryption = encryption
        self._validator = validator
        self._redactor = redactor
        self._poll_interval = float(poll_interval)
        self._lock = threading.RLock()  # a subscriber may reload in its turn
        self._snapshot: Snapshot[T] | None = None
        self._subscribers = Subscribers()
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._watch: Watch | None = None
        self._watch_lock = threading.Lock()  # of its own: never held while anything is read

    @property
    def name(self) -> str:
        """The model's name, as events carry it."""
        return str(self._shape.model.__name__)

    def load(self) -> T:
        """Read everything and return the configuration; a second call returns what is in force.

        Raises:
            ConfigError: one that lists everything that is wrong, with file and line and without secrets.
        """
        if self._snapshot is not None:
            return self._snapshot.config
        with self._lock:
            if self._snapshot is None:
                self._snapshot = self._read(generation=1)
                self._counts["loads"] += 1
                for each in self.warnings if self._logs_unknown else ():
                    get_logger("maestro_core_config").warning(str(each), model=self.name)
            return self._snapshot.config

    async def aload(self) -> T:
        """Do what `load` does without blocking the event loop."""
        return await asyncio.to_thread(self.load)

    @property
    def current(self) -> T:
        """The configuration in force; hold it for as long as a piece of work must not see a change.

        Raises:
            ConfigError: nothing was loaded yet.
        """
        return self._loaded.config

    @property
    def warnings(self) -> tuple[Unknown, ...]:
        """Keys and variables that belong to no setting, a profile without files, optional sources that are absent."""
        return tuple(each for layer in self._loaded.layers for each in layer.unknown)

    def reload(self) -> ReloadResult:
        """Read everything again and change to it as a whole, or not at all; never raises for what the sources hold.

        Readers in any thread see the old configuration or the new one. Subscribers have run when it returns.

        Raises:
            ConfigError: nothing was loaded yet.
        """
        with self._lock:
            old = self._loaded
            try:
                new = self._read(generation=old.generation + 1)
            except ConfigError as error:
                result = ReloadResult(status="rejected", problems=error.problems)
            else:
                result = compared(old, new)
                if result.status == "applied":
                    self._snapshot = new
                elif result.status == "unchanged":  # lines may have moved
                    self._snapshot = replace(new, config=old.config, generation=old.generation)
            self._counts[result.status] += 1
            if not result.ok:
                get_logger("maestro_core_config").warning("reload changed nothing", model=self.name, reason=str(result))
            self._subscribers.tell(self.name, result)
        return result

    async def areload(self) -> ReloadResult:
        """Do what `reload` does without blocking the event loop."""
        return await asyncio.to_thread(self.reload)

    @overload
    def subscribe(self, glob: str, fn: Callable[[str, Any, Any], object]) -> Callable[[], None]: ...
    @overload
    def subscribe(self, glob: Callable[[ConfigEvent], object]) -> Callable[[], None]: ...
    def subscribe(self, glob: Any, fn: Any = None) -> Callable[[], None]:
        """Be told of changes; returns the function that ends it.

        `subscribe("database.*", fn)` calls `fn(path, old, new)` for each changed setting that the pattern matches (`*`
        matches dots too), secrets as `***`. `subscribe(fn)` calls `fn(event)` with a `ConfigEvent` after each reload.
        Both run in the thread that reloads and must not block; what they raise is counted and goes no further.

        Raises:
            TypeError: what is given is no function.
        """
        return self._subscribers.add(None, glob) if fn is None else self._subscribers.add(glob, fn)

    def explain(self, path: str | Path) -> Origin:
        """Tell where a setting's value comes from: source, line, variable, and what it shadowed.

        Raises:
            ConfigError: there is no such setting; the nearest is named.
        """
        return self._loaded.origin(parse(path))

    def origins(self) -> tuple[Origin, ...]:
        """Explain every setting, in the order of the model."""
        return self._loaded.origins()

    def compare(self, other: ConfigManager[T]) -> ReloadResult:
        """Tell what would change if the other manager's configuration were reloaded into this one; changes nothing."""
        return compared(self._loaded, other._loaded)

    def dump(self, *, masked: bool = True) -> dict[str, Any]:
        """Return the configuration as nested plain values; `masked=False` gives the secrets out."""
        snapshot = self._loaded
        if masked:
            return masked_values(self._shape, snapshot.config, snapshot.mask)
        return nested(
            (path, jsonable(revealed(value))) for path, value in leaf_values(self._shape.root, snapshot.config)
        )

    def save(
        self,
        config: T | None = None,
        format: str = "yaml",
        *,
        path: str | os.PathLike[str] | None = None,
    ) -> FilePath:
        """Write a configuration, the one in force by default; secrets are encrypted, each for its path.

        Args:
            config: what to write.
            format: `yaml` or `json`, when `path` does not say.
            path: the file; None is the profile's file in `config_dir`.

        Raises:
            ConfigError: there are secrets and no key; nothing is written.
            ValueError: there is no path, or the format cannot be written.
        """
        if path is None:
            if self._config_dir is None:
                raise ValueError("save needs to know the file; give path=.")
            path = FilePath(self._config_dir) / f"{self._profile or 'config'}.{format}"
        mask = self._snapshot.mask if self._snapshot is not None else Mask(self._shape, self._redactor)
        chosen = self._loaded.config if config is None else config
        write_config(FilePath(path), chosen, shape=self._shape, mask=mask, encryption=self._encryption)
        return FilePath(path)

    def get_schema(self) -> dict[str, Any]:
        """Return the model's JSON Schema; secrets are `writeOnly`, and their defaults `***`."""
        schema = adapter(self._shape.model).json_schema()
        return schema_without_secrets(schema, self._shape.root, self._redactor or default_redactor())

    def validate_schema(self, data: Mapping[str, Any]) -> T:
        """Validate a mapping alone and return the configuration it makes; nothing is put in force.

        Raises:
            ConfigError: lists every wrong and unknown field.
        """
        from .loaders import EnvironmentLoader

        alone = [EnvironmentLoader(environ={})]
        model: type[T] = self._shape.model
        return ConfigManager(model, loaders=alone, overrides=data, validator=self._validator, unknown="error").load()

    def watch(self) -> Watch:
        """Load if need be, and reload from a thread whenever a file changes; `stop()` ends it.

        Remote sources are asked again every `refresh` seconds of theirs. A second call returns the same watch.
        """
        self.load()
        with self._watch_lock:
            if self._watch is None or not self._watch.running:
                self._watch = Watch(
                    interval=self._poll_interval,
                    fingerprint=self._sources.fingerprint,
                    seen=lambda: self._sources.seen,
                    reload=self.reload,
                    name=self.name,
                )
            return self._watch

    async def start(self) -> None:
        """Load and watch, off the event loop; a second call does nothing more."""
        await self.aload()
        self.watch()  # has nothing left to read; after an await, a cancelled start would leave its thread behind

    async def aclose(self) -> None:
        """Stop watching; the configuration stays readable. A second call does nothing."""
        if self._watch is not None:
            self._watch.stop(wait=False)  # told at once, whatever becomes of the wait
            await asyncio.to_thread(self._watch.stop)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def stats(self) -> dict[str, int | float | str]:
        """Return counts of loads and of reloads by outcome, of warnings and subscribers' errors, and the generation."""
        snapshot = self._snapshot
        return {
            "name": self.name,
            **self._counts,
            "subscriber_errors": self._subscribers.errors,
            "generation": snapshot.generation if snapshot is not None else 0,
            "warnings": len(self.warnings) if snapshot is not None else 0,
        }

    @property
    def _loaded(self) -> Snapshot[T]:
        snapshot = self._snapshot
        if snapshot is None:
            raise ConfigError("nothing was loaded yet; call load() first.")
        return snapshot

    def _read(self, *, generation: int) -> Snapshot[T]:
        layers, problems = self._sources.read()
        return resolve(
            self._shape,
            layers,
            encryption=self._encryption,
            validator=self._validator,
            redactor=self._redactor,
            problems=problems,
            generation=generation,
        )


def get_config(model: type[T], *, files: Sequence[str | os.PathLike[str]] = (), profile: str | None = None) -> T:
    """Load a configuration once per process and return it; the same arguments give the same object.

    Raises:
        ConfigError: one that lists everything that is wrong; the next call tries again.
    """
    with _FIRST_LOADS:
        known: Any = model
        found: T = _loaded_manager(known, tuple(map(str, files)), profile).current
        return found


_FIRST_LOADS = threading.Lock()  # two threads that ask at once get the same object


@lru_cache(maxsize=256)
def _loaded_manager(model: Any, files: tuple[str, ...], profile: str | None) -> ConfigManager[Any]:
    manager: ConfigManager[Any] = ConfigManager(model, files=files, profile=profile)
    manager.load()
    return manager
