"""Monitoring of a service in one object: everything of this package, started and stopped together."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

from maestro_core_logging import get_logger

from .alerts import AlertManager, AlertRule
from .background import ended
from .business import BusinessMetrics, KPITracker
from .checks import positive
from .exposition import MetricsEndpoint, Scrape
from .extras import found
from .health import HealthCheckManager
from .instrument import instrument
from .loop_monitor import LoopMonitor
from .metrics import MetricsCollector
from .metrics_server import MetricsServer
from .system import ResourceMonitor
from .tracing import TracingManager

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prometheus_client import CollectorRegistry

    from .health import CheckFunction, HealthCheck
    from .slo_engine import SLOEngine

__all__ = ["MonitoringManager"]

_PORTS = range(65_536)


class MonitoringManager:
    """Metrics, health, alerts, tracing and resources of a service.

    `async with manager:` is `await start()` and `await stop()`. Several may run in one process, after one another or
    at once, and share what they have in common. A start that fails leaves nothing behind.

    Args:
        service_name: as everywhere.
        service_version: shown with the name in `service_info`, and on spans.
        environment: the same.
        prometheus_port: serve metrics on a port of its own; 0 is any free one, see `port`. None: no server, mount
            `endpoint` in the application.
        otlp_endpoint: send spans there, over HTTP; needs the extra `otel`.
        prometheus_host: the address it listens on; this machine only, unless told otherwise.
        enable_system_metrics: needs the extra `system`. None: where that is installed.
        enable_loop_monitor: observe the lag of the event loop.
        health_check_interval: seconds between checks whose results are shown as metrics.
        alert_interval: seconds between evaluations of alert rules and SLOs.
        resource_attributes: further attributes of spans' resource.
        slos: an engine that is evaluated, and shown in metrics.
        registry: prometheus-client's default one when None.
        prometheus_path: accepted as "/metrics" only; the server answers on every path.
        jaeger_endpoint: refused: Jaeger takes OTLP.
        enable_auto_instrumentation: refused: start the service by `opentelemetry-instrument`.
    """

    def __init__(
        self,
        service_name: str,
        service_version: str = "unknown",
        environment: str = "production",
        prometheus_port: int | None = None,
        otlp_endpoint: str | None = None,
        *,
        prometheus_host: str = "127.0.0.1",
        enable_system_metrics: bool | None = None,
        enable_loop_monitor: bool = True,
        health_check_interval: float = 30.0,
        alert_interval: float = 15.0,
        resource_attributes: Mapping[str, str] | None = None,
        slos: SLOEngine | None = None,
        registry: CollectorRegistry | None = None,
        prometheus_path: str = "/metrics",
        jaeger_endpoint: str | None = None,
        enable_auto_instrumentation: bool = False,
    ) -> None:
        _refuse(prometheus_path, jaeger_endpoint, auto=enable_auto_instrumentation)
        if prometheus_port is not None and prometheus_port not in _PORTS:
            raise ValueError(f"prometheus_port must be a port from 0 to 65535, or None, not {prometheus_port!r}.")
        self.service_name = service_name
        self.service_version = service_version
        self.environment = environment
        self.metrics = MetricsCollector(service_name, registry)
        self.health = HealthCheckManager()
        self.alerts = AlertManager()
        self.business = BusinessMetrics(registry)
        self.kpis = KPITracker(registry)
        self.slos = slos
        self.endpoint = MetricsEndpoint(registry)
        self._registry = registry
        self._address = None if prometheus_port is None else (prometheus_host, prometheus_port)
        self._server: MetricsServer | None = None
        self._health_interval = positive("health_check_interval", health_check_interval)
        self._alert_interval = positive("alert_interval", alert_interval)
        self._tracing = (
            None
            if otlp_endpoint is None
            else TracingManager(
                service_name,
                service_version,
                environment,
                otlp_endpoint=otlp_endpoint,
                resource_attributes=dict(resource_attributes or {}),
            )
        )
        wanted = found("psutil") is not None if enable_system_metrics is None else enable_system_metrics
        self._resources = ResourceMonitor(registry=registry) if wanted else None
        self._loop_monitor = LoopMonitor(registry=registry) if enable_loop_monitor else None
        self._up = self.metrics.gauge(
            "health_check_up", "1 when a health check passed.", ("check",), unit="", multiprocess_mode="livemin"
        )
        self._running: AsyncExitStack | None = None
        self._since = 0.0

    @property
    def port(self) -> int | None:
        """The port that metrics are served on; None while there is none."""
        return self._server.port if self._server else None

    async def start(self) -> None:
        """Start everything; again is harmless.

        Raises:
            PortInUseError: somebody else has `prometheus_port`.
            MissingExtraError: `otlp_endpoint` needs the extra `otel`.
        """
        if self._running is not None:
            return
        async with AsyncExitStack() as stack:
            self._start_server(stack)
            for part in (self._tracing, self._resources, self._loop_monitor):
                if part is not None:
                    await stack.enter_async_context(part)
            self._show(stack)
            self._repeat(stack, self._health_interval, self._check_health)
            self._repeat(stack, self._alert_interval, self._evaluate)
            self._running = stack.pop_all()
            self._since = time.monotonic()

    async def stop(self) -> None:
        """Stop everything, in reverse; again is harmless, also after a start that failed."""
        if self._running is not None:
            running, self._running = self._running, None
            await running.aclose()

    aclose = stop

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def add_health_check(
        self,
        name: str,
        check: CheckFunction,
        interval: float = 0.0,
        *,
        timeout: float = 2.0,
        critical: bool = True,
    ) -> HealthCheck:
        """Add a check; a result is served again for `interval` seconds. See `HealthCheckManager.register_check`."""
        return self.health.register_check(name, check, timeout, critical, interval=interval)

    def add_alert_rule(self, rule: AlertRule) -> None:
        """Add a rule, evaluated while this runs; `alerts.subscribe` tells what comes of it."""
        self.alerts.add_rule(rule)

    def record_business_metric(self, name: str, value: float, labels: Mapping[str, object] | None = None) -> None:
        """Set the gauge `business_<name>`."""
        self.business.record(name, value, labels)

    async def get_health_status(self) -> dict[str, Any]:
        """Run the health checks: `status`, and of each check `status`, `critical`, `seconds`, `message`."""
        return {**(await self._check_health()).to_dict(), "service": self.service_name, "version": self.service_version}

    def get_metrics_summary(self) -> dict[str, Any]:
        """Who this is, for how many seconds, and all samples by name but buckets: lists of labels and value.

        It takes as long as a scrape does.
        """
        return {
            "service": self.service_name,
            "version": self.service_version,
            "environment": self.environment,
            "uptime_seconds": time.monotonic() - self._since if self._running else 0.0,
            "metrics": Scrape(self._registry).values(),
        }

    def _start_server(self, stack: AsyncExitStack) -> None:
        if self._address is not None:
            self._server = MetricsServer.open(*self._address, self._registry)
            stack.push_async_callback(self._close_server)

    async def _close_server(self) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await asyncio.to_thread(server.close)

    def _show(self, stack: AsyncExitStack) -> None:
        about = {"service": self.service_name, "version": self.service_version, "environment": self.environment}
        self.metrics.info("service", "Which service this is.").info(about)
        for part in (self.health, self.alerts, self.slos):
            if part is not None:
                stack.callback(instrument(part, self.service_name, registry=self._registry))

    def _repeat(self, stack: AsyncExitStack, seconds: float, work: Callable[[], Any]) -> None:
        async def run() -> None:
            while True:
                try:
                    await work()
                except Exception as error:  # noqa: BLE001 - one failure must not be the end of monitoring
                    get_logger("maestro_monitoring").error("monitoring failed", error=type(error).__name__)
                await asyncio.sleep(seconds)

        task = asyncio.get_running_loop().create_task(run(), name=f"maestro-monitoring-{self.service_name}")
        stack.push_async_callback(ended, task)

    async def _check_health(self) -> Any:
        report = await self.health.acheck_health()
        for each in report.checks:
            self._up.labels(each.name).set(int(each.status.value == "healthy"))
        return report

    async def _evaluate(self) -> None:
        self.alerts.evaluate()
        if self.slos is not None:
            self.slos.evaluate()


def _refuse(prometheus_path: str, jaeger_endpoint: str | None, *, auto: bool) -> None:
    """Settings of the first platform that mean nothing any more."""
    if prometheus_path != "/metrics":
        raise ValueError(f"metrics are served on every path, so {prometheus_path!r} would mean nothing; leave it out.")
    if jaeger_endpoint is not None:
        raise ValueError("jaeger_endpoint is gone, as Jaeger takes OTLP; pass its OTLP/HTTP address as otlp_endpoint.")
    if auto:
        raise ValueError(
            "enable_auto_instrumentation is gone; start the service by `opentelemetry-instrument` instead."
        )
