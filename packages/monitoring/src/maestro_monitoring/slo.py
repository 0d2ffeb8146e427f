"""What a service promises: an objective over a window of days, and what counts as good, once for everybody who asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client import utils

from .checks import identifier, positive
from .naming import checked_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BURN_WINDOWS", "MINIMUM_EVENTS", "SLI", "SLO", "BurnWindow", "latency", "ratio"]

MINIMUM_EVENTS = 10
KEEP_FIRING_SECONDS = 300.0
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_SELECTOR = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^\n\r]*\})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnWindow:
    """Alert when the budget burns at `factor` times the allowed speed over the long and the short window, seconds."""

    severity: str
    factor: float
    long: int
    short: int

    def __post_init__(self) -> None:
        identifier("severity", self.severity)
        positive("factor", self.factor)
        positive("short", self.short)
        if self.long <= self.short or not isinstance(self.long + self.short, int):
            raise ValueError(
                f"a burn window is long {self.long!r} and short {self.short!r}; give whole seconds, long > short."
            )


BURN_WINDOWS = (
    BurnWindow(severity="page", factor=14.4, long=_HOUR, short=5 * _MINUTE),
    BurnWindow(severity="page", factor=6.0, long=6 * _HOUR, short=30 * _MINUTE),
    BurnWindow(severity="ticket", factor=1.0, long=3 * _DAY, short=6 * _HOUR),
)
"""Google's SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts", for a window of 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SLI:
    """What is measured, as selectors of Prometheus counters: all events, and the good or the bad ones of them.

    `threshold`: seconds up to which an event is good, for one made by `latency`.
    """

    total: str
    good: str | None = None
    bad: str | None = None
    threshold: float | None = None

    def error_ratio(self, window: str) -> str:
        """The share of bad events over a window such as "5m", in PromQL; nothing when there were no events."""
        total = f"sum(rate({self.total}[{window}]))"
        if self.bad is not None:
            return f"(sum(rate({self.bad}[{window}])) or vector(0)) / ({total} > 0)"
        return f"1 - (sum(rate({self.good}[{window}])) or vector(0)) / ({total} > 0)"

    def events(self, window: str) -> str:
        """The number of events over a window, in PromQL."""
        return f"sum(increase({self.total}[{window}]))"


def ratio(*, total: str, good: str | None = None, bad: str | None = None) -> SLI:
    """Events that are good or bad by themselves.

    Args:
        total: a selector of a counter, `http_requests_total{service="orders"}`.
        good: a selector of the good ones.
        bad: or one of the bad ones, `http_requests_total{status=~"5.."}`.
    """
    if (good is None) == (bad is None):
        raise ValueError("give either the good events or the bad ones, and the other ones follow.")
    for what, selector in (("total", total), ("good", good), ("bad", bad)):
        if selector is not None and not _SELECTOR.fullmatch(selector):
            raise ValueError(
                f'{what} must be a metric with label matchers, such as x_total{{status="500"}}, not {selector!r}.'
            )
    return SLI(total=total, good=good, bad=bad)


def latency(histogram: str, threshold: float, *, labels: Mapping[str, str] | None = None) -> SLI:
    """Events that are good when they take at most `threshold` seconds.

    Args:
        histogram: its name, without `_bucket`.
        threshold: one of its bucket bounds; anything else never matches.
        labels: label values that the series have to have.
    """
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", histogram):
        raise ValueError(f"histogram must be the name of a histogram, not {histogram!r}; leave selectors to `labels`.")
    positive("threshold", threshold)
    checked_labels("histogram", labels or {})
    matchers = [f"{name}={_quoted(str(value))}" for name, value in (labels or {}).items()]
    bound: Any = utils.floatToGoString  # as it stands in the label of the bucket
    bucket = ",".join([*matchers, f'le="{bound(threshold)}"'])
    total = f"{histogram}_count{{{','.join(matchers)}}}" if matchers else f"{histogram}_count"
    return SLI(total=total, good=f"{histogram}_bucket{{{bucket}}}", threshold=float(threshold))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class SLO:
    """A service level objective.

    Args:
        name: unique in the service; letters, digits, `_`, `-`.
        objective: the share of events that has to be good, in (0, 1): 0.999.
        window_days: over how many days.
        sli: what is measured in Prometheus, by `ratio` or `latency`; None: counted by `SLOEngine.record` only.
        description: a sentence for people.
    """

    name: str
    objective: float
    window_days: float = 30
    sli: SLI | None = None
    description: str = ""

    def __post_init__(self) -> None:
        identifier("the name of an SLO", self.name)
        if isinstance(self.objective, bool) or not isinstance(self.objective, (int, float)):
            raise TypeError(f"objective must be a number, not {self.objective!r}; write 99.9 % as 0.999.")
        if not 0 < self.objective < 1:
            raise ValueError(f"objective must lie between 0 and 1, not {self.objective!r}; write 99.9 % as 0.999.")
        positive("window_days", self.window_days)
        if self.sli is not None and not isinstance(self.sli, SLI):
            raise TypeError(f"sli must be made by ratio(...) or latency(...), not {self.sli!r}.")

    @property
    def budget(self) -> float:
        """The share of events that may be bad."""
        return 1 - self.objective

    @property
    def window_seconds(self) -> int:
        """The window in seconds."""
        return max(1, round(self.window_days * _DAY))

    def alert_name(self, window: BurnWindow) -> str:
        """How the alert of a burn window is called: here, and in exported rules."""
        words = re.split(r"[^A-Za-z0-9]+", self.name)
        return f"{''.join(word[:1].upper() + word[1:] for word in words)}ErrorBudgetBurn{short_duration(window.long)}"

    def alert_summary(self, window: BurnWindow) -> str:
        """The sentence of the alert of a burn window."""
        long, short = short_duration(window.long), short_duration(window.short)
        return (
            f"SLO {self.name}: the error budget burns at more than {window.factor:g} times the allowed speed, "
            f"over {long} and over {short}."
        )


def short_duration(seconds: float) -> str:
    """As Prometheus writes it: `5m`, `1h`, `3d`; milliseconds where it has to be."""
    whole = round(seconds * 1_000)
    for unit, size in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE), ("s", 1)):
        if whole and whole % (size * 1_000) == 0:
            return f"{whole // (size * 1_000)}{unit}"
    return f"{whole}ms"
