"""The logger people hold: a structlog bound logger whose calls cost one comparison below the level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from structlog import BoundLoggerBase, DropEvent

from .context import FRAME
from .levels import CRITICAL, DEBUG, ERROR, INFO, NUMBERS, TRACE, WARNING, Channel, name_of, parse_level
from .pipeline import Event
from .runtime import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

__all__ = ["BoundLogger", "get_logger", "install_in_structlog", "uninstall_from_structlog"]

_DEFAULT_NAME = "maestro"
_NOTHING: dict[str, Any] = {}


class BoundLogger(BoundLoggerBase):
    """Logs events with fields: `log.info("order placed", order_id=7)`.

    `bind`, `unbind`, `try_unbind` and `new` return loggers with other fields of their own. Positional arguments after
    the event are filled in as `%` does. No call raises, and none waits for output.
    """

    _logger: Channel

    @property
    def name(self) -> str:
        """The logger's name."""
        return self._logger.name

    def new(self, **new_values: Any) -> Self:
        """Return a logger with these fields only; the one at hand keeps its own."""
        return self.__class__(self._logger, self._processors, dict(new_values))

    def is_enabled_for(self, level: str | int) -> bool:
        """Tell whether a call at this level would put a line now."""
        return RUNTIME.levels.admits(self._logger.name, NUMBERS[parse_level(level)])

    def get_effective_level(self) -> int:
        """Return the number of the level that holds now."""
        return RUNTIME.levels.effective(self._logger.name)

    def trace(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at TRACE."""
        if self._logger.gate <= TRACE:
            _emit(self, TRACE, "trace", event, args, fields)

    def debug(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at DEBUG."""
        if self._logger.gate <= DEBUG:
            _emit(self, DEBUG, "debug", event, args, fields)

    def info(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at INFO."""
        if self._logger.gate <= INFO:
            _emit(self, INFO, "info", event, args, fields)

    def warning(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at WARNING."""
        if self._logger.gate <= WARNING:
            _emit(self, WARNING, "warning", event, args, fields)

    def error(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at ERROR."""
        if self._logger.gate <= ERROR:
            _emit(self, ERROR, "error", event, args, fields)

    def critical(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at CRITICAL."""
        if self._logger.gate <= CRITICAL:
            _emit(self, CRITICAL, "critical", event, args, fields)

    def exception(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at ERROR with the exception being handled."""
        if self._logger.gate <= ERROR:
            fields.setdefault("exc_info", True)
            _emit(self, ERROR, "error", event, args, fields)

    def log(self, level: str | int, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at a level given by name or stdlib number; custom numbers count as the level below them."""
        number = level if type(level) is int else NUMBERS[parse_level(level)]
        if self._logger.gate <= number:
            _emit(self, number, name_of(number), event, args, fields)

    warn = warning
    fatal = critical
    err = error
    msg = info

    async def adebug(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at DEBUG; for code written for structlog, as no call waits for output anyway."""
        self.debug(event, *args, **fields)

    async def ainfo(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at INFO."""
        self.info(event, *args, **fields)

    async def awarning(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at WARNING."""
        self.warning(event, *args, **fields)

    async def aerror(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at ERROR."""
        self.error(event, *args, **fields)

    async def aexception(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at ERROR with the exception being handled."""
        self.exception(event, *args, **fields)

    async def acritical(self, event: object = None, /, *args: object, **fields: Any) -> None:
        """Log at CRITICAL."""
        self.critical(event, *args, **fields)


def _emit(  # noqa: PLR0917 - the hot path: keywords cost
    logger: BoundLogger, number: int, level: str, event: object, args: tuple[object, ...], fields: dict[str, Any]
) -> None:
    """Take the short way where it is open, else the long one."""
    channel = logger._logger  # noqa: SLF001 - structlog gives custom wrapper classes these attributes
    pipeline, fast = RUNTIME.pipeline, RUNTIME.fast
    try:
        if channel.timed and not RUNTIME.levels.admits(channel.name, number):
            return
        if PROCESSORS[0] is not to_pipeline:
            _to_capture(logger, level, event, args, fields)
            return
        if fast is not None and not args and type(event) is str and not pipeline.processors.active:
            line = fast.line(level, channel, event, FRAME.get(), logger._context, fields)  # noqa: SLF001
            if line is not None:
                fast.put(number, line)
                return
        fields = {**logger._context, **fields}  # noqa: SLF001
        _through_pipeline(channel.name, number, level, _filled_in(event, args), fields)
    except Exception as error:  # noqa: BLE001 - a log call never raises into its caller
        pipeline.failed(number, channel.name, error)


def _through_pipeline(name: str, number: int, level: str, event: object, fields: dict[str, Any]) -> None:
    RUNTIME.pipeline.emit(
        Event(
            number=number,
            level=level,
            logger=name,
            text="" if event is None else event,
            context=FRAME.get().fields,
            exc_info=fields.pop("exc_info", None),
            stack_info=fields.pop("stack_info", None),
            fields=fields,
        )
    )


def _filled_in(event: object, args: tuple[object, ...]) -> object:
    """Return the event with its arguments; those that do not fit it are shown behind it."""
    if not args:
        return event
    values: Any = args[0] if len(args) == 1 and isinstance(args[0], dict) and args[0] else args
    try:
        return str(event) % values
    except (TypeError, ValueError, KeyError):
        return f"{event} {args!r}"


def _to_capture(
    logger: BoundLogger, level: str, event: object, args: tuple[object, ...], fields: Mapping[str, Any]
) -> None:
    """Run the chain that `structlog.testing.capture_logs` has put in place of ours."""
    logger._proxy_to_logger(level, _filled_in(event, args), **fields)  # type: ignore[arg-type]  # noqa: SLF001


def to_pipeline(logger: Any, method_name: str, event_dict: dict[str, Any]) -> NoReturn:
    """End a structlog chain in our pipeline, for loggers made by structlog with another wrapper class."""
    level = parse_level("error" if method_name == "exception" else method_name)
    name = getattr(logger, "name", None)
    name = name if isinstance(name, str) else _DEFAULT_NAME
    if RUNTIME.levels.admits(name, NUMBERS[level]):
        _through_pipeline(name, NUMBERS[level], level.lower(), event_dict.pop("event", ""), event_dict)
    raise DropEvent


# One list for the life of the process: `capture_logs` changes it in place.
PROCESSORS: list[Any] = [to_pipeline]


def get_logger(name: str | None = None, **bound: Any) -> BoundLogger:
    """Return a logger, at any time also before `configure_logging`; `bound` fields stand on each of its lines."""
    return BoundLogger(RUNTIME.levels.channel(name or _DEFAULT_NAME), PROCESSORS, bound)


def _wrap(logger: Any, processors: Any, context: Any) -> Any:
    """Make a bound logger of ours; around a target given to `structlog.wrap_logger`, one of structlog's."""
    wanted: Any = BoundLogger if isinstance(logger, Channel) else structlog.make_filtering_bound_logger(0)
    return wanted(logger, processors, context)


def install_in_structlog() -> None:
    """Make `structlog.get_logger()` return our loggers."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=_wrap,  # type: ignore[arg-type]
        logger_factory=lambda *args: RUNTIME.levels.channel(str(args[0]) if args else _DEFAULT_NAME),
        context_class=dict,
        cache_logger_on_first_use=False,
    )


def uninstall_from_structlog() -> None:
    """Give structlog its defaults back if it still has ours."""
    if structlog.get_config()["processors"] is PROCESSORS:
        structlog.reset_defaults()
