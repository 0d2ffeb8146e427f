"""How metrics and labels may be called: what Prometheus accepts, and a unit at the end.

The rules are those of https://prometheus.io/docs/practices/naming and of the OpenMetrics text format.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["checked_labels", "checked_name"]

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_BASE_UNITS = frozenset(
    ("seconds", "bytes", "ratio", "celsius", "meters", "volts", "amperes", "joules", "grams", "hertz", "watts")
)
_INSTEAD = {
    **dict.fromkeys(("ms", "millis", "milliseconds", "us", "micros", "microseconds", "ns", "nanoseconds"), "seconds"),
    **dict.fromkeys(("sec", "secs", "minutes", "mins", "hours", "days"), "seconds"),
    **dict.fromkeys(("kb", "mb", "gb", "kib", "mib", "gib", "kilobytes", "megabytes", "gigabytes", "bits"), "bytes"),
    **dict.fromkeys(("percent", "percentage", "pct"), "ratio"),
    "fahrenheit": "celsius",
}
_TAKEN = ("total", "count", "sum", "bucket", "created", "info")  # suffixes that the exposition formats add
_SINGULAR = ("ss", "us", "is")


def checked_name(kind: str, name: str, unit: str | None) -> tuple[str, str]:
    """Return the name and the base unit (or "") that a metric of `kind` is registered under.

    A counter's `_total` and an info's `_info` are taken off, as the formats add them. Gauges, histograms and summaries
    end in a base unit, or in the plural of what they count; `unit` is joined to a name that lacks it, and `unit=""`
    says that there is none. ValueError otherwise.
    """
    if not isinstance(name, str):
        raise TypeError(f"a metric's name must be a string, not {name!r}; quote it.")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no metric name; use letters, digits and `_`, and no digit first "
            "(a colon is for recording rules)."
        )
    bare = name.removesuffix({"counter": "_total", "info": "_info"}.get(kind, "")) or name
    if unit:
        bare = bare if bare.endswith(f"_{unit}") else f"{bare}_{unit}"
    last = bare.rpartition("_")[2].lower()
    if last in _INSTEAD:
        raise ValueError(f"{name!r} is not in a base unit; measure in {_INSTEAD[last]} and end the name so.")
    if last in _TAKEN:
        raise ValueError(f"{name!r} ends in `_{last}`, which a {kind} may not; that suffix belongs to the formats.")
    if unit is None and kind not in {"counter", "info"} and not _says_unit(last):
        raise ValueError(
            f"{kind} {name!r} does not end in a unit; write {name}_seconds, {name}_bytes, {name}_ratio or what it "
            'counts in the plural, or pass unit="" if it has none.'
        )
    return bare, last if last in _BASE_UNITS else ""


def _says_unit(word: str) -> bool:
    return word in _BASE_UNITS or (word.endswith("s") and not word.endswith(_SINGULAR))


def checked_labels(kind: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return the label names; ValueError for what Prometheus refuses or a metric of `kind` uses itself."""
    if isinstance(names, str):
        raise TypeError(f"labels must be a list of names, not the string {names!r}; write [{names!r}].")
    found = tuple(names)
    reserved = {"histogram": "le", "summary": "quantile"}.get(kind)
    for each in found:
        if not _NAME.fullmatch(each) or each.startswith("__"):
            raise ValueError(f"{each!r} is no label name; use letters, digits and `_`, and no `__` in front.")
        if each == reserved:
            raise ValueError(f"the label {each!r} belongs to every {kind}; rename yours.")
    if len(set(found)) != len(found):
        raise ValueError(f"labels {', '.join(found)} repeat a name; name each once.")
    return found
