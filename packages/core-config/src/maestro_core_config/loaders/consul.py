"""Consul's key-value store (https://developer.hashicorp.com/consul/api-docs/kv)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from maestro_core_config.layers import Layer, Position

from .remote import RemoteLoader

__all__ = ["ConsulLoader"]

_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404


class ConsulLoader(RemoteLoader):
    """All keys below a prefix: `maestro/database/port` sets `database.port`; JSON lists and objects are read as such.

    Tested against a stand-in that speaks Consul's protocol, not against a real Consul.

    Args:
        host: of the agent.
        port: of its HTTP interface.
        prefix: the folder of keys.
        token: an ACL token, if needed.
        scheme: `http` or `https`.
        more: see `RemoteLoader`: optional, timeout, retries, refresh, sleep, clock, rng.
    """

    extra = "consul"
    token_header = "X-Consul-Token"  # noqa: S105 - a header's name

    def __init__(
        self,
        host: str = "localhost",
        port: int = 8500,
        prefix: str = "maestro",
        *,
        token: str | None = None,
        scheme: str = "http",
        **more: Any,
    ) -> None:
        if type(port) is not int or not 0 < port < 2**16:
            raise ValueError(f"port={port!r} must be a whole number from 1 to 65535.")
        super().__init__(f"{scheme}://{host}:{port}", token, **more)
        self.prefix = prefix.strip("/")
        if not self.prefix:
            raise ValueError("prefix must not be empty: the whole store is no configuration; name a folder.")

    @property
    def name(self) -> str:
        """Where the keys are, as origins show it."""
        return self.shown(f"consul {self.url} {self.prefix}/")

    def load(self) -> Layer:
        """Read all keys below the prefix.

        Raises:
            ConfigError: there are none, they may not be read, or the answer is not Consul's.
            SourceUnavailableError: no answer.
        """
        answer = self.get(f"/v1/kv/{quote(self.prefix)}/", {"recurse": "true"}, {})
        if answer.status == _FORBIDDEN:
            raise self.refused("Consul refuses this token (403); give it a policy that reads the prefix")
        if answer.status == _NOT_FOUND:
            raise self.refused("there are no keys below the prefix (404); write them first", unavailable=True)
        if answer.status != _OK:
            raise self.refused(f"Consul answers {answer.status}; see whether host and port are right")
        try:
            return self._read(json.loads(answer.body))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self.refused("the answer is not a list of keys with values in UTF-8; check host and port") from None

    def _read(self, entries: Any) -> Layer:
        values: dict[str, Any] = {}
        positions: dict[tuple[str, ...], Position] = {}
        for entry in sorted(entries, key=lambda each: str(each["Key"])):
            key = str(entry["Key"])
            path = tuple(key.removeprefix(f"{self.prefix}/").split("/"))
            if not all(path):  # a folder's own key ends in a slash and has no value
                continue
            text = base64.b64decode(entry["Value"] or "", validate=True).decode("utf-8")
            here = values
            for part in path[:-1]:
                below = here.get(part)
                if not isinstance(below, dict):  # a key that has keys below it: those are more to the point
                    below = here[part] = {}
                here = below
            here[path[-1]] = _value(text)
            positions[path] = Position(source=f"consul {self.url} {key}")
        return Layer(self.name, values, positions)


def _value(text: str) -> Any:
    """Return JSON lists and objects as such, anything else as text: the model's types make numbers of it."""
    if text[:1] not in {"[", "{"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
