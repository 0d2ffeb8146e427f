"""What counts: one child of a metric, without NaN, and with the trace its caller is in.

They are thin on purpose: an increment is made more often than anything else here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maestro_core_logging import current_trace

from .timer import Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .tally import Tally

__all__ = ["BoundCounter", "BoundGauge", "BoundHistogram", "BoundSummary"]

_LONGEST_TRACE = 100  # OpenMetrics: names and values of an exemplar's labels, 128 characters together


class BoundCounter:
    """A counter with its labels."""

    __slots__ = ("_inc", "_name", "_tally")

    def __init__(self, child: Any, name: str, tally: Tally) -> None:
        self._inc = child.inc
        self._name = name
        self._tally = tally

    def inc(self, value: float = 1, exemplar: Mapping[str, str] | None = None) -> None:
        """Add `value`; ValueError below zero. NaN and infinity are dropped and counted."""
        if value - value:
            self._tally.dropped(self._name, value)
        elif exemplar is None:
            self._inc(value)
        else:
            self._inc(value, dict(exemplar))


class BoundGauge:
    """A gauge with its labels."""

    __slots__ = ("_child", "_name", "_tally")

    def __init__(self, child: Any, name: str, tally: Tally) -> None:
        self._child = child
        self._name = name
        self._tally = tally

    def set(self, value: float) -> None:
        """Set it; NaN is dropped and counted."""
        if value != value:  # noqa: PLR0124 - NaN
            self._tally.dropped(self._name, value)
        else:
            self._child.set(value)

    def inc(self, value: float = 1) -> None:
        """Add `value`; NaN and infinity are dropped and counted."""
        if value - value:
            self._tally.dropped(self._name, value)
        else:
            self._child.inc(value)

    def dec(self, value: float = 1) -> None:
        """Subtract `value`; NaN and infinity are dropped and counted."""
        self.inc(-value)

    def set_to_current_time(self) -> None:
        """Set it to the wall clock, in seconds since the epoch."""
        self._child.set_to_current_time()


class _Observer:
    __slots__ = ("_name", "_observe", "_tally")

    def __init__(self, child: Any, name: str, tally: Tally) -> None:
        self._observe: Callable[..., None] = child.observe
        self._name = name
        self._tally = tally

    def observe(self, value: float) -> None:
        """Take one observation; NaN and infinity are dropped and counted."""
        if value - value:
            self._tally.dropped(self._name, value)
        else:
            self._observe(value)

    def time(self) -> Timer:
        """Observe how long a `with` or `async with` block, or a decorated function, takes, in seconds."""
        return Timer(self.observe)


class BoundSummary(_Observer):
    """A summary with its labels: a count and a sum."""

    __slots__ = ()


class BoundHistogram(_Observer):
    """A histogram with its labels."""

    __slots__ = ("_exemplars",)

    def __init__(self, child: Any, name: str, tally: Tally, *, exemplars: bool) -> None:
        super().__init__(child, name, tally)
        self._exemplars = exemplars

    def observe(self, value: float, exemplar: Mapping[str, str] | None = None) -> None:
        """Take one observation; NaN and infinity are dropped and counted.

        The exemplar is the trace that the caller is in, unless one is given or the histogram has none.
        """
        if value - value:
            self._tally.dropped(self._name, value)
            return
        if exemplar is None and self._exemplars:
            trace = current_trace().get("trace_id", "")
            exemplar = {"trace_id": trace} if 0 < len(trace) <= _LONGEST_TRACE else None
        self._observe(value, exemplar)
