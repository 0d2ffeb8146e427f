"""Metrics, health, SLOs and alerts for a service, correct with many workers, with guarded cardinality."""

from __future__ import annotations

from typing import Any

from .alerts import Alert, AlertManager, AlertRule, AlertState
from .business import KPI, BusinessMetrics, KPITracker
from .cardinality import OTHER
from .errors import MissingExtraError, MonitoringError, PortInUseError
from .exposition import MetricsEndpoint, metrics_endpoint
from .health import CheckResult, HealthCheck, HealthCheckManager, HealthReport, HealthStatus
from .instrument import instrument
from .loop_monitor import LoopMonitor
from .manager import MonitoringManager
from .metrics import (
    DEFAULT_BUCKETS,
    Counter,
    Gauge,
    Histogram,
    Info,
    MetricsCollector,
    MetricsManager,
    Summary,
    counter,
    gauge,
    histogram,
    info,
    summary,
)
from .middleware import MetricsMiddleware
from .prometheus_rules import export_prometheus_rules
from .slo import BURN_WINDOWS, SLI, SLO, BurnWindow, latency, ratio
from .slo_engine import SLOEngine
from .system import ResourceMonitor, ResourceReading, SystemMetrics, SystemReading
from .tracing import TracingManager, add_span_attribute, get_current_span, get_tracer, record_exception, trace
from .workers import clear_worker_files

__all__ = [
    "BURN_WINDOWS",
    "DEFAULT_BUCKETS",
    "KPI",
    "OTHER",
    "SLI",
    "SLO",
    "Alert",
    "AlertManager",
    "AlertRule",
    "AlertState",
    "BurnWindow",
    "BusinessMetrics",
    "CheckResult",
    "Counter",
    "Gauge",
    "HealthCheck",
    "HealthCheckManager",
    "HealthReport",
    "HealthStatus",
    "Histogram",
    "Info",
    "KPITracker",
    "LoopMonitor",
    "MetricsCollector",
    "MetricsEndpoint",
    "MetricsManager",
    "MetricsMiddleware",
    "MissingExtraError",
    "MonitoringError",
    "MonitoringManager",
    "PortInUseError",
    "ResourceMonitor",
    "ResourceReading",
    "SLOEngine",
    "Summary",
    "SystemMetrics",
    "SystemReading",
    "TracingManager",
    "add_span_attribute",
    "clear_worker_files",
    "counter",
    "export_prometheus_rules",
    "gauge",
    "get_current_span",
    "get_tracer",
    "histogram",
    "info",
    "instrument",
    "latency",
    "metrics_endpoint",
    "ratio",
    "record_exception",
    "summary",
    "trace",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-monitoring")
    if name in {"DashboardManager", "GrafanaDashboard"}:
        from . import dashboards

        return getattr(dashboards, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
