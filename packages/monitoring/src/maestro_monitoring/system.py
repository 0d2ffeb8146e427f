"""What the machine and the process use: processor, memory, disk, files. Needs the extra `system` (psutil)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from maestro_core_logging import get_logger

from .background import Background
from .checks import positive
from .extras import required
from .metric_set import MetricSet

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["ResourceMonitor", "ResourceReading", "SystemMetrics", "SystemReading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemReading:
    """The machine: shares are of 1, sizes in bytes. `cpu_ratio` is since the reading before, 0 for the first."""

    cpu_ratio: float
    memory_total_bytes: int
    memory_available_bytes: int
    disk_total_bytes: int
    disk_free_bytes: int
    load_average: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceReading:
    """The process. `cpu_ratio` is of one core, since the reading before, 0 for the first."""

    cpu_ratio: float
    memory_bytes: int
    threads: int
    open_files: int


class SystemMetrics:
    """Reads the machine's figures; `MissingExtraError` without the extra `system`.

    Args:
        disk_path: any path on the disk that matters.
    """

    def __init__(self, disk_path: str = "/") -> None:
        self._psutil = required("psutil", "system")
        self._disk_path = disk_path
        self._psutil.disk_usage(disk_path)  # an OSError now, and not at each reading
        self._psutil.cpu_percent()

    def read(self) -> SystemReading:
        """The figures now; takes some system calls, so not on an event loop."""
        memory, disk = self._psutil.virtual_memory(), self._psutil.disk_usage(self._disk_path)
        return SystemReading(
            cpu_ratio=self._psutil.cpu_percent() / 100,
            memory_total_bytes=memory.total,
            memory_available_bytes=memory.available,
            disk_total_bytes=disk.total,
            disk_free_bytes=disk.free,
            load_average=self._psutil.getloadavg()[0],
        )


class ResourceMonitor(Background):
    """Reads machine and process every `interval` seconds, in a thread, into gauges `system_*` and `resource_*`.

    `MissingExtraError` without the extra `system`.

    Args:
        interval: seconds between readings.
        disk_path: as for `SystemMetrics`.
        registry: prometheus-client's default one when None.
    """

    name = "resources"

    def __init__(
        self, interval: float = 15.0, *, disk_path: str = "/", registry: CollectorRegistry | None = None
    ) -> None:
        self._interval = positive("interval", interval)
        self._system = SystemMetrics(disk_path)
        self._process = required("psutil", "system").Process()
        self._process.cpu_percent()
        metrics = MetricSet.of(registry)
        self._gauges: dict[str, Any] = {}
        for kind, mode in ((SystemReading, "livemax"), (ResourceReading, "livesum")):
            prefix = kind.__name__.removesuffix("Reading").lower()
            for figure in kind.__dataclass_fields__:
                name = f"{prefix}_{figure}"
                self._gauges[name] = metrics.gauge(name, unit="", multiprocess_mode=mode)  # type: ignore[arg-type]
        self._readings = self._errors = 0

    def read(self) -> ResourceReading:
        """The process's figures now; takes some system calls, so not on an event loop."""
        with self._process.oneshot():
            return ResourceReading(
                cpu_ratio=self._process.cpu_percent() / 100,
                memory_bytes=self._process.memory_info().rss,
                threads=self._process.num_threads(),
                open_files=self._process.num_fds(),
            )

    def publish(self) -> None:
        """Read all figures and set the gauges; not on an event loop."""
        for prefix, reading in (("system", self._system.read()), ("resource", self.read())):
            for figure, value in asdict(reading).items():
                self._gauges[f"{prefix}_{figure}"].set(value)
        self._readings += 1

    def stats(self) -> dict[str, int | float | str]:
        """How many readings there were, and how many failed."""
        return {"readings": self._readings, "errors": self._errors}

    async def _run(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.publish)
            except Exception as error:  # noqa: BLE001 - the system may refuse any reading, and later allow it
                self._errors += 1
                if self._errors == 1:
                    get_logger("maestro_monitoring").warning("resources cannot be read", error=type(error).__name__)
            await asyncio.sleep(self._interval)
