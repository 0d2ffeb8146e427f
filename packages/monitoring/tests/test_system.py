"""What the machine and the process use is read beside the event loop and shown as gauges."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry


def test_the_machine_is_read() -> None:
    reading = mm.SystemMetrics().read()
    assert 0 <= reading.cpu_ratio <= 1
    assert 0 < reading.memory_available_bytes <= reading.memory_total_bytes
    assert 0 <= reading.disk_free_bytes <= reading.disk_total_bytes
    assert reading.load_average >= 0


def test_a_disk_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        mm.SystemMetrics("/no/such/disk")


def test_the_process_is_read_again_and_again_in_a_thread(
    registry: CollectorRegistry, value: Callable[..., Any]
) -> None:
    async def main() -> None:
        monitor = mm.ResourceMonitor(0.001, registry=registry)
        published = threading.Event()
        threads: set[int] = set()
        publish = monitor.publish

        def witnessed() -> None:
            threads.add(threading.get_ident())
            publish()
            if monitor.stats()["readings"] == 3:
                published.set()

        monitor.publish = witnessed  # type: ignore[method-assign] # to see which thread calls it
        async with monitor:
            await monitor.start()
            assert await asyncio.to_thread(published.wait, 30)
        assert threading.get_ident() not in threads
        await monitor.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert value("resource_memory_bytes") > 1_000_000
    assert value("resource_threads") >= 1
    assert value("resource_open_files") >= 1
    assert value("system_memory_total_bytes") > 0


def test_a_reading_that_fails_is_counted_and_the_next_one_made(
    registry: CollectorRegistry, logged: list[dict[str, Any]]
) -> None:
    async def main() -> None:
        monitor = mm.ResourceMonitor(0.001, registry=registry)
        enough = threading.Event()
        calls: list[int] = []

        def failing() -> None:
            calls.append(1)
            if len(calls) == 3:
                enough.set()
            raise PermissionError

        monitor.publish = failing  # type: ignore[method-assign] # the system says no
        async with monitor:
            assert await asyncio.to_thread(enough.wait, 30)
        assert int(monitor.stats()["errors"]) >= 2

    asyncio.run(main())
    assert [line["event"] for line in logged] == ["resources cannot be read"]


def test_two_monitors_share_their_gauges(registry: CollectorRegistry) -> None:
    mm.ResourceMonitor(registry=registry)
    mm.ResourceMonitor(registry=registry)
    with pytest.raises(ValueError, match="above zero"):
        mm.ResourceMonitor(0, registry=registry)
