"""Names of the first platform that are gone."""

from __future__ import annotations

from typing import NoReturn

__all__: list[str] = []


def __getattr__(name: str) -> NoReturn:
    if name in {"DashboardManager", "GrafanaDashboard"}:
        raise ImportError(
            f"{name} is not there: dashboards are not written; point Grafana at the Prometheus that scrapes the "
            "service, and use export_prometheus_rules() for its recording rules and alerts."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
