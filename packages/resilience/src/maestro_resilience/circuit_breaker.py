"""The circuit breaker: stops calling what keeps failing, and finds out carefully whether it works again."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar, cast, overload

from maestro_resilience.breaker_machine import BreakerMachine
from maestro_resilience.breaker_state import BreakerSettings, CircuitState, Closed, Phase
from maestro_resilience.calls import is_async, require_function
from maestro_resilience.checks import ErrorFilter, error_matcher, name_of
from maestro_resilience.clock import clock_from
from maestro_resilience.entries import Entries
from maestro_resilience.errors import CircuitBreakerOpenError

if TYPE_CHECKING:
    import random
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from maestro_resilience.events import Event

__all__ = ["BreakerSettings", "CircuitBreaker", "CircuitBreakerOpenError", "CircuitState"]

P = ParamSpec("P")
T = TypeVar("T")


class CircuitBreaker:
    """Guards the calls to one dependency: as decorator, by `call` or `call_sync`, and as (async) context manager.

    Thread-safe; while closed, a call that succeeds takes no lock.

    Args:
        failure_threshold: failures in a row that open it (mode "consecutive").
        success_threshold: successful probes that close it again.
        timeout: seconds it stays open before probing, +-10 % at random; doubled up to 10 times while probes fail.
        name: for errors, events and metrics.
        expected_exception: which errors are failures of the dependency: classes, or a function of the error.
        exclude: which of those are not. Errors that are no failures, and cancellations, count neither way.
        mode: "consecutive", or "rate": it opens when `failure_rate` of the last `window` calls failed.
        failure_rate: fraction in (0, 1] for mode "rate".
        slow_call_seconds: a call that takes longer is slow. In both modes it opens when `slow_rate` of the window is
            slow, and a slow probe counts as failed. None: calls are not timed.
        slow_rate: fraction in (0, 1].
        window: how many calls are looked back on.
        minimum_calls: calls needed in the window before a rate means anything.
        half_open_max: probes in flight at once.
        clock: function that returns monotonic seconds.
        rng: source of the jitter.
    """

    def __init__(
        self,
        failure_threshold: int = 5,
        success_threshold: int = 2,
        timeout: float = 60,
        name: str = "unnamed",
        *,
        expected_exception: ErrorFilter = Exception,
        exclude: ErrorFilter = (),
        mode: Literal["consecutive", "rate"] = "consecutive",
        failure_rate: float = 0.5,
        slow_call_seconds: float | None = None,
        slow_rate: float = 0.8,
        window: int = 100,
        minimum_calls: int = 20,
        half_open_max: int = 1,
        clock: Callable[[], float] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.settings = BreakerSettings(
            failure_threshold=failure_threshold,
            success_threshold=success_threshold,
            timeout=timeout,
            mode=mode,
            failure_rate=failure_rate,
            slow_call_seconds=slow_call_seconds,
            slow_rate=slow_rate,
            window=window,
            minimum_calls=minimum_calls,
            half_open_max=half_open_max,
        )
        self.name = name_of(name)
        self._expected = error_matcher("expected_exception", expected_exception)
        self._excluded = error_matcher("exclude", exclude)
        self._clock = clock_from(clock)
        self._machine = BreakerMachine(self.settings, name=self.name, clock=self._clock, rng=rng)
        self._entries: Entries[tuple[Phase, float]] = Entries(f"circuit breaker {self.name!r}")

    @classmethod
    def from_settings(cls, settings: BreakerSettings, name: str = "unnamed", **rest: Any) -> Self:
        """A breaker with these settings; `rest` is what no settings file can hold, such as `exclude`."""
        chosen = {field: getattr(settings, field) for field in settings.__dataclass_fields__}
        return cls(name=name, **chosen, **rest)

    def __repr__(self) -> str:
        return f"CircuitBreaker(name={self.name!r}, state={self.get_state().value!r})"

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a plain or coroutine function; TypeError for generators and classes."""
        require_function("a circuit breaker", function)
        guard = self._guard_async if is_async(function) else self._guard_sync
        return cast("Callable[P, T]", functools.wraps(function)(guard(function)))

    # The two guards repeat the quick path, because one more Python call would cost a third of it.

    def _guard_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        machine, clock, ended, timed, slow_after = self._quick_path()

        async def guarded(*args: Any, **kwargs: Any) -> Any:
            phase = machine.phase
            if not phase.closed:
                phase = machine.admit()
            started = clock.read() if timed else 0.0
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                ended(phase, started, error)
                raise
            if phase.closed and not (timed and clock.read() - started > slow_after):
                phase.calls += 1
            else:
                ended(phase, started)
            return result

        return guarded

    def _guard_sync(self, function: Callable[..., Any]) -> Callable[..., Any]:
        machine, clock, ended, timed, slow_after = self._quick_path()

        def guarded(*args: Any, **kwargs: Any) -> Any:
            phase = machine.phase
            if not phase.closed:
                phase = machine.admit()
            started = clock.read() if timed else 0.0
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                ended(phase, started, error)
                raise
            if phase.closed and not (timed and clock.read() - started > slow_after):
                phase.calls += 1
            else:
                ended(phase, started)
            return result

        return guarded

    def _quick_path(self) -> tuple[Any, ...]:
        slow_after = self.settings.slow_call_seconds
        return self._machine, self._clock, self._ended, slow_after is not None, slow_after

    def _enter(self) -> tuple[Phase, float]:
        return self._machine.admit(), self._clock.read()

    def _ended(self, phase: Phase, started: float, error: BaseException | None = None) -> None:
        """Tell the machine how a call ended that began at `started`, seconds of the clock."""
        limit = self.settings.slow_call_seconds
        slow = limit is not None and self._clock.read() - started > limit
        if error is None and isinstance(phase, Closed) and not slow:
            phase.calls += 1
        elif error is None:
            self._machine.settle(phase, failed=False, slow=slow)
        elif self._is_failure(error, phase):
            self._machine.settle(phase, failed=True, slow=slow)
        else:
            self._machine.release(phase)

    def _is_failure(self, error: BaseException, phase: Phase) -> bool:
        try:
            return isinstance(error, Exception) and self._expected(error) and not self._excluded(error)
        except BaseException:  # the filters are the user's, and may fail; a probe must not be lost by that
            self._machine.release(phase)
            raise

    @overload
    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function(*args, **kwargs)`, awaiting what it returns when that is awaitable.

        Raises `CircuitBreakerOpenError`, with `retry_after`, when the call must not be made.
        """
        entry = self._enter()
        try:
            result = function(*args, **kwargs)
            if inspect.isawaitable(result):
                result = await result
        except BaseException as error:
            self._ended(*entry, error)
            raise
        self._ended(*entry)
        return result

    def call_sync(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a plain function; TypeError for a coroutine function, which `call` is for."""
        if is_async(require_function("a circuit breaker", function)):
            raise TypeError("call_sync calls plain functions; await call(...) for coroutine functions")
        return cast("T", self._guard_sync(function)(*args, **kwargs))

    def __enter__(self) -> Self:
        self._entries.push(self._enter())
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended(*self._entries.pop(), error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def reset(self) -> None:
        """Close it, and forget the failures counted so far."""
        self._machine.reset()

    def get_state(self) -> CircuitState:
        """The state now; an open breaker stays open until a call comes after its time."""
        return self._machine.phase.state

    def stats(self) -> dict[str, int | float | str]:
        """Totals since the beginning, the state, and what the present state has counted."""
        return self._machine.stats()

    get_metrics = stats

    def subscribe(self, callback: Callable[[Event], object]) -> Callable[[], None]:
        """Call `callback(event)` on `circuit_breaker.opened`, `.half_open`, `.closed`, `.rejected`; gives the undo."""
        return self._machine.subscribers.subscribe(callback)
