"""What can be wrong with a logging set-up; nothing here is raised by a log call."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["LoggingConfigError", "LoggingError", "UnknownSettingError"]


class LoggingError(Exception):
    """Root of this library's errors; `extra` holds details for programs."""

    code: ClassVar[str] = "logging_error"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, **extra: object) -> None:
        super().__init__(message)
        self.extra = extra


class LoggingConfigError(LoggingError, ValueError):
    """A setting has a value that cannot work; raised before anything was changed."""

    code = "logging_config_invalid"


class UnknownSettingError(LoggingConfigError, TypeError):
    """A setting of that name does not exist; the message names the nearest one, or the replacement."""

    code = "logging_setting_unknown"
