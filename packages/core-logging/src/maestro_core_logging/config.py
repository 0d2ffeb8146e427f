"""The settings: one frozen value, checked when it is made, with no name that is taken and then ignored."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence  # noqa: TC003 - config readers resolve the fields' types
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn

from .errors import LoggingConfigError, UnknownSettingError
from .levels import LogLevel, parse_level
from .quantities import Retention, Rotation
from .redaction import RedactionPolicy

__all__ = ["ENVIRONMENTS", "LogFormat", "LoggingConfig"]

ENVIRONMENTS = ("development", "dev", "staging", "stage", "production", "prod", "test")


class LogFormat(StrEnum):
    """How lines look: AUTO is CONSOLE on a terminal and JSON elsewhere, and always JSON in production."""

    JSON = "json"
    CONSOLE = "console"
    RICH = "rich"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingConfig:
    """Everything `configure_logging` can be told.

    Times are seconds, sizes are bytes, `buffer_size` counts lines. `stream` is `stderr`, `stdout`, a stream or a
    function that takes bytes. `custom_processors` names or gives the processors to run, in order; None runs all that
    `add_custom_processor` registered. `clock` measures durations and `wall_clock` tells UTC epoch seconds.
    """

    service_name: str
    environment: str = "development"
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.AUTO
    service_version: str | None = None
    enable_console: bool = True
    stream: Any = "stderr"
    enable_file: bool = False
    file_path: Path | None = None
    file_rotation: str | int | None = "1 day"
    file_retention: str | int | None = "30 days"
    include_caller_info: bool = False
    include_timestamp: bool = True
    timestamp_format: str = "iso"
    mask_sensitive_data: bool = True
    sensitive_fields: Sequence[str] = ()
    redaction: RedactionPolicy = field(default_factory=RedactionPolicy)
    writer: str = "queue"
    buffer_size: int = 10_000
    custom_processors: Sequence[str | Callable[..., Any]] | None = None
    capture_stdlib: bool = True
    capture_warnings: bool = True
    handle_sigterm: bool = True
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    wall_clock: Callable[[], float] = field(default=time.time, repr=False)

    def __post_init__(self) -> None:
        _check_service_name(self.service_name)
        self._normalise("environment", _one_of("environment", self.environment, ENVIRONMENTS))
        self._normalise("log_level", parse_level(self.log_level))
        self._normalise("log_format", LogFormat(_one_of("log_format", self.log_format, tuple(LogFormat))))
        self._normalise("timestamp_format", _one_of("timestamp_format", self.timestamp_format, ("iso", "epoch")))
        self._normalise("writer", _one_of("writer", self.writer, ("queue", "sync")))
        self._check_file()
        self._check_sequences()
        if type(self.buffer_size) is not int or self.buffer_size < 1:
            raise LoggingConfigError(f"buffer_size={self.buffer_size!r} must be a whole number of lines, at least 1.")
        if self.is_production():
            self._check_production()

    @property
    def async_logging(self) -> bool:
        """Whether a thread does the writing."""
        return self.writer == "queue"

    def is_production(self) -> bool:
        """Tell whether the environment is production."""
        return self.environment in {"production", "prod"}

    def is_development(self) -> bool:
        """Tell whether the environment is development."""
        return self.environment in {"development", "dev"}

    def should_mask_field(self, name: str) -> bool:
        """Tell whether the value of a field of that name never reaches a line."""
        from .redaction import Redactor

        return self.mask_sensitive_data and bool(Redactor(self.policy()).is_sensitive_key(name))

    def policy(self) -> RedactionPolicy:
        """Return the redaction policy with `sensitive_fields` added."""
        from dataclasses import replace

        extra = (*self.redaction.extra_keys, *self.sensitive_fields)
        return replace(self.redaction, extra_keys=extra)

    @classmethod
    def from_settings(cls, **settings: Any) -> LoggingConfig:
        """Make a config from settings by name or synonym; an unknown name is an error that names the nearest."""
        known = {item.name for item in fields(cls)}
        chosen: dict[str, Any] = {}
        for given, value in settings.items():
            name, meant = _SYNONYMS[given](value) if given in _SYNONYMS else (given, value)
            if name not in known:
                _refuse(given, known)
            if name in chosen and chosen[name] != meant:
                raise LoggingConfigError(f"{given} and another name for {name} disagree; give one of them.")
            chosen[name] = meant
        return cls(**chosen)

    def _normalise(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_file(self) -> None:
        if self.file_path is not None:
            self._normalise("file_path", Path(self.file_path))
        if self.enable_file and self.file_path is None:
            raise LoggingConfigError("enable_file=True needs file_path; say where the log file goes.")
        if not (self.enable_console or self.enable_file):
            raise LoggingConfigError("enable_console=False needs enable_file=True; lines must go somewhere.")
        Rotation.parse(self.file_rotation)
        Retention.parse(self.file_retention)
        if isinstance(self.stream, str):
            _one_of("stream", self.stream, ("stderr", "stdout"))
        elif not (callable(self.stream) or hasattr(self.stream, "write")):
            raise LoggingConfigError(f"stream={self.stream!r} cannot take lines; give 'stderr', 'stdout' or a stream.")

    def _check_sequences(self) -> None:
        for name in ("sensitive_fields", "custom_processors"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise LoggingConfigError(f"{name} must be a sequence, not one text; write ({value!r},).")
            if value is not None:
                self._normalise(name, tuple(value))
        for processor in self.custom_processors or ():
            if not (isinstance(processor, str) or callable(processor)):
                raise LoggingConfigError(f"custom_processors holds {processor!r}; give names or functions.")

    def _check_production(self) -> None:
        if self.log_format in {LogFormat.CONSOLE, LogFormat.RICH}:
            raise LoggingConfigError(f"log_format={self.log_format.value!r} is not for production; use 'json'.")
        if not self.mask_sensitive_data:
            raise LoggingConfigError("mask_sensitive_data=False is not for production; leave it on.")


def _check_service_name(name: object) -> None:
    if not (isinstance(name, str) and name.strip()):
        raise LoggingConfigError("service_name must be a text that is not empty; it stands on every line.")


def _one_of(setting: str, value: object, valid: Sequence[str]) -> str:
    text = value.strip().lower() if isinstance(value, str) else value
    if text not in valid:
        raise LoggingConfigError(f"{setting}={value!r} is not valid; use one of {', '.join(valid)}.", setting=setting)
    return str(text)


_SYNONYMS: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "level": lambda value: ("log_level", parse_level(value)),
    "log_level": lambda value: ("log_level", parse_level(value)),
    "format": lambda value: ("log_format", value),
    "async_logging": lambda value: ("writer", "queue" if value else "sync"),
    "version": lambda value: ("service_version", value),
}
_TRACES = (
    "trace and span ids are read from OpenTelemetry by themselves, and exporting is the collector's work; leave it out"
)
_REPLACED = {
    "enable_otel": _TRACES,
    "opentelemetry": f"{_TRACES}, and give service_version for the version key",
    "handlers": "use stream= or file_path=",
    "filename": "use enable_file=True with file_path=",
    "datefmt": "use timestamp_format='iso' or 'epoch'",
    "force": "configuring again always replaces the former configuration; leave it out",
}


def _refuse(name: str, known: set[str]) -> NoReturn:
    if name in _REPLACED:
        raise UnknownSettingError(f"{name} is no setting: {_REPLACED[name]}.", setting=name)
    near = difflib.get_close_matches(name, known | set(_SYNONYMS), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(sorted(known))}."
    raise UnknownSettingError(f"{name} is no setting of configure_logging; {hint}", setting=name)


def __getattr__(name: str) -> Any:
    if name == "OpenTelemetryConfig":
        raise ImportError(f"OpenTelemetryConfig is gone: {_TRACES}.")
    raise AttributeError(name)
