"""All layers in one, in the one order that makes sense; printed, so that nobody has to remember it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from maestro_resilience.adaptive import AdaptiveLimiter
from maestro_resilience.bulkhead import Bulkhead
from maestro_resilience.calls import is_async, label, require_function
from maestro_resilience.checks import name_of, positive
from maestro_resilience.circuit_breaker import CircuitBreaker
from maestro_resilience.deadline import earliest, published
from maestro_resilience.fallback import FallbackChain
from maestro_resilience.retrying import Retry
from maestro_resilience.timeout import off_loop, within, within_sync

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Policy"]

P = ParamSpec("P")
T = TypeVar("T")


class Policy:
    """Layers around a call, always in the same order, those left out being skipped.

    The order is fallback( deadline( bulkhead( retry( breaker( attempt timeout( call )))))).
    The deadline bounds everything but the fallback, waiting for the bulkhead and between attempts included; a call
    keeps its place in the bulkhead while it is retried; the breaker sees every attempt; and the timeout is for each.
    `print(policy)` shows the layers with their settings. Decorates plain and coroutine functions.

    Args:
        fallback: a function that is called with the same arguments when all else failed, or a `FallbackChain`.
        deadline: seconds for the whole call.
        bulkhead: a `Bulkhead` or an `AdaptiveLimiter`; for coroutine functions only.
        retry: what `retry(...)` returns.
        breaker: a `CircuitBreaker`.
        timeout: seconds for each attempt.
        name: for errors; the function's own name unless given.
    """

    def __init__(
        self,
        *,
        fallback: Callable[..., Any] | FallbackChain | None = None,
        deadline: float | None = None,
        bulkhead: Bulkhead | AdaptiveLimiter | None = None,
        retry: Retry | None = None,
        breaker: CircuitBreaker | None = None,
        timeout: float | None = None,
        name: str = "",
    ) -> None:
        _require("bulkhead", bulkhead, (Bulkhead, AdaptiveLimiter))
        _require("retry", retry, (Retry,))
        _require("breaker", breaker, (CircuitBreaker,))
        self.name = name_of(name)
        self._fallback = (
            fallback if fallback is None or isinstance(fallback, FallbackChain) else FallbackChain(fallback)
        )
        self._deadline = None if deadline is None else positive("deadline", deadline)
        self._bulkhead, self._retry, self._breaker = bulkhead, retry, breaker
        self._timeout = None if timeout is None else positive("timeout", timeout)
        if not self._layers():
            raise ValueError("this policy has no layer, so it guards nothing; pass at least one")

    def _layers(self) -> list[str]:
        """Each layer with its settings, outermost first."""
        seconds = {"deadline": self._deadline, "attempt timeout": self._timeout}
        limits = {layer: None if limit is None else f"{layer} {limit:g} s" for layer, limit in seconds.items()}
        layers = (
            None if self._fallback is None else "fallback",
            limits["deadline"],
            None if self._bulkhead is None else f"bulkhead {self._bulkhead.name!r}",
            None if self._retry is None else f"retry of {self._retry.rules.max_attempts} attempts",
            None if self._breaker is None else f"breaker {self._breaker.name!r}",
            limits["attempt timeout"],
        )
        return [layer for layer in layers if layer is not None]

    def __str__(self) -> str:
        layers = self._layers()
        return "( ".join([*layers, "call"]) + " )" * len(layers)

    def __repr__(self) -> str:
        return f"<Policy {self}>"

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function; TypeError for generators and classes, and for plain functions under a bulkhead."""
        guarded = require_function("a policy", function)
        chain = self._guard_async(guarded) if is_async(guarded) else self._guard_sync(guarded)
        return cast("Callable[P, T]", functools.wraps(function)(chain))

    @overload
    async def call(self, function: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    async def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    async def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function(*args, **kwargs)` under the policy; a plain function runs in a thread.

        Decorating once is quicker than calling by this often: the layers are put around the function each time.
        """
        guarded = require_function("a policy", function)
        return await self._guard_async(guarded if is_async(guarded) else off_loop(guarded))(*args, **kwargs)

    def call_sync(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a plain function under the policy, blocking."""
        if is_async(require_function("a policy", function)):
            raise TypeError("call_sync calls plain functions; await call(...) for coroutine functions")
        return cast("T", self._guard_sync(function)(*args, **kwargs))

    def _guard_async(self, function: Callable[..., Any]) -> Callable[..., Any]:
        what, limit, chain = self.name or label(function), self._timeout or self._deadline, function
        if limit is not None:
            # the deadline needs no timer of its own: everything below waits within it, and so does every attempt
            chain = functools.wraps(function)(_timed(chain, limit, what))
        for layer in (self._breaker, self._retry, self._bulkhead):
            chain = chain if layer is None else layer(chain)
        if self._deadline is not None:
            chain = functools.wraps(function)(_published(chain, self._deadline))
        return chain if self._fallback is None else self._fallback(chain)

    def _guard_sync(self, function: Callable[..., Any]) -> Callable[..., Any]:
        what, limit, chain = self.name or label(function), self._timeout or self._deadline, function
        if self._bulkhead is not None:
            raise TypeError(f"a bulkhead only guards coroutine functions, and {what} is none; make it async")
        if limit is not None:
            chain = functools.wraps(function)(functools.partial(within_sync, limit, what, function))
        for layer in (self._breaker, self._retry):
            chain = chain if layer is None else layer(chain)
        if self._deadline is not None:
            chain = functools.wraps(function)(_published_sync(chain, self._deadline))
        return chain if self._fallback is None else self._fallback(chain)


def _timed(function: Callable[..., Any], seconds: float, what: str) -> Callable[..., Any]:
    async def timed(*args: Any, **kwargs: Any) -> Any:
        return await within(seconds, what, function, *args, **kwargs)

    return timed


def _published(function: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    async def bounded(*args: Any, **kwargs: Any) -> Any:
        outer = published.set(earliest(seconds)[0])
        try:
            return await function(*args, **kwargs)
        finally:
            published.reset(outer)

    return bounded


def _published_sync(function: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def bounded(*args: Any, **kwargs: Any) -> Any:
        outer = published.set(earliest(seconds)[0])
        try:
            return function(*args, **kwargs)
        finally:
            published.reset(outer)

    return bounded


def _require(what: str, value: object, kinds: tuple[type, ...]) -> None:
    if value is not None and not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"{what} must be a {names}, not {value!r}; make one first")
