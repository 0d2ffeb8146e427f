"""Bad input is refused where it is given, before anything is asked of a store."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TTL_LIMIT", "amount_of", "key_of", "masked", "seconds_of", "tags_of", "ttl_of"]

TTL_LIMIT = 100 * 365 * 86_400.0  # seconds: a century, so that milliseconds fit wherever they are kept
_TAG_BYTES = 256
_TAGS = 64


def key_of(key: str, what: str = "key") -> str:
    """Return `key` when it is a text that is not empty and can be written as UTF-8."""
    if not isinstance(key, str):
        raise TypeError(f"{what} must be a string, not {key!r}; format it first")
    if not key:
        raise ValueError(f"{what} must not be empty; give it a name")
    if not key.isascii():
        _encoded(what, key)
    return key


def _encoded(what: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} {text!r} is no valid Unicode text; decode it properly first") from None


def ttl_of(ttl: float, what: str = "ttl") -> float | None:
    """Seconds above zero, at most a century; None for `math.inf`, which means no expiry."""
    if type(ttl) is int and 0 < ttl < TTL_LIMIT:  # nearly always
        return ttl
    if isinstance(ttl, bool) or not isinstance(ttl, (int, float)):
        raise TypeError(f"{what} must be a number of seconds, not {ttl!r}; pass an int or a float")
    if ttl == math.inf:
        return None
    if not 0 < ttl <= TTL_LIMIT:
        raise ValueError(f"{what} must be above zero and at most a century, not {ttl!r}; pass math.inf for no expiry")
    return float(ttl)


def seconds_of(what: str, seconds: float) -> float:
    """Seconds of at least zero, at most a century."""
    return 0.0 if seconds == 0 and not isinstance(seconds, bool) else ttl_of(seconds, what) or TTL_LIMIT


def tags_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Distinct tags in a fixed order: at most 64, each a text of at most 256 bytes."""
    if isinstance(tags, (str, bytes)):
        raise TypeError(f"tags must be a collection of strings, not {tags!r}; write ({tags!r},)")
    found = tuple(sorted({key_of(tag, "a tag") for tag in tags}))
    if len(found) > _TAGS:
        raise ValueError(f"a value has at most {_TAGS} tags, not {len(found)}; use a tag for groups of them")
    for tag in found:
        if len(tag.encode()) > _TAG_BYTES:
            raise ValueError(f"a tag has at most {_TAG_BYTES} bytes, and {tag[:40]!r}… has more; shorten or hash it")
    return found


def amount_of(amount: int) -> int:
    """Return `amount` when it is an int of 64 bits."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError(f"amount must be a whole number, not {amount!r}; pass an int")
    if not -(2**63) < amount < 2**63:
        raise ValueError(f"amount must fit into 64 bits, and {amount} does not; pass a smaller number")
    return amount


def masked(url: str) -> str:
    """The URL without what may be a secret, for errors."""
    from urllib.parse import urlsplit, urlunsplit

    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return f"{url.partition(':')[0]}:…"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, f"***@{host}" if "@" in parts.netloc else host, parts.path, "", ""))
