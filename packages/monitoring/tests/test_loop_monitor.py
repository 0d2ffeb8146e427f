"""A loop that is blocked is noticed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from maestro_resilience import testing

if TYPE_CHECKING:
    from collections.abc import Callable

    from maestro_core_logging import Event
    from prometheus_client import CollectorRegistry


def test_lag_is_observed_and_stalls_are_told(
    registry: CollectorRegistry, value: Callable[..., Any], logged: list[dict[str, Any]]
) -> None:
    """On virtual time; blocking is time that passes on the clock and not on the loop."""
    heard: list[Event] = []

    async def main() -> None:
        loop, blocked = asyncio.get_running_loop(), 0.0
        monitor = mm.LoopMonitor(0.25, stall_seconds=0.1, clock=lambda: loop.time() + blocked, registry=registry)
        stop = monitor.subscribe(heard.append)
        async with monitor:
            await monitor.start()
            await asyncio.sleep(1.1)
            assert monitor.stats() == {
                "timers": 4,
                "stalls": 0,
                "lag_seconds": 0.0,
                "longest_lag_seconds": 0.0,
                "subscriber_errors": 0,
            }
            blocked += 0.75
            await asyncio.sleep(0.25)
            blocked += 0.05
            await asyncio.sleep(0.25)
            stop()
            stats = monitor.stats()
        assert (stats["timers"], stats["stalls"]) == (6, 1)
        assert stats["longest_lag_seconds"] == pytest.approx(0.75)
        assert stats["lag_seconds"] == pytest.approx(0.05)
        await monitor.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    testing.run(main)
    (stalled,) = heard
    assert (stalled.kind, stalled.name) == ("event_loop.stalled", "event_loop")
    assert stalled.data["seconds"] == pytest.approx(0.75)
    assert value("event_loop_lag_seconds_count") == 6
    assert value("event_loop_lag_seconds_bucket", le="0.5") == 5
    assert [line["seconds"] for line in logged] == [0.75]


@pytest.mark.parametrize("settings", [{"interval": 0}, {"stall_seconds": -1}])
def test_nonsense_is_refused(settings: dict[str, float], registry: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="pass a larger number"):
        mm.LoopMonitor(**settings, registry=registry)  # type: ignore[arg-type] # a mapping of both
