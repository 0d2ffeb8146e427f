"""Every way this library says no while it runs; wrong settings are ValueError and TypeError where they are given."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["MissingExtraError", "MonitoringError", "PortInUseError"]


class MonitoringError(Exception):
    """Root of the library's errors.

    `code` is stable snake_case, `http_status` what a server should answer, `retry_after` seconds until another try
    makes sense (None: unknown), `extra` the facts behind the sentence.
    """

    code: ClassVar[str] = "monitoring_error"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str = "", *, retry_after: float | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.extra: dict[str, Any] = extra


class MissingExtraError(MonitoringError, ImportError):
    """An optional library is not installed; the text is the command that installs it."""

    code = "missing_extra"


class PortInUseError(MonitoringError, OSError):
    """The port for metrics belongs to somebody else."""

    code = "port_in_use"
