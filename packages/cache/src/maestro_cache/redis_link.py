"""The way to one Redis, bounded in time, connections and by a circuit breaker; a failure is CacheUnavailable."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from maestro_resilience import CircuitBreaker, CircuitBreakerOpenError, DeadlineExceededError, timeout
from maestro_resilience.checks import positive, whole

from maestro_cache.checks import masked
from maestro_cache.errors import CacheClosedError, CacheUnavailable, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from maestro_resilience import Event

    from maestro_cache.scripts import Script

__all__ = ["RedisLink", "RedisReplyError"]

_log = logging.getLogger("maestro_cache")
_SCHEMES = ("redis", "rediss", "unix")


class RedisReplyError(CacheUnavailable):
    """Redis is there and answered with an error; `reply` is its text."""

    def __init__(self, reply: str) -> None:
        super().__init__(f"Redis refused: {reply}; look at its memory, its role and the type of the key", reply=reply)
        self.reply = reply


class _TooLateError(CacheUnavailable):
    """The caller's deadline passed: that says nothing about Redis, so the breaker does not count it."""


class RedisLink:
    """Sends commands; belongs to the event loop that used it first.

    Waiting for one of `max_connections` is not part of an operation's time: that is our own load, and no sign of an
    outage.
    """

    def __init__(
        self,
        url: str,
        *,
        operation_timeout: float,
        max_connections: int,
        breaker: CircuitBreaker | None,
        happened: Callable[[str], object],
    ) -> None:
        self.url = _checked(url)
        self._redis = _library()
        self._settings = _settings()
        self._take = _taker()
        self._limit = whole("max_connections", max_connections)
        self._happened = happened
        self.breaker = breaker or CircuitBreaker(
            5,
            1,
            1.0,
            "redis",
            expected_exception=CacheUnavailable,
            exclude=(RedisReplyError, _TooLateError),
        )
        self._unsubscribe: Callable[[], None] | None = None
        timed = timeout(positive("operation_timeout", operation_timeout), "Redis")
        self._timed = timed(self._send)
        self._guarded = self.breaker(self._mapped)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Any = None
        self._turns = asyncio.Semaphore(self._limit)
        self._closed = False

    def _tell(self, event: Event) -> None:
        if event.kind == "circuit_breaker.opened":
            _log.warning("Redis at %s does not answer; the cache does without it", masked(self.url))
            self._happened("cache.unavailable")
        elif event.kind == "circuit_breaker.closed":
            _log.warning("Redis at %s answers again", masked(self.url))
            self._happened("cache.recovered")

    async def call(self, *command: Any) -> Any:
        """Send one command and return what it answers; raises CacheUnavailable."""
        return (await self.calls((command,)))[0]

    async def calls(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Send commands together, not as a transaction; their answers."""
        self._use()
        async with self._turns:
            try:
                return await self._guarded(commands)
            except CircuitBreakerOpenError as error:
                raise CacheUnavailable(
                    f"Redis at {masked(self.url)} has not answered lately; try again in {error.retry_after or 0:.1f} s",
                    retry_after=error.retry_after,
                ) from error

    async def script(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script that Redis may or may not know already."""
        return await self.call(script, len(keys), *keys, *arguments)

    async def answers(self) -> bool:
        """Whether it does, whatever the breaker thinks."""
        try:
            self._use()
            await self._mapped((("PING",),))
        except (CacheUnavailable, CacheClosedError, DeadlineExceededError):
            return False
        return True

    async def _mapped(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        errors = self._redis.exceptions
        try:
            return await self._timed(commands)
        except errors.ResponseError as error:
            raise RedisReplyError(str(error)) from error
        except DeadlineExceededError as error:
            raise _TooLateError(f"no time was left for Redis at {masked(self.url)}; give the work more") from error
        except (errors.RedisError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise CacheUnavailable(
                f"Redis at {masked(self.url)} does not answer ({error}); see whether it runs"
            ) from error

    async def _send(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        client = self._client
        if len(commands) == 1:
            name, *arguments = commands[0]
            if isinstance(name, str):
                return [await self._execute(commands[0])]
            try:
                return [await self._execute(("EVALSHA", name.digest, *arguments))]
            except self._redis.exceptions.NoScriptError:
                return [await self._execute(("EVAL", name.text, *arguments))]
        async with client.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            answers: list[Any] = await pipeline.execute()
            return answers

    async def _execute(self, command: Sequence[Any]) -> Any:
        """One command, as `Redis.execute_command` does it but for trying again and telling it to observers."""
        pool = self._client.connection_pool
        connection = await self._take(pool)
        try:
            await connection.send_command(*command)
            return await connection.read_response()
        finally:
            await pool.release(connection)

    def _use(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is loop and self._client is not None:
            return
        if self._closed:
            raise CacheClosedError("this cache is closed; use it earlier, or await start()")
        if self._loop is not None and self._client is not None and not self._loop.is_closed():
            raise RuntimeError("this cache is in use on another event loop; make one cache per loop")
        self._loop = loop
        self._turns = asyncio.Semaphore(self._limit)
        self._client = self._connected()
        if self._unsubscribe is None:
            self._unsubscribe = self.breaker.subscribe(self._tell)

    def _connected(self) -> Any:
        pool = self._redis.asyncio.ConnectionPool.from_url(self.url, **self._settings)
        return self._redis.asyncio.Redis(connection_pool=pool)

    def open(self) -> None:
        """Allow its use again."""
        self._closed = False

    async def close(self) -> None:
        """Hang up."""
        client, self._client, self._closed = self._client, None, True
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.connection_pool.disconnect(inuse_connections=True)


def _checked(url: str) -> str:
    if not isinstance(url, str):
        raise TypeError(f"url must be a string, not {url!r}; pass one such as redis://localhost:6379/0")
    try:
        parts = urlsplit(url)
        good = parts.scheme in _SCHEMES and (bool(parts.hostname) or (parts.scheme == "unix" and bool(parts.path)))
        _ = parts.port
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"{masked(url)!r} is no URL of a Redis; pass one such as redis://localhost:6379/0")
    return url


def _library() -> Any:
    try:
        import redis.asyncio
    except ImportError as error:
        raise MissingExtraError("pip install 'maestro-cache[redis]'") from error
    return redis


def _settings() -> dict[str, Any]:
    """What connections are made with: time is bounded and trying again is decided here, not in redis-py."""
    from redis.asyncio.connection import AbstractConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    # redis-py tells the server its version, for which it reads a file at every new connection: that blocks the loop
    known = inspect.signature(AbstractConnection.__init__).parameters
    nameless = {"driver_info": None} if "driver_info" in known else {"lib_name": None, "lib_version": None}
    return {
        "decode_responses": False,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": None,
        "socket_connect_timeout": None,
        **nameless,
    }


def _taker() -> Callable[[Any], Awaitable[Any]]:
    """How a pool gives out a connection: redis-py before 5.3 asks for which command, and later objects to that."""
    from redis.asyncio.connection import ConnectionPool

    parameter = inspect.signature(ConnectionPool.get_connection).parameters["command_name"]
    if parameter.default is inspect.Parameter.empty:
        return lambda pool: pool.get_connection("_")
    return lambda pool: pool.get_connection()
