"""In a coroutine: nothing blocks the loop, cancellation leaves nothing behind, start and stop may be repeated."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from maestro_core_config import BaseConfig, ConfigManager, Layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Settings(BaseConfig):
    """A configuration with a section."""

    level: str = "INFO"


class Gate:
    """A source that answers when the test lets it: it would hold up the loop if it were read on it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked = threading.Event()
        self.level = "INFO"
        self.threads: set[int] = set()

    def load(self) -> Layer:
        self.threads.add(threading.get_ident())
        self.asked.set()
        assert self.open.wait(60)
        return Layer("gate", {"level": self.level})


async def until(happened: Callable[[], bool]) -> int:
    """Let the loop turn until something has happened; return how often it has turned."""
    turns = 0
    while not happened():
        turns += 1
        await asyncio.sleep(0)
    return turns


def test_the_loop_turns_while_sources_are_read() -> None:
    """The gate opens only after the loop has turned a hundred times: a blocked loop would never open it."""

    async def main() -> None:
        gate = Gate()
        manager = ConfigManager(Settings, loaders=[gate])

        async def watchdog() -> None:
            await until(gate.asked.is_set)
            for _ in range(100):
                await asyncio.sleep(0)
            gate.open.set()

        config, _ = await asyncio.gather(manager.aload(), watchdog())
        assert config.level == "INFO"
        gate.open.clear()
        gate.asked.clear()
        gate.level = "DEBUG"
        result, _ = await asyncio.gather(manager.areload(), watchdog())
        assert result.status == "applied"
        gate.open.clear()
        gate.asked.clear()
        manager = ConfigManager(Settings, loaders=[gate])
        await asyncio.gather(manager.start(), watchdog())
        await manager.aclose()
        assert threading.get_ident() not in gate.threads

    asyncio.run(main())


def test_a_cancelled_reload_is_whole_or_absent_and_the_next_one_works() -> None:
    async def main() -> None:
        gate = Gate()
        gate.open.set()
        manager = ConfigManager(Settings, loaders=[gate])
        await manager.aload()
        gate.open.clear()
        gate.asked.clear()
        gate.level = "DEBUG"
        task = asyncio.create_task(manager.areload())
        await until(gate.asked.is_set)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        assert manager.current.level == "INFO"
        gate.open.set()
        assert (await manager.areload()).ok
        assert manager.current.level == "DEBUG"

    asyncio.run(main())


def test_a_cancelled_start_leaves_no_thread_that_watches() -> None:
    async def main() -> None:
        gate = Gate()
        manager = ConfigManager(Settings, loaders=[gate], poll_interval=0.01)
        task = asyncio.create_task(manager.start())
        await until(gate.asked.is_set)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        gate.open.set()
        assert (await manager.aload()).level == "INFO"

    asyncio.run(main())  # ends when the threads that were used have ended
    assert not any(each.name.startswith("maestro-config") for each in threading.enumerate())


def test_starting_and_closing_may_be_repeated(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('level = "A"\n')

    async def main() -> None:
        manager: ConfigManager[Any] = ConfigManager(Settings, files=[file], poll_interval=0.01)
        await manager.aclose()
        async with manager as same:
            assert same is manager
            await manager.start()
            loop = asyncio.get_running_loop()
            changed = asyncio.Event()
            manager.subscribe("level", lambda *_change: loop.call_soon_threadsafe(changed.set))
            file.write_text('level = "Bee"\n')
            await asyncio.wait_for(changed.wait(), 60)
        await manager.aclose()
        assert manager.current.level == "Bee"
        async with manager:
            pass

    asyncio.run(main())
    assert not any(each.name.startswith("maestro-config") for each in threading.enumerate())
