"""A thread that looks whether files have changed, and reloads when they have come to rest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from maestro_core_logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = ["Watch"]

_LONGEST_REST = 0.2


class Watch:
    """Looks every `interval` seconds; also a context manager that stops at its end.

    A change counts when two looks in a row see the same, so that a file is not read while it is being written. A forked
    child has no thread: let it watch for itself.
    """

    def __init__(
        self,
        *,
        interval: float,
        fingerprint: Callable[[], object],
        seen: Callable[[], object],
        reload: Callable[[], object],
        name: str,
    ) -> None:
        self._interval = interval
        self._fingerprint = fingerprint
        self._seen = seen
        self._reload = reload
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"maestro-config-{name}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the thread is there."""
        return self._thread.is_alive() and not self._stopping.is_set()

    def stop(self, *, wait: bool = True) -> None:
        """Stop and, with `wait`, wait for the thread; a second call does nothing. A subscriber may call it too."""
        self._stopping.set()
        if wait and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._interval):
            try:
                if self._has_come_to_rest():
                    self._reload()
            except Exception as error:  # noqa: BLE001 - the watch goes on
                get_logger("maestro_core_config").error("watching failed", error=type(error).__name__)

    def _has_come_to_rest(self) -> bool:
        """Tell whether the sources differ from what was read, after waiting until they change no more."""
        now = self._fingerprint()
        if now == self._seen():
            return False
        while not self._stopping.wait(min(self._interval, _LONGEST_REST)):
            later = self._fingerprint()
            if later == now:
                return True
            now = later
        return False
