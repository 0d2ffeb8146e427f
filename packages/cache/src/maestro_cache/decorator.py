"""`cached`: the result of a function under a key made of its arguments."""

from __future__ import annotations

import enum
import functools
import inspect
import string
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from maestro_cache.interface import CacheInterface

__all__ = ["CachedFunction", "Keys", "cached_function"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)


class Keys:
    """Makes keys and tags from the arguments of a function.

    `key` is a function of the same arguments, or a template such as `"user:{user_id}"`, in which `%` and `:` of what is
    put in are percent-encoded so that two calls never meet under one key. None: the function's full name and all
    arguments, which then have to be of plain types.
    """

    def __init__(self, function: Callable[..., Any], key: str | Callable[..., str] | None, tags: Iterable[str]) -> None:
        if isinstance(tags, str):
            raise TypeError(f"tags must be a collection of strings, not {tags!r}; write ({tags!r},)")
        self._signature = inspect.signature(function)
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._key = key
        self._tags = tuple(tags)
        for template in (*self._tags, *([key] if isinstance(key, str) else [])):
            self._check(template)

    def _check(self, template: str) -> None:
        if not template:
            raise ValueError("a key template must not be empty; write one such as 'user:{user_id}'")
        for _text, field, _format, _conversion in string.Formatter().parse(template):
            if field is not None and field.partition(".")[0].partition("[")[0] not in self._signature.parameters:
                known = ", ".join(self._signature.parameters) or "none"
                raise ValueError(f"{template!r} names {field!r}, which is no parameter of {self._name}; it has {known}")

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments

    def key(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        """The key of a call; TypeError for arguments that fit no key."""
        if callable(self._key):
            return self._key(*args, **kwargs)
        arguments = self._bound(args, kwargs)
        if self._key is not None:
            return _Quoting().vformat(self._key, (), arguments)
        return f"{self._name}({','.join(f'{name}={self._canonical(each)}' for name, each in arguments.items())})"

    def tags(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, ...]:
        """The tags of a call."""
        if not any("{" in tag or "}" in tag for tag in self._tags):
            return self._tags
        arguments = self._bound(args, kwargs)
        return tuple(_Quoting().vformat(tag, (), arguments) for tag in self._tags)

    def _canonical(self, value: Any) -> str:
        """A text that is the same for equal values of one type, and another for all else."""
        kind = type(value)
        if kind in _plain_types():
            return repr(value)
        if isinstance(value, enum.Enum):
            return f"{kind.__module__}.{kind.__qualname__}.{value.name}"
        if kind in (tuple, list):
            return f"{kind.__name__}({','.join(map(self._canonical, value))})"
        if kind in (set, frozenset):
            return f"{kind.__name__}({','.join(sorted(map(self._canonical, value)))})"
        if kind is dict:
            return f"dict({','.join(sorted(f'{self._canonical(k)}:{self._canonical(v)}' for k, v in value.items()))})"
        raise TypeError(
            f"{self._name} was called with a {kind.__qualname__}, which says nothing that fits a key; "
            "pass key= to cached(), a template or a function of the arguments"
        )


@functools.cache
def _plain_types() -> frozenset[type]:
    """Types whose `repr` says all there is; made at the first call, since importing them takes longer than the rest."""
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from uuid import UUID

    return frozenset({type(None), bool, int, float, str, bytes, Decimal, UUID, date, datetime, time, timedelta})


class _Quoting(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        text: str = super().format_field(value, format_spec)
        return text.replace("%", "%25").replace(":", "%3A")


class CachedFunction(Protocol[P, R_co]):
    """A coroutine function whose results are cached."""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R_co]: ...  # noqa: D102
    def key_for(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The key under which the result of this call is stored."""
        ...

    def __get__(
        self: CachedFunction[Concatenate[Any, Q], R_co], instance: object, owner: type | None = None
    ) -> Callable[Q, Coroutine[Any, Any, R_co]]: ...

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, bool]:
        """Forget the result of this call; whether there was one."""
        ...


def cached_function(
    cache: CacheInterface,
    function: Callable[P, Awaitable[R_co]],
    *,
    key: str | Callable[..., str] | None,
    tags: Iterable[str],
    options: dict[str, Any],
) -> CachedFunction[P, R_co]:
    """Wrap a coroutine function; TypeError for any other callable."""
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"cached() wraps coroutine functions, and {function!r} is none; write `async def`")
    keys = Keys(function, key, tags)

    @functools.wraps(function)
    async def cached(*args: P.args, **kwargs: P.kwargs) -> Any:
        name, marks = keys.key(args, kwargs), keys.tags(args, kwargs)
        return await cache.get_or_set(name, lambda: function(*args, **kwargs), tags=marks, **options)

    def key_for(*args: P.args, **kwargs: P.kwargs) -> str:
        return keys.key(args, kwargs)

    async def invalidate(*args: P.args, **kwargs: P.kwargs) -> bool:
        return await cache.delete(keys.key(args, kwargs))

    made = cast("Any", cached)
    made.key_for, made.invalidate = key_for, invalidate
    return cast("CachedFunction[P, R_co]", made)
