"""What the business counts: figures under `business_*`, and key figures with targets."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .checks import identifier
from .metric_set import MetricSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry

__all__ = ["KPI", "BusinessMetrics", "KPITracker"]


class BusinessMetrics:
    """Figures that need no definition: `record` sets the gauge `business_<name>`, `count` adds to a counter.

    The labels of the first sample are those of the figure; others later are a ValueError. Safe from any thread.

    Args:
        registry: prometheus-client's default one when None.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._metrics = MetricSet.of(registry)

    def record(self, name: str, value: float, labels: Mapping[str, object] | None = None) -> None:
        """Set `business_<name>`."""
        named = dict(labels or {})
        gauge = self._metrics.gauge(f"business_{name}", labels=sorted(named), unit="", multiprocess_mode="mostrecent")
        (gauge.labels(**named) if named else gauge).set(value)

    def count(self, name: str, value: float = 1, labels: Mapping[str, object] | None = None) -> None:
        """Add to `business_<name>_total`."""
        named = dict(labels or {})
        counter = self._metrics.counter(f"business_{name}", labels=sorted(named))
        (counter.labels(**named) if named else counter).inc(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KPI:
    """A key figure: its last `value`, None before the first, its `target`, and whether that is met."""

    name: str
    target: float
    direction: Literal["at_least", "at_most"]
    value: float | None = None

    @property
    def met(self) -> bool:
        """False as long as there is no value."""
        if self.value is None:
            return False
        return self.value >= self.target if self.direction == "at_least" else self.value <= self.target


class KPITracker:
    """Key figures and their targets, as gauges `kpi_value{kpi}`, `kpi_target{kpi}` and `kpi_met{kpi}`.

    Args:
        registry: prometheus-client's default one when None.
    """

    name = "kpis"

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        metrics = MetricSet.of(registry)
        self._gauges: dict[str, Any] = {
            figure: metrics.gauge(f"kpi_{figure}", labels=("kpi",), unit="", multiprocess_mode="mostrecent")
            for figure in ("value", "target", "met")
        }
        self._known: dict[str, KPI] = {}
        self._lock = threading.Lock()

    def define(self, name: str, target: float, direction: Literal["at_least", "at_most"] = "at_least") -> KPI:
        """Set the target of a key figure, and keep the value it has."""
        identifier("the name of a KPI", name)
        if direction not in {"at_least", "at_most"}:
            raise ValueError(f"direction must be 'at_least' or 'at_most', not {direction!r}.")
        if not math.isfinite(target):
            raise ValueError(f"target must be a finite number, not {target!r}.")
        with self._lock:
            before = self._known.get(name)
            return self._keep(
                KPI(name=name, target=target, direction=direction, value=before.value if before else None)
            )

    def update(self, name: str, value: float) -> KPI:
        """Set the value; KeyError for a figure that was not defined, ValueError for no finite number."""
        if not math.isfinite(value):
            raise ValueError(f"the value of {name} must be a finite number, not {value!r}.")
        with self._lock:
            known = self._known.get(name)
            if known is None:
                raise KeyError(f"there is no KPI {name!r}; define it first, with its target.")
            return self._keep(KPI(name=name, target=known.target, direction=known.direction, value=value))

    def status(self) -> dict[str, KPI]:
        """All key figures by name."""
        with self._lock:
            return dict(self._known)

    def stats(self) -> dict[str, int | float | str]:
        """How many there are, and how many are met."""
        known = self.status().values()
        return {"kpis": len(known), "met": sum(each.met for each in known)}

    def _keep(self, kpi: KPI) -> KPI:
        self._known[kpi.name] = kpi
        self._gauges["target"].labels(kpi.name).set(kpi.target)
        if kpi.value is not None:
            self._gauges["value"].labels(kpi.name).set(kpi.value)
            self._gauges["met"].labels(kpi.name).set(int(kpi.met))
        return kpi
