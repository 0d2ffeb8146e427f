"""What users of the first platform's package wrote works here, and the bugs they met are gone."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import runpy
import socket
from typing import TYPE_CHECKING

import maestro_monitoring
import pytest
from maestro_monitoring import MonitoringManager

if TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client import CollectorRegistry

NAMES = {
    "maestro_monitoring": (
        *("MonitoringManager", "MetricsManager", "counter", "histogram", "gauge", "summary", "info"),
        *("TracingManager", "trace", "get_tracer", "get_current_span", "add_span_attribute", "record_exception"),
        *("HealthCheckManager", "HealthCheck", "AlertManager", "Alert", "AlertRule"),
        *("SystemMetrics", "ResourceMonitor", "BusinessMetrics", "KPITracker", "MetricsCollector"),
    ),
    "maestro_monitoring.manager": ("MonitoringManager",),
    "maestro_monitoring.metrics": ("MetricsManager", "counter", "histogram", "gauge", "summary", "info"),
    "maestro_monitoring.tracing": ("TracingManager", "trace", "get_tracer", "get_current_span", "record_exception"),
    "maestro_monitoring.health": ("HealthCheckManager", "HealthCheck"),
    "maestro_monitoring.alerts": ("AlertManager", "Alert", "AlertRule"),
    "maestro_monitoring.system": ("SystemMetrics", "ResourceMonitor"),
    "maestro_monitoring.business": ("BusinessMetrics", "KPITracker"),
}


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in NAMES.items() for name in names])
def test_readme_surface(module: str, name: str) -> None:
    """The package could not be imported; every name it promised can."""
    assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("module", ["maestro_monitoring", "maestro_monitoring.dashboards"])
@pytest.mark.parametrize("name", ["DashboardManager", "GrafanaDashboard"])
def test_a_name_that_is_gone_says_on_import_what_to_use(module: str, name: str) -> None:
    with pytest.raises(ImportError, match="export_prometheus_rules"):
        exec(f"from {module} import {name}")  # noqa: S102 - the import statement is what users write
    with pytest.raises(AttributeError, match="nothing"):
        importlib.import_module(module).nothing  # noqa: B018 - reading it is the test


def test_the_settings_are_known_by_their_names_and_places() -> None:
    first = ["service_name", "service_version", "environment", "prometheus_port"]
    parameters = list(inspect.signature(MonitoringManager).parameters)
    assert parameters[:4] == first
    known = {"prometheus_path", "otlp_endpoint", "jaeger_endpoint", "enable_system_metrics", "health_check_interval"}
    assert known | {"enable_auto_instrumentation", "resource_attributes"} <= set(parameters)


def test_business_metrics_are_no_longer_switched_on() -> None:
    """`enable_business_metrics` was a switch of what costs nothing while it is not used."""
    with pytest.raises(TypeError, match="enable_business_metrics"):
        MonitoringManager("orders", enable_business_metrics=True)  # type: ignore[call-arg] # that is the point


def test_the_guide_works(registry: CollectorRegistry) -> None:
    requests = maestro_monitoring.counter("requests", "Requests.", ["method"], registry=registry)
    requests.labels(method="GET").inc()

    @maestro_monitoring.trace("charge")
    async def charge() -> str:
        return "done"

    assert asyncio.run(charge()) == "done"
    collector = maestro_monitoring.MetricsCollector(service_name="orders", registry=registry)
    collector.increment_counter("requests_total", method="GET")
    collector.record_histogram("request_duration_seconds", 0.1, method="GET")
    health = maestro_monitoring.HealthCheckManager()
    health.register_check("database", lambda: True)
    assert health.check_health().to_dict()["status"] == "healthy"
    assert registry.get_sample_value("requests_total", {"method": "GET"}) == 2


def listening() -> set[str]:
    """Addresses of this machine that somebody listens on, in `/proc`'s words."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as lines:  # noqa: PTH123 - no path of ours
            found |= {line.split()[1] for line in list(lines)[1:] if line.split()[3] == "0A"}
    return found


def test_no_server_is_started_unless_asked_for_and_then_for_this_machine_only_and_it_is_closed(
    registry: CollectorRegistry,
) -> None:
    """It bound port 9090, Prometheus's own, on all interfaces, and could not close it."""

    async def main() -> None:
        before = listening()
        async with MonitoringManager("orders", registry=registry):
            assert not any(address.endswith(":2382") for address in listening() - before)
        async with MonitoringManager("orders", registry=registry, prometheus_port=0) as manager:
            mine = f"0100007F:{manager.port:04X}"
            assert mine in listening()
            assert f"00000000:{manager.port:04X}" not in listening()
        assert mine not in listening()

    asyncio.run(main())


def test_a_failed_start_is_undone_and_stop_does_not_return_early(registry: CollectorRegistry) -> None:
    """It left its tasks running, and `stop` did nothing because it had not started."""

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            manager = MonitoringManager("orders", registry=registry, prometheus_port=taken.getsockname()[1])
            with pytest.raises(maestro_monitoring.PortInUseError):
                await manager.start()
            await manager.stop()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_starting_twice_in_a_process_works(registry: CollectorRegistry) -> None:
    """It failed on the port, and modules imported twice on duplicate series."""

    async def main() -> None:
        for _ in range(2):
            async with MonitoringManager("orders", registry=registry, prometheus_port=0) as manager:
                manager.metrics.increment_counter("orders")
        assert registry.get_sample_value("orders_total") == 2

    asyncio.run(main())


def test_a_module_that_is_imported_twice_defines_its_metrics_once(tmp_path: Path) -> None:
    """As by `uvicorn main:app` from within `main`; it met duplicate series."""
    module = tmp_path / "main.py"
    module.write_text('import maestro_monitoring as mm\norders = mm.counter("heritage_orders", "Orders.", ["shop"])\n')
    first, second = runpy.run_path(str(module), run_name="__main__"), runpy.run_path(str(module), run_name="main")
    assert first["orders"] is second["orders"]
