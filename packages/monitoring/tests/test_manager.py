"""The manager starts and stops everything, as often as one likes."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from maestro_resilience import testing
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import Callable


def read(port: int | None) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return str(answer.read().decode())


def manager(registry: CollectorRegistry, **settings: Any) -> mm.MonitoringManager:
    return mm.MonitoringManager("orders", "1.2.3", "test", registry=registry, **settings)


def test_it_serves_metrics_health_alerts_and_business_figures(registry: CollectorRegistry) -> None:
    fired: list[str] = []

    async def main() -> tuple[str, dict[str, Any], dict[str, Any]]:
        engine = mm.SLOEngine([mm.SLO("web", 0.99)])
        service = manager(registry, prometheus_port=0, alert_interval=0.001, health_check_interval=0.001, slos=engine)
        done = asyncio.Event()
        service.alerts.subscribe(lambda event: fired.append(event.name))
        service.alerts.subscribe(lambda _event: done.set())
        service.add_health_check("db", lambda: True, interval=0)
        service.add_alert_rule(mm.AlertRule(name="Deep", condition=lambda: True))
        service.record_business_metric("revenue", 7, {"shop": "berlin"})
        service.metrics.increment_counter("orders", 3)
        async with service:
            await service.start()
            await done.wait()
            health = await service.get_health_status()
            return await asyncio.to_thread(read, service.port), health, service.get_metrics_summary()

    text, health, summary = asyncio.run(main())
    assert (health["status"], health["service"], health["checks"]["db"]["status"]) == ("healthy", "orders", "healthy")
    for line in (
        "orders_total 3.0",
        'business_revenue{shop="berlin"} 7.0',
        'health_check_up{check="db"} 1.0',
        'service_info{environment="test",service="orders",version="1.2.3"} 1.0',
        'maestro_alert_manager_firing{name="orders"} 1.0',
        'maestro_slo_engine_web_budget_remaining_ratio{name="orders"} 1.0',
        "event_loop_lag_seconds_count",
        "resource_memory_bytes",
    ):
        assert line in text
    assert fired == ["Deep"]
    assert summary["metrics"]["orders_total"] == [{"labels": {}, "value": 3.0}]
    assert (summary["service"], summary["version"], summary["environment"]) == ("orders", "1.2.3", "test")
    assert not any(name.endswith("_bucket") for name in summary["metrics"])


def test_it_starts_twice_in_one_process_one_after_the_other_and_at_once(registry: CollectorRegistry) -> None:
    """No duplicate series, no port error, and the last one that stops ends the server."""

    async def main() -> None:
        first, second = manager(registry, prometheus_port=0), None
        await first.start()
        port = first.port
        second = manager(registry, prometheus_port=port)
        await second.start()
        assert second.port == port
        await first.stop()
        assert first.port is None
        assert "service_info" in await asyncio.to_thread(read, port)
        await second.stop()
        await second.stop()
        again = manager(registry, prometheus_port=port)
        async with again:
            assert "service_info" in await asyncio.to_thread(read, port)
        await again.start()
        assert again.port == port
        await again.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    before = set(threading.enumerate())
    asyncio.run(main())
    assert [thread for thread in set(threading.enumerate()) - before if "asyncio" not in thread.name] == []


def test_a_start_that_fails_leaves_nothing_behind_and_can_be_repeated(registry: CollectorRegistry) -> None:
    async def main() -> None:
        taken = socket.create_server(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        service = manager(registry, prometheus_port=port)
        with pytest.raises(mm.PortInUseError, match=f"127.0.0.1:{port} .*; choose another"):
            await service.start()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await service.stop()
        taken.close()
        async with service:
            assert service.port == port
            other = manager(CollectorRegistry(), prometheus_port=port)
            with pytest.raises(mm.PortInUseError, match="another registry"):
                await other.start()

    asyncio.run(main())


def test_a_failure_late_in_the_start_closes_what_was_open(registry: CollectorRegistry) -> None:
    async def main() -> None:
        service = manager(registry, prometheus_port=0)

        class Failing:
            async def __aenter__(self) -> None:
                raise RuntimeError("no")

            async def __aexit__(self, *_: object) -> None:
                """Never entered."""

        service._resources = Failing()  # type: ignore[assignment] # a part that cannot start
        with pytest.raises(RuntimeError, match="no"):
            await service.start()
        assert service.port is None
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_cancellation_at_every_step_of_a_start_leaves_nothing_behind() -> None:
    async def scenario(cancellable: testing.Cancellable) -> None:
        service = manager(CollectorRegistry(), enable_system_metrics=False)

        async def life() -> None:
            async with service:
                await asyncio.sleep(1)

        await cancellable(life())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    assert testing.cancel_at_every_step(scenario) > 1


def test_without_a_port_its_endpoint_is_mounted(registry: CollectorRegistry, get: Callable[..., Any]) -> None:
    async def main() -> bytes:
        async with manager(registry) as service:
            assert service.port is None
            _, _, body = await get(service.endpoint)
            return bytes(body)

    assert b"service_info" in asyncio.run(main())


def test_one_failure_is_not_the_end_of_monitoring(registry: CollectorRegistry, logged: list[dict[str, Any]]) -> None:
    async def main() -> int:
        service = manager(registry, alert_interval=0.001)
        twice = asyncio.Event()
        calls: list[int] = []

        def failing() -> list[mm.Alert]:
            calls.append(1)
            if len(calls) == 2:
                twice.set()
            raise RuntimeError("no")

        service.alerts.evaluate = failing  # type: ignore[method-assign] # a bug of ours
        async with service:
            await twice.wait()
        return len(calls)

    assert asyncio.run(main()) >= 2
    assert "monitoring failed" in {line["event"] for line in logged}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"prometheus_port": 65_536}, "from 0 to 65535"),
        ({"prometheus_port": "9090"}, "from 0 to 65535"),
        ({"health_check_interval": 0}, "above zero"),
        ({"alert_interval": -1}, "at least 0"),
        ({"jaeger_endpoint": "jaeger:6831"}, "pass its OTLP/HTTP address as otlp_endpoint"),
        ({"enable_auto_instrumentation": True}, "opentelemetry-instrument"),
        ({"prometheus_path": "/m"}, "served on every path"),
        ({"otlp_endpoint": "collector:4317"}, "http or https URL"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        manager(CollectorRegistry(), **settings)
