"""HashiCorp Vault's key-value store, version 2 (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from maestro_core_config.layers import Layer, Position

from .remote import RemoteLoader

__all__ = ["VaultLoader"]

_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404


class VaultLoader(RemoteLoader):
    """One secret of a KV v2 engine: its keys are settings, nested objects are sections.

    Tested against a stand-in that speaks Vault's protocol, not against a real Vault.

    Args:
        url: such as `https://vault.example:8200`.
        token: a Vault token that may read the path.
        path: of the secret below the engine.
        mount_point: where the engine is mounted.
        namespace: of Vault Enterprise, if any.
        more: see `RemoteLoader`: optional, timeout, retries, refresh, sleep, clock, rng.
    """

    extra = "vault"
    token_header = "X-Vault-Token"  # noqa: S105 - a header's name

    def __init__(
        self, url: str, token: str, path: str, mount_point: str = "secret", *, namespace: str | None = None, **more: Any
    ) -> None:
        super().__init__(url, token, **more)
        self.path = path.strip("/")
        self.mount_point = mount_point.strip("/")
        if not self.path or not self.mount_point:
            raise ValueError("path and mount_point must not be empty; name the secret, such as orders/production.")
        self.namespace = namespace

    @property
    def name(self) -> str:
        """Where the secret is, as origins show it."""
        return self.shown(f"vault {self.url} {self.mount_point}/{self.path}")

    def load(self) -> Layer:
        """Read the newest version of the secret.

        Raises:
            ConfigError: it does not exist, was deleted, may not be read, or the answer is not Vault's.
            SourceUnavailableError: no answer.
        """
        headers = {"X-Vault-Request": "true", **({"X-Vault-Namespace": self.namespace} if self.namespace else {})}
        answer = self.get(f"/v1/{quote(self.mount_point)}/data/{quote(self.path)}", {}, headers)
        if answer.status == _FORBIDDEN:
            raise self.refused("Vault refuses this token (403); give it a policy that reads the path")
        if answer.status == _NOT_FOUND:
            raise self.refused("there is no such secret, or it was deleted (404); write it first", unavailable=True)
        if answer.status != _OK:
            raise self.refused(f"Vault answers {answer.status}; see whether url and mount_point are right")
        try:
            data = json.loads(answer.body)["data"]
            values, version = data["data"], data["metadata"]["version"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self.refused("the answer is not that of a KV engine of version 2; check mount_point") from None
        if not isinstance(values, dict):
            raise self.refused("the newest version of the secret holds nothing; write it again")
        source = f"{self.name} (version {version})"
        return Layer(self.name, values, {(str(key),): Position(source=source) for key in values})
