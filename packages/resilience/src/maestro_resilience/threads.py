"""Threads that can be given up on: a call that takes too long is left behind, counted, and holds nobody up at exit."""

from __future__ import annotations

import contextvars
import itertools
import threading
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Job", "Workers", "abandoned_threads"]

P = ParamSpec("P")
T = TypeVar("T")

_abandoned: set[Job] = set()
_lock = threading.Lock()


def abandoned_threads() -> int:
    """How many threads still run a call that timed out. Python cannot kill them; they count until they return."""
    with _lock:
        return len(_abandoned)


class Job:
    """One call made in a thread, in the context of the code that made it; `abandon` counts it until it ends."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._call = contextvars.copy_context(), function, args, kwargs
        self._ended = False

    def __call__(self) -> Any:
        """Make the call."""
        context, function, args, kwargs = self._call
        try:
            return context.run(function, *args, **kwargs)
        finally:
            with _lock:
                self._ended = True
                _abandoned.discard(self)

    def abandon(self) -> None:
        """Nobody waits for this call any more."""
        with _lock:
            if not self._ended:
                _abandoned.add(self)


class Workers(Executor):
    """An executor with a fresh daemon thread per call: hanging calls can neither fill a pool nor stop the exit."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start `fn` in a new thread."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the result
                future.set_exception(error)

        future.set_running_or_notify_cancel()
        threading.Thread(target=work, name=f"maestro-timeout-{next(self._numbers)}", daemon=True).start()
        return future
