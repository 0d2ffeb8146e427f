"""Under which names things lie in Redis."""

from __future__ import annotations

import hashlib

from maestro_cache.checks import key_of

__all__ = ["RedisKeys"]

_INNER = "\x1f"  # begins what is not a value under its own key; a user's key that begins so is hashed
_LONGEST = 512  # bytes of a key that is used as it is
_HEAD = 200  # characters of a longer one that are kept, so that patterns still find it


class RedisKeys:
    r"""Values lie under prefix and key; what else there is, and hashed keys, under prefix, `\x1f` and a letter.

    A key of more than 512 bytes is stored under its first 200 characters and its BLAKE2 hash.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.inner = prefix + _INNER
        self.tags = f"{self.inner}t:"
        self.scratch = f"{self.inner}s"

    def value(self, key: str) -> str:
        """Where the value of a key lies."""
        if len(key) <= _LONGEST // 4 and key[:1] != _INNER:  # four bytes per character are the most
            return self.prefix + key
        encoded = key.encode()
        if len(encoded) <= _LONGEST and key[:1] != _INNER:
            return self.prefix + key
        return f"{self.inner}k:{self._hashed(key, encoded)}"

    @staticmethod
    def _hashed(key: str, encoded: bytes) -> str:
        return f"{key[:_HEAD]}:{hashlib.blake2b(encoded, digest_size=20).hexdigest()}"

    def flight(self, key: str) -> str:
        """Who computes the key."""
        return f"{self.inner}c:{self._short(key)}"

    def tag(self, tag: str) -> str:
        """The version of a tag."""
        return self.tags + tag

    def lock(self, name: str) -> tuple[str, str]:
        """Who holds a lock, and its last fencing number."""
        short = self._short(key_of(name, "the name of a lock"))
        return f"{self.inner}l:{short}", f"{self.inner}n:{short}"

    def throttle(self, key: str) -> str:
        """A throttle."""
        return f"{self.inner}r:{self._short(key)}"

    def _short(self, key: str) -> str:
        encoded = key.encode()
        return key if len(encoded) <= _LONGEST else self._hashed(key, encoded)
