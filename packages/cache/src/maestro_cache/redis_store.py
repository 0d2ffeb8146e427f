"""Values, tags, flights, locks and throttles in one Redis. Everything here raises CacheUnavailable when it is away."""

from __future__ import annotations

import asyncio
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maestro_cache import scripts
from maestro_cache.errors import CacheUnavailable, CounterOverflowError, NotAnIntegerError
from maestro_cache.frame import MARK_LENGTH, Frame, marks, pack, unpack
from maestro_cache.pattern import escaped
from maestro_cache.read_through import Claim, Found, Options
from maestro_cache.redis_link import RedisReplyError
from maestro_cache.store import MISSING
from maestro_cache.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from maestro_cache.codec import Codec
    from maestro_cache.flights import Flight
    from maestro_cache.redis_keys import RedisKeys
    from maestro_cache.redis_link import RedisLink
    from maestro_cache.runtime import Runtime

__all__ = ["RedisStore"]

_MARGIN = 1_000  # milliseconds that a tag outlives the values that have it
_FLIGHT = 5.0  # seconds after which a process that died while it computed is replaced
_BATCH = 500


def milliseconds(ttl: float | None) -> int:
    """What Redis calls it; 0 for no expiry."""
    return 0 if ttl is None else max(1, math.ceil(ttl * 1_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flown:
    """A claim: who made it, what was there, the tags as they stood, and the task that renews it."""

    owner: str
    mark: bytes
    stamps: tuple[tuple[str, bytes], ...]
    renewal: asyncio.Task[Any]


class RedisStore:
    """Also the `Backend` of `get_or_set` and the `LeaseStore` of locks."""

    def __init__(self, link: RedisLink, keys: RedisKeys, codec: Codec, runtime: Runtime) -> None:
        self._link = link
        self._keys = keys
        self._codec = codec
        self._runtime = runtime
        self._next_mark = marks()

    # Values

    async def read(self, key: str) -> Any:
        """The value, or MISSING."""
        name = self._keys.value(key)
        raw = await self._link.call("GET", name)
        frame = await self._frame(key, name, raw)
        if frame is None or ((frame.stamps or frame.stale_ms) and not (await self._live([(name, frame)]))[0]):
            return MISSING
        return await self._value(key, name, raw, frame)

    async def read_many(self, keys: Sequence[str]) -> dict[str, Any]:
        """The values that are there."""
        if not keys:
            return {}
        names = [self._keys.value(key) for key in keys]
        raws = await self._link.call("MGET", *names)
        frames = [
            (key, name, raw, await self._frame(key, name, raw))
            for key, name, raw in zip(keys, names, raws, strict=True)
        ]
        there = [(key, name, raw, frame) for key, name, raw, frame in frames if frame is not None]
        live = await self._live([(name, frame) for _key, name, _raw, frame in there])
        values = {
            key: await self._value(key, name, raw, frame)
            for (key, name, raw, frame), alive in zip(there, live, strict=True)
            if alive
        }
        return {key: value for key, value in values.items() if value is not MISSING}

    async def _frame(self, key: str, name: str, raw: bytes | None) -> Frame | None:
        if raw is None:
            return None
        try:
            return unpack(raw)
        except ValueError as error:
            await self._drop(key, name, raw, error)
            return None

    async def _value(self, key: str, name: str, raw: bytes, frame: Frame) -> Any:
        try:
            return self._codec.read(key, frame.kind, frame.body)
        except ValueError as error:
            await self._drop(key, name, raw, error)
            return MISSING

    async def _drop(self, key: str, name: str, raw: bytes, error: ValueError) -> None:
        self._runtime.counts.undecodable += 1
        self._runtime.publish("cache.undecodable", key=key, error=str(error)[:200])
        await self._link.script(scripts.DROP, [name], raw)

    async def _live(self, frames: Sequence[tuple[str, Frame]]) -> list[bool]:
        """Whether each may be read: none of its tags was invalidated, and it is not stale."""
        tags = sorted({tag for _name, frame in frames for tag, _version in frame.stamps})
        aging = [name for name, frame in frames if frame.stale_ms]
        commands: list[tuple[Any, ...]] = [("PTTL", name) for name in aging]
        if tags:
            commands.append(("MGET", *map(self._keys.tag, tags)))
        if not commands:
            return [True] * len(frames)
        answers = await self._link.calls(commands)
        versions = dict(zip(tags, answers[-1], strict=True)) if tags else {}
        left = dict(zip(aging, answers, strict=False))
        return [
            all(versions[tag] == version for tag, version in frame.stamps)
            and not 0 <= left.get(name, -1) <= frame.stale_ms
            for name, frame in frames
        ]

    async def write(self, key: str, value: Any, ttl: float | None, tags: tuple[str, ...], *, absent: bool) -> bool:
        """Store a value; `absent`: only when there is none."""
        return await self.write_many({key: value}, ttl, tags) if not absent else await self._add(key, value, ttl, tags)

    async def _add(self, key: str, value: Any, ttl: float | None, tags: tuple[str, ...]) -> bool:
        kind, body = self._codec.write(key, value)
        raw = pack(Frame(kind=kind, body=body, stamps=await self._touch(tags, milliseconds(ttl))), self._next_mark())
        name = self._keys.value(key)
        return bool(await self._link.script(scripts.SET_IF_ABSENT, [name], self._keys.tags, raw, milliseconds(ttl)))

    async def write_many(self, mapping: Mapping[str, Any], ttl: float | None, tags: tuple[str, ...]) -> bool:
        """Store values; nothing when one of them cannot be written."""
        written = [(self._keys.value(key), *self._codec.write(key, value)) for key, value in mapping.items()]
        if not written:
            return True
        ms = milliseconds(ttl)
        stamps = await self._touch(tags, ms)
        expiry = ("PX", ms) if ms else ()
        commands = [
            ("SET", name, pack(Frame(kind=kind, body=body, stamps=stamps), self._next_mark()), *expiry)
            for name, kind, body in written
        ]
        for start in range(0, len(commands), _BATCH):
            await self._link.calls(commands[start : start + _BATCH])
        return True

    async def _touch(self, tags: tuple[str, ...], ms: float) -> tuple[tuple[str, bytes], ...]:
        if not tags:
            return ()
        lasting = int(ms) + _MARGIN if ms else 0
        versions = await self._link.script(scripts.TOUCH, [self._keys.tag(tag) for tag in tags], lasting)
        return tuple(zip(tags, versions, strict=True))

    async def delete(self, key: str) -> bool:
        """Remove a value and void what is being computed for it; whether there was one to read."""
        names = [self._keys.value(key), self._keys.flight(key)]
        return bool(await self._link.script(scripts.DELETE, names, self._keys.tags))

    async def exists(self, key: str) -> bool:
        """Whether there is a value to read."""
        return bool(await self._link.script(scripts.EXISTS, [self._keys.value(key)], self._keys.tags))

    async def left(self, key: str) -> float | None:
        """Seconds; None for ever, 0.0 absent."""
        ms = await self._link.script(scripts.LEFT, [self._keys.value(key)], self._keys.tags)
        return None if ms == -1 else max(0.0, ms / 1_000)

    async def expire(self, key: str, ttl: float | None) -> bool:
        """Give a value another expiry."""
        name = self._keys.value(key)
        return bool(await self._link.script(scripts.EXPIRE, [name], self._keys.tags, milliseconds(ttl)))

    async def count_up(self, key: str, amount: int, ttl: float | None) -> int:
        """Add to an integer."""
        names, mark = [self._keys.value(key), self._keys.scratch], self._next_mark()
        try:
            digits = await self._link.script(scripts.COUNT, names, self._keys.tags, amount, milliseconds(ttl), mark)
        except RedisReplyError as error:
            if "not an integer" in error.reply:
                text = f"the value of {key!r} is no integer; delete it, or count under another key"
                raise NotAnIntegerError(text, key=key) from error
            if "overflow" in error.reply:
                text = f"{key!r} would leave 64 bits; delete it, or count in smaller steps"
                raise CounterOverflowError(text, key=key) from error
            raise
        return int(digits)

    async def invalidate(self, tags: tuple[str, ...]) -> None:
        """Make what has one of the tags absent."""
        if tags:
            await self._link.script(scripts.INVALIDATE, [self._keys.tag(tag) for tag in tags])

    async def clear(self, pattern: str | None) -> int:
        """Remove the values whose keys match, after voiding what is being computed for them."""
        wanted, inner, removed = pattern or "*", escaped(self._keys.inner), 0
        async for names in self._scan(f"{inner}c:{wanted}"):
            await self._link.call("UNLINK", *names)
        async for names in self._scan(f"{inner}k:{wanted}"):
            removed += await self._link.script(scripts.CLEAR, names, self._keys.tags)
        async for found in self._scan(escaped(self._keys.prefix) + wanted):
            names = [name for name in found if not name.startswith(self._keys.inner.encode())]
            if names:
                removed += await self._link.script(scripts.CLEAR, names, self._keys.tags)
        return removed

    async def _scan(self, pattern: str) -> AsyncIterator[list[Any]]:
        cursor: Any = 0
        while True:
            cursor, names = await self._link.call("SCAN", cursor, "MATCH", pattern, "COUNT", _BATCH)
            if names:
                yield names
            if int(cursor) == 0:
                return

    # Flights

    async def look(self, key: str) -> tuple[Found | None, bytes]:
        """See `Backend.look`."""
        name = self._keys.value(key)
        raw, ms = await self._link.calls((("GET", name), ("PTTL", name)))
        mark = (raw or b"")[:MARK_LENGTH]
        frame = await self._frame(key, name, raw)
        if frame is None:
            return None, b""
        if frame.stamps and not (await self._live([(name, Frame(kind=b"", body=b"", stamps=frame.stamps))]))[0]:
            return None, mark
        value = await self._value(key, name, raw, frame)
        if value is MISSING:
            return None, b""
        left = math.inf if ms < 0 else (ms - frame.stale_ms) / 1_000
        tags = tuple(tag for tag, _version in frame.stamps)
        return Found(value=value, left=left, delta=frame.delta, tags=tags, mark=mark), mark

    async def claim(self, key: str, mark: bytes, options: Options, flight: Flight) -> Claim | None:  # noqa: ARG002
        """See `Backend.claim`."""
        stamps = await self._touch(options.tags, _lasting(options))
        owner = os.urandom(16).hex()
        names = [self._keys.value(key), self._keys.flight(key)]
        try:
            answer = await self._link.script(scripts.CLAIM, names, mark, owner, milliseconds(_FLIGHT))
        except BaseException:  # it may have been granted, and nobody hear of it
            self._runtime.tasks.spawn(self._link.script(scripts.GIVE_BACK, [names[1]], owner))
            raise
        if answer != scripts.GRANTED:
            return Claim(granted=False, changed=answer == scripts.CHANGED)
        renewal = self._runtime.tasks.spawn(self._renew(names[1], owner))
        return Claim(granted=True, state=_Flown(owner=owner, mark=mark, stamps=stamps, renewal=renewal))

    async def _renew(self, name: str, owner: str) -> None:
        kept = True
        while kept:
            await asyncio.sleep(_FLIGHT / 3)
            try:
                kept = bool(await self._link.script(scripts.KEEP, [name], owner, milliseconds(_FLIGHT)))
            except CacheUnavailable:
                continue

    async def commit(self, key: str, claim: Claim, value: Any, options: Options, delta: float) -> bool:
        """See `Backend.commit`."""
        flown: _Flown = claim.state
        flown.renewal.cancel()
        kind, body = self._codec.write(key, value)
        stale_ms = 0.0 if options.ttl is None else options.stale_for * 1_000
        frame = Frame(
            kind=kind,
            body=body,
            stale_ms=stale_ms,
            delta=delta if options.ttl is not None and options.early else 0.0,
            stamps=flown.stamps,
        )
        names = [self._keys.value(key), self._keys.flight(key), *map(self._keys.tag, options.tags)]
        raw = pack(frame, self._next_mark())
        lasting = math.ceil(_lasting(options))
        return bool(await self._link.script(scripts.COMMIT, names, flown.owner, flown.mark, raw, lasting))

    async def abandon(self, key: str, claim: Claim) -> None:
        """See `Backend.abandon`."""
        flown: _Flown = claim.state
        flown.renewal.cancel()
        await self._link.script(scripts.GIVE_BACK, [self._keys.flight(key)], flown.owner)

    # Locks and throttles

    async def take(self, name: str, owner: str, ttl: float) -> tuple[int, float]:
        """See `LeaseStore.take`."""
        token, ms = await self._link.script(scripts.TAKE, self._keys.lock(name), owner, milliseconds(ttl))
        return int(token), max(0.0, ms / 1_000)

    async def keep(self, name: str, owner: str, ttl: float) -> bool:
        """See `LeaseStore.keep`."""
        lock, _fence = self._keys.lock(name)
        return bool(await self._link.script(scripts.KEEP, [lock], owner, milliseconds(ttl)))

    async def give_back(self, name: str, owner: str) -> bool:
        """See `LeaseStore.give_back`."""
        lock, _fence = self._keys.lock(name)
        return bool(await self._link.script(scripts.GIVE_BACK, [lock], owner))

    async def throttle(self, key: str, limit: int, interval: float, cost: int) -> Throttle:
        """Count a call; `interval` seconds per call."""
        arguments = (repr(interval * 1e6), limit, cost)
        allowed, remaining, wait, reset = await self._link.script(
            scripts.THROTTLE, [self._keys.throttle(key)], *arguments
        )
        return Throttle(allowed=bool(allowed), remaining=remaining, retry_after=int(wait) / 1e6, reset=int(reset) / 1e6)


def _lasting(options: Options) -> float:
    """Milliseconds that the value will lie there at most; 0 for ever."""
    return 0 if options.ttl is None else milliseconds(options.ttl) + math.ceil(options.stale_for * 1_000)
