"""SLOs and alert rules as a rule file for Prometheus, which then evaluates them over all instances of a service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .slo import BURN_WINDOWS, KEEP_FIRING_SECONDS, MINIMUM_EVENTS, short_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .alerts import AlertRule
    from .slo import SLI, SLO, BurnWindow

__all__ = ["export_prometheus_rules"]

_RATIO = "slo:error_ratio:rate"


def export_prometheus_rules(
    slos: Iterable[SLO] = (),
    alerts: Iterable[AlertRule] = (),
    *,
    path: Path | str | None = None,
    windows: Sequence[BurnWindow] = BURN_WINDOWS,
) -> str:
    """Return a rule file in YAML, and write it to `path` if that is given. It needs Prometheus 2.42 or later.

    Each SLO becomes a group with a recording rule per window, `slo:error_ratio:rate5m{slo="..."}`, and an alert per
    pair of windows: the same names, windows, factors, minimum of events and `keep_firing_for` as in `SLOEngine`.
    Alert rules that have an `expr` become a group `alerts`.

    Raises:
        ValueError: an SLO has no `sli`, two have one name, an alert rule has no `expr`, or there is nothing to export.
    """
    chosen, rules = tuple(slos), tuple(alerts)
    names = [slo.name for slo in chosen] + [f"alert {rule.name}" for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is there twice; rename one.")
    if not names:
        raise ValueError("there is nothing to export; give SLOs or alert rules.")
    lines = ["# Made by maestro-monitoring; change the SLOs and alert rules of the service instead.", "groups:"]
    for slo in chosen:
        if slo.sli is None:
            raise ValueError(f"SLO {slo.name!r} has no sli; give it ratio(...) or latency(...) to export it.")
        lines += _group(f"slo-{slo.name}", _of_slo(slo, slo.sli, windows))
    if rules:
        lines += _group("alerts", (_of_alert(rule) for rule in rules))
    text = "\n".join(lines) + "\n"
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def _of_slo(slo: SLO, sli: SLI, windows: Sequence[BurnWindow]) -> Iterator[dict[str, object]]:
    for span in sorted({span for window in windows for span in (window.long, window.short)}):
        rate = short_duration(span)
        yield {"record": f"{_RATIO}{rate}", "expr": sli.error_ratio(rate), "labels": {"slo": slo.name}}
    for window in windows:
        long, short = short_duration(window.long), short_duration(window.short)
        limit = f"{window.factor:g} * {slo.budget:.12g}"
        yield {
            "alert": slo.alert_name(window),
            "expr": (
                f'{_RATIO}{long}{{slo="{slo.name}"}} > {limit}'
                f' and on() {_RATIO}{short}{{slo="{slo.name}"}} > {limit}'
                f" and on() {sli.events(long)} >= {MINIMUM_EVENTS}"
            ),
            "keep_firing_for": short_duration(KEEP_FIRING_SECONDS),
            "labels": {"severity": window.severity, "slo": slo.name, "long": long, "short": short},
            "annotations": {"summary": slo.alert_summary(window), "description": slo.description},
        }


def _of_alert(rule: AlertRule) -> dict[str, object]:
    if rule.expr is None:
        raise ValueError(f"alert {rule.name} has no expr; write its condition in PromQL, or leave it out.")
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": short_duration(rule.for_seconds) if rule.for_seconds else "",
        "keep_firing_for": short_duration(rule.keep_firing_seconds) if rule.keep_firing_seconds else "",
        "labels": {**rule.labels, "severity": rule.severity},
        "annotations": {"summary": rule.summary},
    }


def _group(name: str, rules: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The lines of one group; empty values are left out."""
    yield f"  - name: {_quoted(name)}"
    yield "    rules:"
    for rule in rules:
        dash = "- "
        for key, value in rule.items():
            if isinstance(value, dict):
                filled = {inner: text for inner, text in value.items() if text}
                if filled:
                    yield f"        {key}:"
                    yield from (f"          {inner}: {_quoted(str(text))}" for inner, text in filled.items())
            elif value:
                yield f"      {dash}{key}: {_quoted(str(value))}"
            dash = "  "


def _quoted(text: str) -> str:
    """A YAML double-quoted scalar, which JSON strings are but for the control characters that JSON leaves alone."""
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\x{ord(found[0]):02x}", json.dumps(text, ensure_ascii=False))
