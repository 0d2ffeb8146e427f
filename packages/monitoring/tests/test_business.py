"""Business figures need no definition; key figures have targets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry


def test_figures_are_recorded_by_name(registry: CollectorRegistry, value: Callable[..., Any]) -> None:
    business = mm.BusinessMetrics(registry)
    business.record("revenue", 12.5)
    business.record("revenue", 13)
    business.record("stock", 4, {"shop": "berlin", "name": "x"})
    business.count("signups")
    business.count("signups", 2)
    business.count("orders", labels={"shop": "berlin"})
    assert value("business_revenue") == 13
    assert value("business_stock", shop="berlin", name="x") == 4
    assert value("business_signups_total") == 3
    assert value("business_orders_total", shop="berlin") == 1
    with pytest.raises(ValueError, match="exists already"):
        business.record("stock", 4)
    with pytest.raises(ValueError, match="no metric name"):
        business.record("net revenue", 4)


def test_key_figures_are_met_or_not(registry: CollectorRegistry, value: Callable[..., Any]) -> None:
    kpis = mm.KPITracker(registry)
    assert not kpis.define("conversion", 0.05).met
    kpis.define("churn", 0.02, "at_most")
    assert kpis.update("conversion", 0.06).met
    assert not kpis.update("churn", 0.03).met
    assert kpis.define("churn", 0.03, "at_most").met
    assert (value("kpi_value", kpi="churn"), value("kpi_target", kpi="churn"), value("kpi_met", kpi="churn")) == (
        0.03,
        0.03,
        1,
    )
    assert {name: kpi.met for name, kpi in kpis.status().items()} == {"conversion": True, "churn": True}
    assert kpis.stats() == {"kpis": 2, "met": 2}


def test_nonsense_is_refused(registry: CollectorRegistry) -> None:
    kpis = mm.KPITracker(registry)
    with pytest.raises(KeyError, match="define it first"):
        kpis.update("conversion", 1)
    with pytest.raises(ValueError, match="at_least"):
        kpis.define("conversion", 1, "about")  # type: ignore[arg-type] # that is the point
    with pytest.raises(ValueError, match="finite"):
        kpis.define("conversion", math.inf)
    kpis.define("conversion", 1)
    with pytest.raises(ValueError, match="finite"):
        kpis.update("conversion", math.nan)
